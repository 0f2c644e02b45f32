import {constants, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import {openHost} from '../../../src/linux/openat2.ts';
import {appPaths, podDirectory} from '../../../src/pod/state/layout.ts';
import {recordKilled} from '../../../src/pod/state/record-killed.ts';
import type {Summary} from '../../../src/pod/state/summary.ts';
import {dataDirectory, uuidOf} from '../helpers.ts';

const a = uuidOf('a');
const [one, two] = ['one', 'two'] as [AppName, AppName];

test('S20 the end of a pod that was killed is recorded where it is by then', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run'});
  const [before, after] = [podDirectory(dataDir, 'run', a), podDirectory(dataDir, 'exited-garbage', a)];
  mkdirSync(path.dirname(`${before}/${appPaths(one).status}`), {recursive: true});
  writeFileSync(`${before}/${appPaths(one).status}`, '3\n');
  using pod = openHost(before, constants.O_RDONLY | constants.O_DIRECTORY);
  renameSync(before, after);
  recordKilled(pod, {flavor: {supervises: true}, apps: [{name: one}, {name: two}]} as unknown as Summary); // no more is looked at
  t.is(readFileSync(`${after}/${appPaths(one).status}`, 'utf8'), '3\n');
  t.is(readFileSync(`${after}/${appPaths(two).status}`, 'utf8'), '137\n');
});
