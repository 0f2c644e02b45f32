import {mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {begin, bind, inRootfs, mount, sandbox} from './perform-in-child.ts';

const kernelTest = testIf(lacks('root', 'overlay'));

const mask = (...paths: string[]) => ({id: 'mask.main', do: 'mask', app: 'main', paths});
const protect = (...paths: string[]) => ({id: 'protect.main', do: 'protect', app: 'main', paths});

kernelTest('S07 masked files read as empty, masked directories are empty and read-only', (t) => {
  const box = sandbox(t);
  const {error, seen} = box.perform(
    [
      ...begin(box),
      mount('proc', '/proc'),
      mount('sysfs', '/sys'),
      mask('/proc/version', '/proc/sys/kernel', '/sys/kernel', '/proc/absent', '/proc/version/absent'),
    ],
    [
      {path: '/proc/version', what: 'read'},
      {path: '/proc/version', what: 'stat'},
      {path: '/proc/sys/kernel', what: 'list'},
      {path: '/sys/kernel', what: 'list'},
      {path: '/sys/kernel/new', what: 'write'},
      {path: '/proc/sys/kernel/new', what: 'write'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen[0], {text: ''});
  t.like(seen[1], {rdev: 0x103});
  t.deepEqual(seen[2], {names: []});
  t.deepEqual(seen[3], {names: []});
  t.is(seen[4]?.error, 'EROFS');
  t.is(seen[5]?.error, 'EROFS');
  t.deepEqual(box.hostMounts(), []);
});

kernelTest('S06 masks hold whatever the image put in /dev', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/dev`);
  for (const name of ['null', 'console', 'pts'])
    symlinkSync('/proc/sys/kernel/core_pattern', `${box.image}/dev/${name}`);
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  const {error, seen} = box.perform(
    [
      ...begin(box),
      mount('proc', '/proc'),
      mask('/proc/version'),
      {
        id: 'null',
        do: 'device',
        target: inRootfs('/dev/null'),
        type: 'char',
        major: 1,
        minor: 3,
        mode: 0o666,
        uid: 0,
        gid: 0,
      },
      mount('devpts', '/dev/pts', {options: {newinstance: '', ptmxmode: '0666'}}),
    ],
    [
      {path: '/proc/version', what: 'read'},
      {path: '/proc/version', what: 'stat'},
      {path: '/dev/null', what: 'stat'},
      {path: '/dev/pts', what: 'list'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen[0], {text: ''});
  t.like(seen[1], {rdev: 0x103});
  t.like(seen[2], {rdev: 0x103});
  t.deepEqual(seen[3], {names: ['ptmx']});
  t.is(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), pattern);
});

kernelTest('S06 a /proc that is a symlink becomes a directory, so that masks are where the app looks', (t) => {
  for (const to of ['/elsewhere', '../../../..', '/']) {
    const box = sandbox(t);
    mkdirSync(`${box.image}/elsewhere`);
    symlinkSync(to, `${box.image}/proc`);
    const {error, seen, notes} = box.perform(
      [...begin(box), mount('proc', '/proc'), mask('/proc/version')],
      [
        {path: '/proc', what: 'stat'},
        {path: '/proc/version', what: 'read'},
        {path: '/elsewhere', what: 'list'},
      ],
    );
    t.is(error, undefined);
    t.is(notes.length, 1);
    t.like(seen[0], {uid: 0, gid: 0});
    t.deepEqual(seen.slice(1), [{text: ''}, {names: []}]);
  }
});

kernelTest('S06 a mask that would be reached through a symlink fails instead of missing', (t) => {
  const box = sandbox(t);
  symlinkSync('/elsewhere', `${box.image}/proc`);
  mkdirSync(`${box.image}/elsewhere`);
  writeFileSync(`${box.image}/elsewhere/version`, '');
  const {error} = box.perform([...begin(box), mask('/proc/version')]);
  t.like(error, {code: 'RKT_STEP_FAILED', fields: {errno: 'ELOOP'}});
});

kernelTest('S07 protected paths are read-only with what is mounted below, absent ones are skipped', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/tree/inner`, {recursive: true});
  const {error, seen, mounts} = box.perform(
    [
      ...begin(box),
      mount('proc', '/proc'),
      mount('tmpfs', '/tree/inner'),
      protect('/proc/sys', '/proc/version', '/tree', '/absent'),
    ],
    [
      {path: '/tree/x', what: 'write'},
      {path: '/tree/inner/x', what: 'write'},
      {path: '/proc/sys/kernel/domainname', what: 'write'},
      {path: '/proc/version', what: 'write'},
      {path: '/x', what: 'write'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen, [...Array(4).fill({error: 'EROFS'}), {}]);
  for (const {propagation} of mounts) t.deepEqual(propagation, []);
});

kernelTest('a file system gets its flags and options, and says itself what is wrong with them', (t) => {
  const box = sandbox(t);
  const flags = ['ro', 'nosuid', 'nodev', 'noexec'];
  const {error, mounts} = box.perform([
    ...begin(box),
    mount('tmpfs', '/tmp', {flags, options: {size: '64k', mode: '1777'}}),
  ]);
  t.is(error, undefined);
  const tmp = mounts.find(({mountPoint}) => mountPoint === '/stage1/main/tmp');
  t.like(tmp, {type: 'tmpfs', source: 'tmpfs'});
  for (const flag of flags) t.true(tmp?.options.includes(flag));
  t.true(tmp?.superOptions.includes('size=64k'));
  const wrong = box.perform([...begin(box), mount('tmpfs', '/tmp', {options: {size: 'much'}})]);
  t.like(wrong.error, {code: 'RKT_STEP_FAILED', fields: {step: 'mount.main./tmp', kind: 'mount', errno: 'EINVAL'}});
});

kernelTest('flags are added to a mount, not to what is only a directory', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/etc`);
  const remount = (path: string) => ({id: 'remount', do: 'remount', target: inRootfs(path), flags: ['ro']});
  t.is(box.perform([...begin(box), remount('/etc')]).error?.fields.errno, 'EINVAL');
  const {seen} = box.perform(
    [...begin(box), bind(box.outside, '/data'), remount('/')],
    [
      {path: '/etc/x', what: 'write'},
      {path: '/data/x', what: 'write'},
    ],
  );
  t.deepEqual(seen, [{error: 'EROFS'}, {}]);
});
