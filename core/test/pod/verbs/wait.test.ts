import {mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {PodState} from '../../../src/pod/state/states.ts';
import type {Summary} from '../../../src/pod/state/summary.ts';
import {isReady, waitFinished, waitReady} from '../../../src/pod/verbs/wait.ts';
import {dataDirectory, scratch, uuidOf} from '../helpers.ts';

const podOf = (t: ExecutionContext, tellsReady: boolean) => {
  const pod = scratch(t);
  mkdirSync(path.join(pod, 'stage1/rootfs/rkt'), {recursive: true});
  const summary = {flavor: {tellsReady}} as Summary; // no more is looked at
  return {
    file: path.join(pod, 'stage1/rootfs/rkt/supervisor-status'),
    ready: (state: PodState = 'running') => isReady({path: pod, state, summary}),
  };
};

test('a pod whose supervisor tells is ready when it says so', (t) => {
  const {file, ready} = podOf(t, true);
  t.false(ready());
  writeFileSync(file, 'starting\n');
  t.false(ready());
  writeFileSync(file, 'ready\n');
  t.true(ready());
  t.false(ready('exited'));
});

test('a supervisor may say it by a symlink, as in rkt', (t) => {
  const {file, ready} = podOf(t, true);
  symlinkSync('busy', file);
  t.false(ready());
  rmSync(file);
  symlinkSync('ready', file);
  t.true(ready());
});

test('a pod whose supervisor does not tell is ready as soon as rkt has given up its lock', (t) => {
  const {file, ready} = podOf(t, false);
  t.true(ready());
  writeFileSync(file, 'starting\n');
  t.true(ready());
  t.false(ready('preparing'));
});

test('who has waited long enough is told how long that was to be, whatever was left of it', async (t) => {
  const uuid = uuidOf('a');
  const dataDir = dataDirectory(t, {[uuid]: 'prepared'});
  for (const wait of [waitFinished, waitReady])
    for (const left of [1, 0, -5]) {
      const error = await t.throwsAsync(wait(dataDir, uuid, {asked: 200, left}));
      t.like(error, {code: 'RKT_WAIT_EXPIRED', fields: {milliseconds: 200}});
    }
});
