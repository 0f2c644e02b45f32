import {mkdirSync, readdirSync, rmSync, statSync} from 'node:fs';
import test from 'ava';
import {lockDirectory} from '../../../src/linux/lock.ts';
import {claimName, collectNames, podNamed} from '../../../src/pod/state/pod-names.ts';
import {dataDirectory, scratch, uuidOf} from '../helpers.ts';

const pod = uuidOf('1');

test('S20 who may only look at the names of pods cannot keep rkt from giving and collecting them', (t) => {
  const dataDir = dataDirectory(t, {[pod]: 'prepare'});
  mkdirSync(`${dataDir}/pod-names`);
  // As a member of the group `rkt` can, who may open it. rkt would wait for ever.
  using _held = lockDirectory(`${dataDir}/pod-names`, 'exclusive');
  claimName(dataDir, 'web', pod, () => t.fail());
  t.is(podNamed(dataDir, 'web'), pod);
  collectNames(dataDir);
  t.deepEqual(readdirSync(`${dataDir}/pod-names`), ['web']);
  t.is(statSync(`${dataDir}/locks/pod-names`).mode & 0o077, 0);
});

test('the names of pods that are gone are collected, also where no lock has been made for that yet', (t) => {
  const dataDir = dataDirectory(t, {[pod]: 'prepare'});
  for (const [name, uuid] of [
    ['gone', uuidOf('2')],
    ['web', pod],
  ] as const)
    claimName(dataDir, name, uuid, () => t.fail());
  rmSync(`${dataDir}/locks`, {recursive: true});
  collectNames(dataDir);
  t.deepEqual(readdirSync(`${dataDir}/pod-names`), ['web']);
  const none = scratch(t);
  collectNames(none);
  t.deepEqual(readdirSync(none), []);
});
