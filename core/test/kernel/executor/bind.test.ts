import {randomUUID} from 'node:crypto';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {begin, bind, inRootfs, mount, sandbox} from './perform-in-child.ts';

const kernelTest = testIf(lacks('root', 'overlay'));

kernelTest('EX-08 EX-13 a missing target is created with its parents, 0755 and of root', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.outside}/data`);
  writeFileSync(`${box.outside}/data/file`, 'of the host');
  const {error, seen, notes} = box.perform(
    [...begin(box), bind(`${box.outside}/data`, '/a/b/c')],
    [
      {path: '/a', what: 'stat'},
      {path: '/a/b', what: 'stat'},
      {path: '/a/b/c/file', what: 'read'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(notes, []);
  t.like(seen[0], {mode: 0o40755, uid: 0, gid: 0});
  t.like(seen[1], {mode: 0o40755, uid: 0, gid: 0});
  t.deepEqual(seen[2], {text: 'of the host'});
  t.deepEqual(box.hostMounts(), []);
});

kernelTest('EX-09 EX-11 a directory with content is hidden, with a note', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/data`);
  writeFileSync(`${box.image}/data/of-the-image`, '');
  const {seen, notes} = box.perform([...begin(box), bind(box.outside, '/data')], [{path: '/data', what: 'list'}]);
  t.is(notes.length, 1);
  t.deepEqual(seen, [{names: []}]);
  t.deepEqual(readdirSync(`${box.image}/data`), ['of-the-image']);
});

kernelTest('EX-10 EX-11 a file makes room for a directory, with a note', (t) => {
  const box = sandbox(t);
  writeFileSync(`${box.image}/data`, 'a file');
  mkdirSync(`${box.outside}/inside`);
  const {seen, notes} = box.perform([...begin(box), bind(box.outside, '/data')], [{path: '/data', what: 'list'}]);
  t.is(notes.length, 1);
  t.deepEqual(seen, [{names: ['inside']}]);
  t.is(readFileSync(`${box.image}/data`, 'utf8'), 'a file');
});

kernelTest('EX-16 a missing source is an error, and nothing is created', (t) => {
  const box = sandbox(t);
  const {error, seen} = box.perform(
    [...begin(box), bind(`${box.outside}/nothing`, '/data')],
    [{path: '/data', what: 'stat'}],
  );
  t.like(error, {code: 'RKT_BIND_SOURCE_MISSING', fields: {source: `${box.outside}/nothing`}});
  t.deepEqual(seen, [{error: 'ENOENT'}]);
  t.false(existsSync(`${box.outside}/nothing`));
});

kernelTest('EX-18 a file is bound on a file, created if missing', (t) => {
  const box = sandbox(t);
  writeFileSync(`${box.outside}/file`, 'of the host');
  const {error, seen} = box.perform(
    [...begin(box), bind(`${box.outside}/file`, '/etc/deep/file')],
    [{path: '/etc/deep/file', what: 'read'}],
  );
  t.is(error, undefined);
  t.deepEqual(seen, [{text: 'of the host'}]);
});

kernelTest('EX-18 a file is not bound on a directory', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/etc`);
  writeFileSync(`${box.outside}/file`, '');
  const {error} = box.perform([...begin(box), bind(`${box.outside}/file`, '/etc')]);
  t.like(error, {code: 'RKT_BIND_TARGET_IS_DIRECTORY', fields: {target: '/etc'}});
});

kernelTest('EX-19 a source that is a symlink, or behind one, is an error unless allowed', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.outside}/real/sub`, {recursive: true});
  symlinkSync('real', `${box.outside}/link`);
  for (const source of [`${box.outside}/link`, `${box.outside}/link/sub`]) {
    const {error} = box.perform([...begin(box), bind(source, '/data')]);
    t.like(error, {code: 'RKT_BIND_SOURCE_SYMLINK', fields: {source}});
  }
  const {seen} = box.perform(
    [...begin(box), bind(`${box.outside}/link`, '/data', {followSymlinks: true})],
    [{path: '/data', what: 'list'}],
  );
  t.deepEqual(seen, [{names: ['sub']}]);
});

kernelTest('S05 a target that is a symlink stays inside the rootfs', (t) => {
  const elsewhere = `/rkt-test-${randomUUID()}`;
  for (const to of [elsewhere, `../../../../../..${elsewhere}`]) {
    const box = sandbox(t);
    symlinkSync(to, `${box.image}/data`);
    mkdirSync(`${box.outside}/volume`);
    const {error, seen, mounts} = box.perform(
      [...begin(box), bind(`${box.outside}/volume`, '/data/sub')],
      [{path: `${elsewhere}/sub`, what: 'list'}],
    );
    t.is(error, undefined);
    t.deepEqual(seen, [{names: []}]);
    t.deepEqual(
      mounts.map(({mountPoint}) => mountPoint),
      ['/stage1/main', `/stage1/main${elsewhere}/sub`],
    );
    t.false(existsSync(elsewhere));
    t.deepEqual(box.hostMounts(), []);
  }
});

kernelTest('S05 a target that is a symlink to a directory of the host is not that directory', (t) => {
  const box = sandbox(t);
  symlinkSync(box.outside, `${box.image}/data`);
  writeFileSync(`${box.outside}/secret`, '');
  mkdirSync(`${box.directory}/empty`);
  const {seen} = box.perform(
    [...begin(box), bind('', '/data', {source: {in: 'pod', path: 'empty'}})],
    [
      {path: '/data', what: 'list'},
      {path: box.outside, what: 'list'},
    ],
  );
  t.deepEqual(seen, [{names: []}, {names: []}]);
  t.deepEqual(readdirSync(box.outside), ['secret']);
});

