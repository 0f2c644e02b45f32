import test from 'ava';
import {parseIdMap} from '../../src/linux/host-ids.ts';

test('an id of a user namespace is what its map says, and itself where the map says nothing', (t) => {
  const translate = parseIdMap('         0    1048576      65536\n     70000       5    2\n');
  t.deepEqual([0, 12, 65535, 65536, 70001, 70002].map(translate), [1048576, 1048588, 1114111, 65536, 6, 70002]);
});

test('without a user namespace every id is itself', (t) => {
  t.is(parseIdMap('         0          0 4294967295\n')(1000), 1000);
});
