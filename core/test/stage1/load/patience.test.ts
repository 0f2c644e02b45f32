import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {dismissCompanions} from '../../../src/linux/companions.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {askExecutable} from '../../../src/stage1/load/ask-executable.ts';
import type {Ask} from '../../../src/stage1/load/asked-flavor.ts';
import {startConversation} from '../../../src/stage1/load/conversation.ts';
import {patience, type Waited} from '../../../src/stage1/load/patience.ts';

/* S10: who answers has a time that a busy host does not take away, and an end. */

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-patience-')));
chmodSync(place, 0o755);
test.after.always(() => {
  dismissCompanions();
  rmSync(place, {recursive: true});
});

const waits = (what: (passed: number) => {used: number; isAsleep: boolean}, waited?: Waited): number => {
  let passed = 0;
  const waiting = patience(
    0,
    10_000,
    waited,
    () => what(passed),
    () => passed,
  );
  while (!waiting.isOver()) passed += waiting.tick;
  return passed;
};

test('what has a processor or is asleep is waited for so long, what waits for the host longer, and nobody longer than a minute', (t) => {
  t.is(
    waits(() => ({used: 0, isAsleep: true})),
    10_000,
  );
  t.is(
    waits((passed) => ({used: passed, isAsleep: false})),
    10_250,
  );
  t.is(
    waits((passed) => ({used: passed / 4, isAsleep: false})),
    40_250,
  );
  t.is(
    waits(() => ({used: 0, isAsleep: false})),
    60_000,
  );
});

test('S10 who seems to wait for the host whenever it is asked has two minutes in all', (t) => {
  const waited = {milliseconds: 0};
  const all = Array.from({length: 5}, () => waits(() => ({used: 0, isAsleep: false}), waited));
  t.deepEqual(all, [60_000, 60_000, 0, 0, 0]);
});

test('S10 the time of a processor that others had who have ended is not given back', (t) => {
  t.is(
    waits((passed) => ({used: passed === 8000 ? 9000 : 0, isAsleep: passed > 8000})),
    9000,
  );
});

const LIMIT = 300;
/** A tenth of a second of a processor. */
const COMPUTES: Readonly<Record<string, string>> = {
  'module.cjs': `module.exports = {declaration: {}, probe: () => {
    const used = () => { const {user, system} = process.cpuUsage(); return user + system; };
    const before = used();
    while (used() < before + 100_000);
    return [];
  }}`,
  program: `#!/bin/sh
perl <<'END'
while (1) { my ($user, $system) = times; last if $user + $system > 0.1 }
END
echo "[$?]"
`,
};
const askOf = (name: string): Ask => {
  const source = path.join(place, name);
  if (name === 'program')
    return (flavor, hook, request) => askExecutable({source, name: flavor}, hook, request, {limit: LIMIT});
  const ask = startConversation(source, {milliseconds: {hook: LIMIT}});
  ask('x', 'declaration', {});
  return ask;
};

const sharingTest = serialTestIf(lacks('program/perl', 'program/taskset'));
for (const [name, code] of Object.entries(COMPUTES)) {
  sharingTest(`S10 a ${name} that has to share a processor with others is waited for`, (t) => {
    writeFileSync(path.join(place, name), code, {mode: 0o755});
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1) ?? '';
    const [, all = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/thread-self/status', 'utf8')) ?? [];
    const [one = ''] = all.split(/[-,]/);
    const others: ChildProcess[] = [];
    const stayOn = (processors: string) => spawnSync('taskset', ['-p', '-c', processors, thread]);
    try {
      stayOn(one);
      const ask = askOf(name);
      for (let count = 0; count < 6; count++) others.push(spawn('sh', ['-c', 'while :; do :; done']));
      const began = performance.now();
      t.deepEqual(ask('x', 'probe', {}), name === 'program' ? [0] : []);
      t.true(performance.now() - began > LIMIT);
    } finally {
      stayOn(all);
      for (const other of others) other.kill('SIGKILL');
    }
  });
}

for (const [what, code] of [
  ['sleeps', 'exec sleep 1000000000'],
  ['has said all and sleeps', 'echo []; exec sleep 1000000000 >&- 2>&-'],
  ['leaves somebody who keeps its output', 'sleep 1000000000 & echo []; exec sleep 1000000000'],
] as const) {
  test.serial(`S10 a program that ${what} is ended`, (t) => {
    const source = path.join(place, 'sleeps');
    writeFileSync(source, `#!/bin/sh\n${code}\n`, {mode: 0o755});
    const error = t.throws(() => askExecutable({source, name: 'x'}, 'probe', {}, {limit: 300}), {instanceOf: RktError});
    t.like(error, {code: 'RKT_FLAVOR_TIMED_OUT', fields: {flavor: 'x', hook: 'probe', milliseconds: 300}});
  });
}

test.serial('S10 a program that computes for ever ends by the time of a processor that it has', (t) => {
  const source = path.join(place, 'computes');
  // As if it had come near its ten seconds.
  writeFileSync(source, '#!/bin/sh\nulimit -S -t 1\nwhile :; do :; done\n', {mode: 0o755});
  const limit = 600_000;
  const began = performance.now();
  const error = t.throws(() => askExecutable({source, name: 'x'}, 'probe', {}, {limit}), {instanceOf: RktError});
  t.is(error.code, 'RKT_FLAVOR_TIMED_OUT');
  // Else it would have been waited for as long as that.
  t.true(performance.now() - began < limit);
});

test.serial('S10 a program whose question fails is ended', (t) => {
  const source = path.join(place, 'unasked');
  const marker = String(10 ** 9 + process.pid);
  writeFileSync(source, `#!/bin/sh\nexec sleep ${marker}\n`, {mode: 0o755});
  const isRunning = () =>
    readdirSync('/proc').some((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8') === `sleep\0${marker}\0`;
      } catch {
        // It has ended.
        return false;
      }
    });
  let wasRunning = false;
  const request = {
    get pod() {
      const end = performance.now() + 60_000;
      while (!wasRunning && performance.now() < end) wasRunning = isRunning();
      throw new Error('no question');
    },
  };
  t.throws(() => askExecutable({source, name: 'x'}, 'probe', request), {message: 'no question'});
  t.true(wasRunning);
  t.false(isRunning());
});
