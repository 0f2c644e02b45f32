import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {lockDirectory, lockFd} from '../../../src/linux/lock.ts';
import {openProcess, pidfdOpen, pidfdSignal, pidfdWait} from '../../../src/linux/pidfd.ts';
import {pipe} from '../../../src/linux/pipe.ts';
import {identify} from '../../../src/linux/process-identity.ts';
import {exchange, renameNoReplace} from '../../../src/linux/rename.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const temporary = (t: {teardown: (action: () => void) => void}): string => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-linux-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return directory;
};

test('S20 a lock keeps others out, wherever its directory is renamed to, and ends with its descriptor', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/a`);
  const first = lockDirectory(`${directory}/a`, 'exclusive');
  t.truthy(first);
  renameSync(`${directory}/a`, `${directory}/b`);
  t.is(lockDirectory(`${directory}/b`, 'shared'), undefined);
  first?.close();
  using second = lockDirectory(`${directory}/b`, 'shared');
  using third = lockDirectory(`${directory}/b`, 'shared');
  t.truthy(second);
  t.true(third !== undefined && !lockFd(third, 'exclusive'));
});

test('S20 a symlink is not locked in the place of a directory', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/a`);
  symlinkSync('a', `${directory}/link`);
  t.throws(() => lockDirectory(`${directory}/link`, 'shared'), {code: 'ENOTDIR'});
  t.throws(() => lockDirectory(`${directory}/absent`, 'shared'), {code: 'ENOENT'});
});

test('S20 a signal reaches the process that was meant, and none after it', async (t) => {
  const child = spawn('/bin/cat', {stdio: ['pipe', 'ignore', 'ignore']});
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const identity = identify(child.pid ?? -1);
  if (identity === undefined) return t.fail();
  using process = openProcess(identity);
  if (process === undefined) return t.fail();
  t.true(pidfdSignal(process, 0));
  t.false(pidfdWait(process, 1));
  t.true(pidfdSignal(process, 'SIGTERM'));
  t.true(pidfdWait(process, 60_000));
  const [, signal] = await once(child, 'exit');
  t.is(signal, 'SIGTERM');
  t.false(pidfdSignal(process, 'SIGKILL'));
  t.is(openProcess(identity), undefined);
  t.throws(() => pidfdOpen(identity.pid), {code: 'ESRCH'});
});

test('a pipe carries bytes', (t) => {
  const {read, write} = pipe();
  writeSync(write.number, 'through');
  write.close();
  t.is(readFileSync(read.number, 'utf8'), 'through');
  read.close();
});

test('renames do not replace, or swap', (t) => {
  const directory = temporary(t);
  writeFileSync(`${directory}/a`, 'a');
  writeFileSync(`${directory}/b`, 'b');
  t.throws(() => renameNoReplace(`${directory}/a`, `${directory}/b`), {code: 'EEXIST'});
  exchange(`${directory}/a`, `${directory}/b`);
  t.is(readFileSync(`${directory}/a`, 'utf8'), 'b');
  renameNoReplace(`${directory}/a`, `${directory}/c`);
  t.is(readFileSync(`${directory}/c`, 'utf8'), 'b');
});

testIf(lacks('root'))('S01 a process joins the mount namespace of another and sees its root', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/root`);
  writeFileSync(`${directory}/root/marker`, 'of the pod');
  const fixture = builtFixture(new URL('fixtures/pivot-and-join.ts', import.meta.url));
  const output = execFileSync(process.execPath, [...fixture, `${directory}/root`], {encoding: 'utf8'});
  t.deepEqual(JSON.parse(output), {
    pivoted: {files: ['marker'], cwd: '/', mounts: ['/']},
    joined: {marker: 'of the pod', cwd: '/', hostname: 'joined-pod'},
  });
});
