import {execFileSync} from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import {appPaths, podDirectory} from '../../../src/pod/state/layout.ts';
import {keepLogs} from '../../../src/pod/streams/keep-logs.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {lease, runAsProgram} from '../../linux/log-deeds.ts';
import {dataDirectory, uuidOf} from '../helpers.ts';

const uuid = uuidOf('a');
const SIZE = 65_536;
/** On disk: whole blocks, and those in which a file system keeps where they are. */
const KEPT = SIZE + 3 * 4096;

/** A pod in `run` with one app that logs its standard output. */
const podOf = (t: ExecutionContext) => {
  const dataDir = dataDirectory(t, {[uuid]: 'run'});
  const directory = podDirectory(dataDir, 'run', uuid);
  const file = path.join(directory, appPaths('web' as AppName).log('stdout'));
  const frozen = path.join(directory, 'frozen.json');
  mkdirSync(path.dirname(file), {recursive: true});
  const stdio = {stdin: 'null', stdout: 'log', stderr: 'null'};
  writeFileSync(frozen, JSON.stringify({apps: [{name: 'web', stdio}], logSize: SIZE}));
  return {dataDir, directory, file, frozen, times: `${file}.times`};
};
const onDisk = (file: string) => statSync(file).blocks * 512;
const lines = (count: number) => Array.from({length: count}, (_, index) => `line ${index}\n`).join('');

test('of a log that is too long the end stays, where it is', (t) => {
  const {dataDir, file} = podOf(t);
  const text = lines(100_000);
  writeFileSync(file, text);
  t.true(onDisk(file) > 2 * SIZE);
  t.deepEqual(keepLogs(dataDir), []);
  t.true(onDisk(file) <= KEPT, `${onDisk(file)} bytes`);
  const left = readFileSync(file, 'latin1');
  t.is(left.length, text.length);
  t.true(left.slice(-SIZE) === text.slice(-SIZE));
});

test('a log of up to twice its size stays whole', (t) => {
  const {dataDir, file} = podOf(t);
  const text = 'x'.repeat(2 * SIZE - 1);
  writeFileSync(file, text);
  t.deepEqual(keepLogs(dataDir), []);
  t.true(readFileSync(file, 'latin1') === text);
});

test('a mark is made when something was written, and only then', (t) => {
  const {dataDir, file, times} = podOf(t);
  keepLogs(dataDir);
  t.false(existsSync(times));
  writeFileSync(file, 'one\n');
  utimesSync(file, 1000, 1000);
  const changed = Math.floor(statSync(file).ctimeMs / 1000);
  keepLogs(dataDir);
  keepLogs(dataDir);
  t.is(readFileSync(times, 'latin1'), `${changed} 4\n`);
  appendFileSync(file, 'two\n');
  utimesSync(times, 1000, 1000);
  keepLogs(dataDir);
  t.is(readFileSync(times, 'latin1').split('\n')[1]?.split(' ')[1], '8');
});

test('marks are kept in bounds, too', (t) => {
  const {dataDir, file, times} = podOf(t);
  writeFileSync(file, 'one\n');
  writeFileSync(times, '1000000 1\n'.repeat(50_000));
  keepLogs(dataDir);
  t.true(onDisk(times) <= KEPT);
});

test('a pod that is marked as garbage, too', (t) => {
  const {dataDir, directory, file} = podOf(t);
  writeFileSync(file, lines(100_000));
  const moved = podDirectory(dataDir, 'exited-garbage', uuid);
  renameSync(directory, moved);
  keepLogs(dataDir);
  t.true(onDisk(path.join(moved, path.relative(directory, file))) <= KEPT);
});

test('room that is reserved after the end, or a log that is said to be endless, is no error', (t) => {
  const {dataDir, file} = podOf(t);
  writeFileSync(file, 'one\n');
  execFileSync('/usr/bin/fallocate', ['--keep-size', '--length', String(4 * SIZE), file]);
  t.deepEqual(keepLogs(dataDir), []);
  t.is(readFileSync(file, 'latin1'), 'one\n');
  truncateSync(file, 8 * 2 ** 40);
  t.deepEqual(keepLogs(dataDir), []);
});

test('S16 what is no regular file of the pod is not touched, and said', (t) => {
  const {dataDir, file, times} = podOf(t);
  const elsewhere = path.join(dataDir, 'elsewhere');
  writeFileSync(elsewhere, lines(100_000));
  const before = onDisk(elsewhere);
  for (const place of [file, times]) {
    rmSync(file, {force: true});
    if (place === times) writeFileSync(file, 'one\n');
    symlinkSync(elsewhere, place);
    const [error] = keepLogs(dataDir) as RktError[];
    t.is(error?.code, 'RKT_POD_LOG_UNUSABLE');
    t.like(error?.fields, {uuid, app: 'web', stream: 'stdout'});
    t.is(onDisk(elsewhere), before);
  }
});

test('S16 whatever is in the place of the logs is said of the log, and leads nowhere', (t) => {
  const {dataDir, file} = podOf(t);
  const logs = path.dirname(file);
  const put: readonly (() => void)[] = [
    () => symlinkSync('/nowhere', logs),
    () => symlinkSync(dataDir, logs),
    () => writeFileSync(logs, ''),
  ];
  for (const make of put) {
    rmSync(logs, {recursive: true});
    make();
    const [error] = keepLogs(dataDir) as RktError[];
    t.is(error?.code, 'RKT_POD_LOG_UNUSABLE');
    t.like(error?.fields, {uuid, app: 'web', stream: 'stdout'});
  }
});

/** A pod with a second log, which is too long, beside one to which something is done. */
const podWithTwo = (t: ExecutionContext) => {
  const pod = podOf(t);
  const stdio = {stdin: 'null', stdout: 'log', stderr: 'log'};
  writeFileSync(pod.frozen, JSON.stringify({apps: [{name: 'web', stdio}], logSize: SIZE}));
  const other = pod.file.replace(/stdout$/, 'stderr');
  writeFileSync(other, lines(100_000));
  return {...pod, other};
};

test('S35 an app that runs its log as a program keeps nobody from the other logs', async (t) => {
  const {dataDir, file, other} = podWithTwo(t);
  await runAsProgram(t, file);
  const errors = keepLogs(dataDir) as RktError[];
  t.deepEqual(
    errors.map(({code, fields, cause}) => [code, fields.stream, (cause as {code: string}).code]),
    [['RKT_POD_LOG_UNUSABLE', 'stdout', 'ETXTBSY']],
  );
  t.true(onDisk(other) <= KEPT);
});

test('S10 a log that somebody has a lease on is told, without waiting, and keeps nobody from the other logs', (t) => {
  const {dataDir, file, other} = podWithTwo(t);
  writeFileSync(file, lines(100_000));
  lease(t, file);
  const errors = keepLogs(dataDir) as RktError[];
  t.deepEqual(
    errors.map(({code, fields, cause}) => [code, fields.stream, (cause as {code: string}).code]),
    [['RKT_POD_LOG_UNUSABLE', 'stdout', 'EAGAIN']],
  );
  t.true(onDisk(other) <= KEPT);
});

test('pods that are half there are passed over', (t) => {
  const {dataDir, directory, file, frozen} = podOf(t);
  writeFileSync(file, 'one\n');
  writeFileSync(frozen, '{"apps": [');
  t.deepEqual(keepLogs(dataDir), []);
  rmSync(frozen);
  t.deepEqual(keepLogs(dataDir), []);
  rmSync(path.join(directory, 'stage1'), {recursive: true});
  t.deepEqual(keepLogs(dataDir), []);
});
