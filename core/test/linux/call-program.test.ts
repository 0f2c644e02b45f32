import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {callProgramBytes, type ProgramCall} from '../../src/linux/call-program.ts';
import {cString} from '../../src/linux/libc.ts';

const SIGCHLD = 17;
const AT_FDCWD = -100;

const call = (name: ProgramCall['name'], ...args: ProgramCall['args']): ProgramCall => ({
  name,
  args,
  otherwise: {say: `${name}\n`, status: 9},
});
const say = (text: string) => call('write', 1, Buffer.from(text), text.length);
const exit = (status: number) => call('exit_group', status);
const looks = (file: string) => call('faccessat2', AT_FDCWD, cString(file), 0, 0);

const run = (t: ExecutionContext, calls: readonly ProgramCall[], env = {}) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-calls-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  writeFileSync(`${directory}/program`, callProgramBytes(calls), {mode: 0o700});
  const {status, stdout, stderr} = spawnSync(`${directory}/program`, ['an argument', 'another'], {
    env,
    encoding: 'utf8',
  });
  return {status, stdout, stderr};
};

test('a call that fails ends the program, but for errors that it tolerates', (t) => {
  t.deepEqual(run(t, [say('a'), looks('/nowhere'), say('b'), exit(0)]), {
    status: 9,
    stdout: 'a',
    stderr: 'faccessat2\n',
  });
  for (const tolerates of [['ENOENT'], ['ENOTDIR', 'ENOENT'], ['ENOENT', 'EPERM']] as const) {
    t.deepEqual(run(t, [say('a'), {...looks('/nowhere'), tolerates}, say('b'), exit(3)]), {
      status: 3,
      stdout: 'ab',
      stderr: '',
    });
  }
  t.is(run(t, [{...looks('/proc/self/status/x'), tolerates: ['ENOENT', 'EPERM']}, exit(0)]).status, 9);
  t.is(run(t, [{...looks('/proc/self/status/x'), tolerates: ['ENOTDIR']}, exit(0)]).status, 0);
});

test('what is to be done instead is done after an error that is tolerated, and only then', (t) => {
  const instead = [say('b'), say('c')];
  for (const tolerates of [['EPERM', 'ENOTDIR', 'ENOENT'], ['ENOENT']] as const) {
    t.is(run(t, [{...looks('/nowhere'), tolerates, instead}, say('d'), exit(0)]).stdout, 'bcd');
    t.is(run(t, [{...looks('/proc/self'), tolerates, instead}, say('d'), exit(0)]).stdout, 'd');
  }
  t.deepEqual(run(t, [{...looks('/nowhere'), tolerates: ['EPERM'], instead}, exit(0)]), {
    status: 9,
    stdout: '',
    stderr: 'faccessat2\n',
  });
});

test('a child makes its own calls, and its parent those behind them', (t) => {
  const child = [say('child '), say('still '), exit(0)];
  const waits = call('wait4', -1, 0, 0, 0);
  t.deepEqual(run(t, [say('a '), {...call('clone', SIGCHLD, 0, 0, 0, 0), child}, waits, say('parent'), exit(4)]), {
    status: 4,
    stdout: 'a child still parent',
    stderr: '',
  });
});

test('a program that it executes can have its own environment', (t) => {
  const env = {ONE: '1', TWO: 'two words'};
  const printed = run(t, [call('execve', cString('/usr/bin/env'), {strings: [cString('env')]}, 'environment')], env);
  t.deepEqual(printed, {status: 0, stdout: 'ONE=1\nTWO=two words\n', stderr: ''});
  t.is(run(t, [call('execve', cString('/usr/bin/env'), {strings: [cString('env')]}, 'environment')]).stdout, '');
});
