import test from 'ava';
import {idsIn, rootless, rootlessBy} from '../../src/linux/rootless.ts';

test('ids are counted from 0 to the first gap, in whatever order their ranges are', (t) => {
  t.is(idsIn('         0       1000          1\n'), 1);
  t.is(idsIn('         1     100000      65536\n         0       1000          1\n'), 65_537);
  t.is(idsIn('0 1000 1\n5 100000 10\n'), 1);
  t.is(idsIn('1 100000 65536\n'), 0);
  t.is(idsIn(''), 0);
});

test('who has the ids of the host is not without its root', (t) => {
  t.is(rootless(), undefined);
});

test('a kernel without user namespaces has the ids of the host', (t) => {
  t.is(
    rootlessBy(() => undefined),
    undefined,
  );
  t.deepEqual(
    rootlessBy((file) => (file === 'setgroups' ? 'deny\n' : '0 1000 1\n')),
    {users: 1, groups: 1, changesGroups: false},
  );
});
