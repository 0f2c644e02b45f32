import {execFileSync} from 'node:child_process';
import {mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import {parseExitStatus, readExitCodes} from '../../../src/pod/state/exit-codes.ts';
import {readRestarts} from '../../../src/pod/state/restarts.ts';
import type {Summary} from '../../../src/pod/state/summary.ts';
import {scratch} from '../helpers.ts';

const cases: Readonly<Record<string, number | undefined>> = {
  '0': 0,
  '255': 255,
  'exited 0': 0,
  'exited 7': 7,
  'exited 255': 255,
  'killed KILL': 137,
  'killed 9': 137,
  'killed TERM': 143,
  'dumped ABRT': 134,
  'dumped 6': 134,
  'killed RTMIN': 162,
  'killed RTMIN+3': 165,
  // What nobody writes there.
  '': undefined,
  '-1': undefined,
  '1000': undefined,
  'exited 256': undefined,
  'exited KILL': undefined,
  'exited ': undefined,
  exited: undefined,
  'killed 0': undefined,
  'killed 65': undefined,
  'killed NOTHING': undefined,
  'killed RTMIN+31': undefined,
  'killed RTMIN+': undefined,
  'killed constructor': undefined,
  'success 0': undefined,
  'exited 7 8': undefined,
  ' exited 7': undefined,
};

for (const [text, code] of Object.entries(cases)) {
  test(`the exit status ${JSON.stringify(text)} is ${code}`, (t) => t.is(parseExitStatus(text), code));
}

/** A pod directory with apps of these names, and `write` to put something where one's status belongs. */
const podOf = (t: ExecutionContext, ...apps: string[]) => {
  const pod = scratch(t);
  const directory = path.join(pod, 'stage1/rootfs/rkt/status');
  mkdirSync(directory, {recursive: true});
  const summary = {apps: apps.map((name) => ({name: name as AppName}))} as unknown as Summary; // no more is looked at
  return {
    at: (app: string) => path.join(directory, app),
    read: () => [...readExitCodes({path: pod, summary})],
    restarts: () => [...readRestarts({path: pod, summary})],
  };
};

test('the exit statuses of a pod are those of its apps that have one', (t) => {
  const {at, read} = podOf(t, 'one', 'two', 'three');
  writeFileSync(at('one'), '0\n');
  writeFileSync(at('two'), 'killed KILL\n');
  writeFileSync(at('other'), '5\n');
  t.deepEqual(read(), [
    ['one', 0],
    ['two', 137],
  ]);
});

test('what is no short file has no exit status, and is not waited for', (t) => {
  const {at, read} = podOf(t, 'fifo', 'directory', 'long', 'link');
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('directory'));
  writeFileSync(at('long'), `7${' '.repeat(64)}`);
  writeFileSync(at('other'), '5\n');
  symlinkSync('other', at('link'));
  t.deepEqual(read(), []);
});

test('S16 a link of the pod in the place of its exit statuses leads nowhere', (t) => {
  const {at, read} = podOf(t, 'one');
  const elsewhere = scratch(t);
  symlinkSync('5', path.join(elsewhere, 'one'));
  rmSync(path.dirname(at('one')), {recursive: true});
  symlinkSync(elsewhere, path.dirname(at('one')));
  t.deepEqual(read(), []);
});

test('a pod without a place for exit statuses has none', (t) => {
  const summary = {apps: [{name: 'one'}]} as unknown as Summary; // no more is looked at
  t.deepEqual([...readExitCodes({path: scratch(t), summary})], []);
  t.deepEqual([...readExitCodes({path: scratch(t), summary: undefined})], []);
});

test('the restarts of an app are its starts but the first', (t) => {
  const {at, restarts} = podOf(t, 'one', 'two', 'three', 'four');
  writeFileSync(at('one.starts'), '1\n');
  writeFileSync(at('two.starts'), '12\n');
  writeFileSync(at('three.starts'), '-1\n');
  t.deepEqual(restarts(), [
    ['one', 0],
    ['two', 11],
  ]);
});
