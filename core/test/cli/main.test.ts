import {type SpawnSyncOptions, spawn, spawnSync} from 'node:child_process';
import {closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {parse as parseYaml} from 'yaml';

const main = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const node = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
const nowhere = ['--system-config=/nowhere', '--local-config=/nowhere'];
const rkt = (argv: readonly string[], options: SpawnSyncOptions = {}) => {
  const {status, stdout, stderr} = spawnSync(process.execPath, [...node, main, ...nowhere, ...argv], options);
  return {status, stdout: String(stdout), stderr: String(stderr)};
};

test('version says what it runs on', (t) => {
  const {status, stdout, stderr} = rkt(['version']);
  t.is(status, 0);
  t.is(stderr, '');
  t.deepEqual(
    stdout.split('\n').map((line) => line.split(':')[0]),
    ['rkt Version', 'appc Version', 'Contract Version', 'Node Version', 'OS/Arch', ''],
  );
  t.true(stdout.includes(`Node Version: ${process.version} (${process.execPath})\n`));
});

test('the same facts in every format', (t) => {
  const json = JSON.parse(rkt(['version', '--format=json']).stdout);
  t.deepEqual(JSON.parse(rkt(['--format=json-pretty', 'version']).stdout), json);
  t.deepEqual(parseYaml(rkt(['version', '--format', 'yaml']).stdout), json);
  t.is(json.appc, '0.8.11');
});

test('no command: exit 2; errors: exit 254 and nothing on standard output', (t) => {
  t.like(rkt([]), {status: 2, stdout: ''});
  t.true(rkt([]).stderr.endsWith(`\n\n${rkt(['help']).stdout}`));
  t.like(rkt(['flavor']), {status: 2, stdout: ''});
  t.true(rkt(['flavor']).stderr.endsWith(`\n\n${rkt(['help', 'flavor']).stdout}`));
  t.is(rkt(['--format=json', 'flavor']).stderr.split('\n').length, 2);
  t.like(rkt(['nonsense']), {status: 254, stdout: ''});
  t.like(rkt(['version', '--nonsense']), {status: 254, stdout: ''});
});

test('help: every way to ask for it', (t) => {
  const {stdout} = rkt(['help', 'version']);
  t.true(stdout.startsWith('NAME:\n  rkt version - '));
  for (const argv of [
    ['version', '--help'],
    ['-h', 'version'],
    ['help', 'vers'],
    ['version', '-h'],
  ]) {
    t.deepEqual(rkt(argv), {status: 0, stdout, stderr: ''}, argv.join(' '));
  }
  t.is(rkt(['--help']).stdout, rkt(['help']).stdout);
  t.is(rkt(['flavor', '--help']).stdout, rkt(['help', 'flavor']).stdout);
  t.like(rkt(['help', 'nonsense']), {status: 254});
});

test('an error: what, hint, code; with --format=json one line', (t) => {
  const {stderr} = rkt(['version', '--debgu']);
  t.deepEqual(
    stderr.split('\n').map((line) => line.split(':')[0]),
    ['rkt version', 'hint', 'code', ''],
  );
  const json = rkt(['version', '--debgu', '--format=json']).stderr;
  t.is(json.split('\n').length, 2);
  t.like(JSON.parse(json), {
    code: 'RKT_FLAG_UNKNOWN',
    command: 'version',
    fields: {flag: '--debgu', suggestions: ['--debug']},
  });
});

test('--debug tells where an error comes from', (t) => {
  t.notRegex(rkt(['config', '--dir=']).stderr, /at /);
  t.regex(rkt(['--debug', 'config', '--dir=']).stderr, /\n {6}RktError: .*\n {10}at /);
});

test('a relative path in a directory that has been removed is an error that says so', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-cwd-'));
  const script = `cd ${directory} && rmdir ${directory} && exec "$@"`;
  const command = [process.execPath, ...node, main, ...nowhere, '--format=json', '--dir=data', 'list'];
  const {status, stderr} = spawnSync('/bin/sh', ['-c', script, 'sh', ...command], {encoding: 'utf8'});
  const {code, fields} = JSON.parse(stderr);
  t.deepEqual([status, code, fields.path], [254, 'RKT_PATH_UNUSABLE', '.']);
});

test('S26 what was typed is escaped on standard error', (t) => {
  const {stderr} = rkt(['\x1b[2J\u202ename\ncode: FORGED']);
  t.notRegex(stderr.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  t.notRegex(stderr, /^code: FORGED/m);
});

test('a broken configuration spoils only what needs it', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-main-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  mkdirSync(path.join(directory, 'paths.d'));
  writeFileSync(path.join(directory, 'paths.d/a.json'), '{');
  t.is(rkt([`--user-config=${directory}`, 'version']).status, 0);
  const {status, stderr} = rkt([`--user-config=${directory}`, '--format=json', '__complete', 'pods']);
  t.is(status, 254);
  t.is(JSON.parse(stderr).code, 'RKT_CONFIG_MALFORMED');
  t.is(rkt([`--user-config=${directory}`, '--dir=/nowhere', '__complete', 'pods']).status, 0);
});

test('profiles are written where asked, of a command that fails, too', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-main-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  for (const [name, args, expected] of [
    ['whole', ['version'], 0],
    ['failed', ['image', 'cat-manifest', './none.aci'], 254],
  ] as const) {
    const file = path.join(directory, name);
    t.is(rkt([`--cpuprofile=${file}`, ...args]).status, expected);
    t.true(Array.isArray(JSON.parse(readFileSync(file, 'utf8')).samples), name);
  }
});

test('a reader that went away is no error', async (t) => {
  const child = spawn(process.execPath, [...node, main, ...nowhere, 'completion', 'bash'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.is(stderr, '');
  t.is(status, 0);
});

test('a full disk is one', (t) => {
  const full = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(full));
  const {status, stderr} = rkt(['version', '--format=json'], {stdio: ['ignore', full, 'pipe']});
  t.is(status, 254);
  const {code, message} = JSON.parse(stderr);
  t.is(code, 'RKT_OUTPUT_FAILED');
  t.notRegex(message, /ENOSPC/);
});

test('a pipe that is full and does not block gets everything', async (t) => {
  const write = path.resolve(import.meta.dirname, '../../src/cli/write.ts');
  // Touching the stream makes the descriptor non-blocking.
  const script = `process.stdout._handle.setBlocking(false); (await import(${JSON.stringify(write)})).write(1, 'x'.repeat(5_000_000));`;
  const child = spawn(process.execPath, [...node, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let length = 0;
  child.stdout.on('data', (chunk) => {
    length += chunk.length;
    child.stdout.pause();
    setTimeout(() => child.stdout.resume(), 1);
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.deepEqual({status, length}, {status: 0, length: 5_000_000});
});
