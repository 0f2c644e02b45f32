import test from 'ava';
import {archiveTree} from '../../../src/pod/compose/archive-tree.ts';
import {followLinks} from '../../../src/pod/compose/follow-links.ts';

const LINKS: Readonly<Record<string, string>> = {
  '/etc': 'usr/etc',
  '/usr/etc/passwd': '../lib/names/passwd',
  '/usr/etc/group': '/etc/../lib/group',
  '/usr/lib/group': './group-1',
  '/out': '../../../../secret',
  '/loop': 'pool',
  '/pool': '/loop',
  '/long': 'x/'.repeat(2000),
};
const follow = (path: string) => followLinks(path, (link) => LINKS[link]);

for (const [path, real] of [
  ['/bin/sh', '/bin/sh'],
  ['/etc/passwd', '/usr/lib/names/passwd'],
  ['/etc/group', '/usr/lib/group-1'],
  ['//etc/./../etc/shadow', '/usr/etc/shadow'],
  ['/out', '/secret'],
  ['/../..', '/'],
] as const)
  test(`S16 ${path} is ${real}`, (t) => t.is(follow(path), real));

test('S10 S16 links without end are nothing', (t) => {
  for (const path of ['/loop', '/loop/x', '/long']) t.is(follow(path), undefined, path);
});

test('S16 an archive that is only read is followed like a tree', (t) => {
  const {hooks, tree} = archiveTree();
  const seen = (path: string, type: 'file' | 'symlink' | 'directory', linkName = '', content = '') => {
    const entry = {path: `rootfs/${path}`, type, linkName, mode: 0o755, uid: 1, gid: 2, size: content.length} as never;
    hooks.entry?.(entry);
    if (content !== '') hooks.payload?.(Buffer.from(content), entry, 0);
  };
  seen('etc', 'directory');
  for (let index = 0; index < 20; index++) seen(`decoy-${index}/passwd`, 'file', '', 'decoy');
  seen('etc/group', 'file', '', 'of etc');
  seen('etc/passwd', 'symlink', '../decoy-3/passwd');
  seen('data', 'symlink', 'etc');
  t.is(tree.read('/etc/passwd', 100), 'decoy');
  t.is(tree.read('/etc/group', 4), 'of e');
  t.deepEqual(tree.directory('/data'), {mode: 0o755, uid: 1, gid: 2});
  t.true(tree.has('/etc/passwd'));
  t.is(tree.read('/data/none', 1), undefined);
});