kernelTest('EX-15 S05 a symlink into a volume does not create there', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.outside}/volume`);
  mkdirSync(`${box.outside}/other`);
  symlinkSync('/data/new', `${box.image}/trap`);
  symlinkSync('/data', `${box.image}/etc`);
  const start = [...begin(box), bind(`${box.outside}/volume`, '/data')];
  const traps = [
    bind(`${box.outside}/other`, '/trap'),
    {id: 'dir', do: 'mkdir', target: inRootfs('/trap'), mode: 0o755, uid: 0, gid: 0},
    {id: 'file', do: 'write', target: inRootfs('/etc/hosts'), content: 'x', mode: 0o644, uid: 0, gid: 0},
    {id: 'link', do: 'symlink', target: inRootfs('/etc/mtab'), to: 'x'},
    {
      id: 'node',
      do: 'device',
      target: inRootfs('/etc/null'),
      type: 'char',
      major: 1,
      minor: 3,
      mode: 0o666,
      uid: 0,
      gid: 0,
    },
    mount('tmpfs', '/etc/run'),
  ];
  for (const trap of traps) {
    const {error} = box.perform([...start, trap]);
    t.is(error?.code, 'RKT_TARGET_OUTSIDE_ROOTFS', JSON.stringify(trap));
    t.deepEqual(readdirSync(`${box.outside}/volume`), []);
  }
});

kernelTest('S07 nothing is bound on a file of a kernel file system', (t) => {
  const box = sandbox(t);
  writeFileSync(`${box.outside}/file`, '');
  const start = [...begin(box), mount('proc', '/proc'), mount('sysfs', '/sys')];
  symlinkSync('/proc/sys', `${box.image}/innocent`);
  symlinkSync('/sys/kernel', `${box.image}/guiltless`);
  for (const [source, target] of [
    [box.outside, '/proc'],
    [box.outside, '/proc/sys/net'],
    [`${box.outside}/file`, '/proc/sys/kernel/core_pattern'],
    [box.outside, '/innocent'],
    [box.outside, '/guiltless'],
    // A symlink of the kernel's, and a directory.
    [box.outside, '/sys/class/net/lo'],
  ] as const) {
    const {error} = box.perform([...start, bind(source, target)]);
    t.like(error, {code: 'RKT_MOUNT_TARGET_KERNEL', fields: {target}});
  }
  const {error} = box.perform([...start, bind(`${box.outside}/file`, '/sys/kernel')]);
  t.like(error, {code: 'RKT_BIND_TARGET_IS_DIRECTORY'});
});

kernelTest('S05 a magic link of procfs leads nowhere', (t) => {
  const box = sandbox(t);
  symlinkSync('/proc/self/root', `${box.image}/data`);
  const {error} = box.perform([...begin(box), mount('proc', '/proc'), bind(box.outside, '/data/tmp')]);
  t.like(error, {code: 'RKT_STEP_FAILED', fields: {errno: 'ELOOP'}});
});

kernelTest('S17 a volume is private, and has its flags on every mount below from the start', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.outside}/volume`);
  mkdirSync(`${box.directory}/volume`);
  const inPod = {in: 'pod', path: 'volume'};
  const {error, mounts, seen} = box.perform(
    [
      ...begin(box),
      // A volume with a mount of its own in it.
      bind(`${box.outside}/volume`, '', {target: inPod}),
      {id: 'sub', do: 'mkdir', target: {in: 'pod', path: 'volume/sub'}, mode: 0o777, uid: 0, gid: 0},
      {id: 'inner', do: 'mount', type: 'tmpfs', target: {in: 'pod', path: 'volume/sub'}, flags: [], options: {}},
      bind('', '/all', {source: inPod, recursive: true, flags: ['ro', 'nosuid', 'nodev', 'noexec', 'noatime']}),
      bind('', '/one', {source: inPod}),
    ],
    [
      {path: '/all/x', what: 'write'},
      {path: '/all/sub/x', what: 'write'},
      {path: '/one/x', what: 'write'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen, [{error: 'EROFS'}, {error: 'EROFS'}, {}]);
  const all = mounts.filter(({mountPoint}) => mountPoint.startsWith('/stage1/main/all'));
  t.is(all.length, 2);
  for (const entry of all) {
    t.deepEqual(entry.propagation, []);
    for (const option of ['ro', 'nosuid', 'nodev', 'noexec', 'noatime']) t.true(entry.options.includes(option));
  }
  t.is(mounts.filter(({mountPoint}) => mountPoint.startsWith('/stage1/main/one')).length, 1);
  t.deepEqual(box.hostMounts(), []);
});

kernelTest('the rootfs of a pod without overlayfs is a copy bound on its mount point', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.directory}/copy`);
  mkdirSync(`${box.directory}/stage1/main`, {recursive: true});
  writeFileSync(`${box.directory}/copy/file`, 'copied');
  chmodSync(`${box.directory}/copy`, 0o750);
  const {error, seen} = box.perform(
    [
      {id: 'namespace', do: 'namespace', unshare: ['mount']},
      bind('', '', {source: {in: 'pod', path: 'copy'}, target: {in: 'pod', path: 'stage1/main'}}),
      {id: 'file', do: 'write', target: inRootfs('/hosts'), content: 'x', mode: 0o644, uid: 0, gid: 0},
      {id: 'readonly.main', do: 'remount', target: inRootfs('/'), flags: ['ro']},
    ],
    [
      {path: '/file', what: 'read'},
      {path: '/hosts', what: 'read'},
      {path: '/new', what: 'write'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen, [{text: 'copied'}, {text: 'x'}, {error: 'EROFS'}]);
});
