import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {AppName} from '../../../core/src/contract/index.ts';
import {app, pod} from '../../../core/test/support/fixtures.ts';
import {logUnits} from '../src/logs.ts';

const MIB = 1_048_576;

test('S10 a log is given back to the disk in pieces, each of which is soon done, and the next look goes on', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-keep-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  for (const name of ['logs', 'run', 'bin']) mkdirSync(path.join(directory, name));
  const of = pod({
    logSize: 65_536,
    apps: [app({name: 'web' as AppName, stdio: {stdin: 'null', stdout: 'log', stderr: 'null'}})],
  });
  const content = logUnits(of).find((file) => file.path === 'rkt/keep-logs')?.content ?? '';
  const script = path.join(directory, 'keep-logs');
  writeFileSync(script, content.replaceAll('/rkt/logs', `${directory}/logs`).replaceAll('/run/', `${directory}/run/`));
  // The program, and beside it what it was called with.
  const calls = path.join(directory, 'calls');
  const recorder = path.join(directory, 'bin/fallocate');
  writeFileSync(recorder, `#!/bin/sh\necho "$@" >>${calls}\nexec /usr/bin/fallocate "$@"\n`);
  chmodSync(recorder, 0o755);
  const log = path.join(directory, 'logs/web.stdout');
  const file = openSync(log, 'w');
  for (let at = 0; at < 16; at++) writeSync(file, Buffer.alloc(MIB, 'x'));
  // Its room is not only at its end.
  ftruncateSync(file, 64 * MIB);
  writeSync(file, 'the end', 64 * MIB);

  execFileSync('/bin/sh', [script, '65536', 'web.stdout', 'web.stdout.times'], {
    env: {PATH: `${directory}/bin:/usr/bin:/bin`},
  });
  const pieces = readFileSync(calls, 'utf8').match(/(?<=--length )\d+/g) ?? [];
  t.true(pieces.length >= 16, `${pieces.length}`);
  t.deepEqual(
    pieces.filter((size) => Number(size) > MIB),
    [],
  );
  t.true(statSync(log).blocks * 512 <= 2 * 65_536);
  t.is(readFileSync(log).subarray(-7).toString(), 'the end');
});
