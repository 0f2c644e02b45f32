import {type ChildProcess, spawn} from 'node:child_process';
import {appendFileSync, mkdirSync, renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AppName} from '../../src/contract/names.ts';
import {lockDirectory} from '../../src/linux/lock.ts';
import {appPaths, podDirectory} from '../../src/pod/state/layout.ts';
import {dataDirectory, uuidOf} from '../pod/helpers.ts';

/* The command on directories that look like pods: who writes the files does not matter to it. */

const main = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
const uuid = uuidOf('a');
const pathsOf = (app: string) => appPaths(app as AppName);

type Stdio = Readonly<Record<'stdin' | 'stdout' | 'stderr', string>>;
const LOGGED: Stdio = {stdin: 'null', stdout: 'log', stderr: 'log'};

/** Bytes as text, one character each. */
interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ended = (child: ChildProcess): Promise<Ended> => {
  const seen = {stdout: '', stderr: ''};
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('latin1').on('data', (chunk: string) => {
      seen[stream] += chunk;
    });
  }
  return new Promise((resolve) => child.on('close', (status, signal) => resolve({status, signal, ...seen})));
};

/** Waits until it has said something more. */
const says = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', (status, signal) => reject(new Error(`ended with ${status ?? signal}`)));
  });

/** A pod in `run`, over unless somebody holds it. */
const podOf = (t: ExecutionContext, apps: Readonly<Record<string, Stdio>> = {web: LOGGED}) => {
  const dataDir = dataDirectory(t, {[uuid]: 'run'});
  const directory = podDirectory(dataDir, 'run', uuid);
  const write = (file: string, data: string) => appendFileSync(path.join(directory, file), data, 'latin1');
  mkdirSync(path.dirname(path.join(directory, pathsOf('web').log('stdout'))), {recursive: true});
  writeFileSync(
    path.join(directory, 'frozen.json'),
    JSON.stringify({apps: Object.entries(apps).map(([name, stdio]) => ({name, stdio}))}),
  );
  const start = (...args: string[]) => {
    const configuration = [`--dir=${dataDir}`, '--system-config=/nowhere', '--local-config=/nowhere'];
    const child = spawn(process.execPath, [...node, main, ...configuration, 'logs', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  return {
    dataDir,
    directory,
    out: (app: string, text: string) => write(pathsOf(app).log('stdout'), text),
    err: (app: string, text: string) => write(pathsOf(app).log('stderr'), text),
    start,
    logs: (...args: string[]) => ended(start(...args)),
    fails: async (...args: string[]) => {
      const {status, stdout, stderr} = await ended(start('--format=json', ...args));
      t.like({status, stdout}, {status: 254, stdout: ''});
      return JSON.parse(stderr) as {code: string; fields: Record<string, unknown>};
    },
  };
};

const BYTES = 'a\0\x1b[1m\xff\xfe\r\nno end';

test('the bytes of one app, each stream to its own', async (t) => {
  const {out, err, logs} = podOf(t);
  out('web', BYTES);
  err('web', 'error\n');
  t.deepEqual(await logs('aaaa'), {status: 0, signal: null, stdout: BYTES, stderr: 'error\n'});
});

test('--tail is of each stream', async (t) => {
  const {out, err, logs} = podOf(t);
  out('web', '1\n2\n3\n');
  err('web', '4\n5');
  t.like(await logs('--tail=2', uuid), {status: 0, stdout: '2\n3\n', stderr: '4\n5'});
  t.like(await logs('--tail=0', uuid), {status: 0, stdout: '', stderr: ''});
});

test('several apps: their names before the lines, unless one is chosen', async (t) => {
  const {out, err, logs} = podOf(t, {web: LOGGED, db: LOGGED, quiet: {stdin: 'null', stdout: 'null', stderr: 'tty'}});
  out('web', 'one\ntwo');
  err('web', 'bad\n');
  out('db', 'three\n');
  t.like(await logs(uuid), {status: 0, stdout: 'web: one\nweb: two\ndb: three\n', stderr: 'web: bad\n'});
  t.like(await logs('--app=web', uuid), {status: 0, stdout: 'one\ntwo', stderr: 'bad\n'});
});

test('--format=json: one object for each line', async (t) => {
  const {out, err, logs} = podOf(t);
  out('web', 'caf\xe9\n');
  err('web', 'x\n');
  const {stdout, stderr} = await logs('--format=json', uuid);
  t.is(stderr, '');
  t.deepEqual(
    Buffer.from(stdout, 'latin1')
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {app: 'web', stream: 'stdout', line: 'caf\ufffd'},
      {app: 'web', stream: 'stderr', line: 'x'},
    ],
  );
});

test('the pod of --uuid-file, marked as garbage', async (t) => {
  const {dataDir, directory, out, logs} = podOf(t);
  out('web', 'left\n');
  renameSync(directory, podDirectory(dataDir, 'exited-garbage', uuid));
  const file = path.join(dataDir, 'uuid');
  writeFileSync(file, `${uuid}\n`);
  t.like(await logs(`--uuid-file=${file}`), {status: 0, stdout: 'left\n'});
});

test('an app that has written nothing', async (t) => {
  const {logs} = podOf(t);
  t.deepEqual(await logs(uuid), {status: 0, signal: null, stdout: '', stderr: ''});
});

test('--follow goes on until the pod is over, though it is moved', async (t) => {
  const {dataDir, directory, out, start} = podOf(t);
  const held = lockDirectory(directory, 'exclusive');
  t.teardown(() => held?.close());
  out('web', 'old\nfirst\n');
  const child = start('-f', '--tail=1', uuid);
  const result = ended(child);
  await says(child);
  out('web', 'second\n');
  await says(child);
  out('web', 'third');
  renameSync(directory, podDirectory(dataDir, 'exited-garbage', uuid));
  held?.close();
  t.deepEqual(await result, {status: 0, signal: null, stdout: 'first\nsecond\nthird', stderr: ''});
});

test('--follow of a pod that is over ends at once', async (t) => {
  const {out, logs} = podOf(t);
  out('web', 'all\n');
  t.like(await logs('--follow', uuid), {status: 0, stdout: 'all\n'});
});

test('--follow ends by an interrupt, and without a reader', async (t) => {
  const {directory, out, start} = podOf(t);
  const held = lockDirectory(directory, 'exclusive');
  t.teardown(() => held?.close());
  out('web', 'first\n');
  const interrupted = start('-f', uuid);
  const result = ended(interrupted);
  await says(interrupted);
  interrupted.kill('SIGINT');
  // For a shell that is 130.
  t.like(await result, {status: null, signal: 'SIGINT', stdout: 'first\n'});
  const left = start('-f', '--format=json', uuid);
  left.stdout?.destroy();
  t.like(await ended(left), {status: 0, stderr: ''});
});

test('an app that is not there', async (t) => {
  const {fails} = podOf(t);
  t.like(await fails('--app=nope', uuid), {code: 'RKT_POD_APP_UNKNOWN', fields: {app: 'nope', apps: ['web']}});
});

test('streams that went elsewhere: where', async (t) => {
  const {fails} = podOf(t, {web: LOGGED, other: {stdin: 'null', stdout: 'null', stderr: 'inherit'}});
  const {code, fields} = await fails('--app=other', uuid);
  t.is(code, 'RKT_POD_LOG_NOT_KEPT');
  t.like(fields, {
    uuid,
    streams: [
      {app: 'other', stream: 'stdout', goes: 'is discarded'},
      {app: 'other', stream: 'stderr', goes: "goes to rkt's caller"},
    ],
  });
});

test('a pod that never ran, and one that is not there', async (t) => {
  const {dataDir, directory, fails} = podOf(t);
  t.is((await fails('bbbb')).code, 'RKT_POD_UNKNOWN');
  renameSync(directory, podDirectory(dataDir, 'prepared', uuid));
  t.like(await fails(uuid), {code: 'RKT_POD_STATE', fields: {state: 'prepared'}});
});

for (const [value, code] of [
  ['--tail=x', 'RKT_FLAG_VALUE_INVALID'],
  ['--tail=-1', 'RKT_FLAG_VALUE_INVALID'],
  ['--tail=', 'RKT_FLAG_VALUE_INVALID'],
  ['--format=yaml', 'RKT_FLAG_CHOICE_INVALID'],
] as const) {
  test(`${value} is refused`, async (t) => {
    const {start} = podOf(t);
    const {status, stderr} = await ended(start(value, uuid));
    t.is(status, 254);
    t.true(stderr.includes(code), stderr);
  });
}
