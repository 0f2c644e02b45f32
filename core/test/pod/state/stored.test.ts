import {closeSync, openSync, readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {readStored, writeStored} from '../../../src/pod/state/stored.ts';
import {scratch} from '../helpers.ts';

test('S20 who reads a stored file while it is written again has the one before, whole', (t) => {
  const pod = scratch(t);
  writeStored(pod, 'hostTrees', ['before']);
  const reader = openSync(`${pod}/host-trees.json`, 'r');
  t.teardown(() => closeSync(reader));
  writeStored(pod, 'hostTrees', ['after']);
  t.is(readFileSync(reader, 'utf8'), '["before"]');
  t.deepEqual(readStored(pod, 'hostTrees'), ['after']);
  t.deepEqual(readdirSync(pod), ['host-trees.json']);
});
