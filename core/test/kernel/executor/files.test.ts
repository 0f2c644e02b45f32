import {randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {SeccompFilter} from '../../../src/contract/index.ts';
import {compileFilter} from '../../../src/linux/seccomp.ts';
import {begin, inRootfs, mount, sandbox} from './perform-in-child.ts';

const kernelTest = testIf(lacks('root', 'overlay'));

const write = (path: string, content: string, more: object = {}) => ({
  id: `file.main.${path}`,
  do: 'write',
  target: inRootfs(path),
  content,
  mode: 0o640,
  uid: 3,
  gid: 4,
  ...more,
});
const mkdir = (path: string, mode = 0o1777) => ({
  id: `dir.main.${path}`,
  do: 'mkdir',
  target: inRootfs(path),
  mode,
  uid: 5,
  gid: 6,
});
const symlink = (path: string, to: string) => ({id: `link.main.${path}`, do: 'symlink', target: inRootfs(path), to});
const device = (path: string, minor: number) => ({
  id: `device.main.${path}`,
  do: 'device',
  target: inRootfs(path),
  type: 'char',
  major: 1,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 5,
});

kernelTest('files, directories, symlinks and devices get exactly the owner and permissions asked for', (t) => {
  const box = sandbox(t);
  const {error, seen} = box.perform(
    [
      ...begin(box),
      mkdir('/etc/new'),
      write('/etc/new/file', 'content\n'),
      symlink('/etc/new/link', '/proc/self/fd'),
      device('/etc/new/null', 3),
    ],
    [
      {path: '/etc', what: 'stat'},
      {path: '/etc/new', what: 'stat'},
      {path: '/etc/new/file', what: 'stat'},
      {path: '/etc/new/file', what: 'read'},
      {path: '/etc/new/link', what: 'stat'},
      {path: '/etc/new/null', what: 'stat'},
    ],
  );
  t.is(error, undefined);
  t.like(seen[0], {mode: 0o40755, uid: 0, gid: 0});
  t.like(seen[1], {mode: 0o41777, uid: 5, gid: 6});
  t.like(seen[2], {mode: 0o100640, uid: 3, gid: 4});
  t.deepEqual(seen[3], {text: 'content\n'});
  t.like(seen[4], {to: '/proc/self/fd'});
  t.like(seen[5], {mode: 0o20666, rdev: 0x103, uid: 0, gid: 5});
});

kernelTest('a directory that exists is left as it is', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/etc`, {mode: 0o700});
  const {error, seen} = box.perform([...begin(box), mkdir('/etc')], [{path: '/etc', what: 'stat'}]);
  t.is(error, undefined);
  t.like(seen[0], {mode: 0o40700, uid: 0, gid: 0});
});

kernelTest('a missing parent of a file is an error', (t) => {
  const box = sandbox(t);
  const {error} = box.perform([...begin(box), write('/etc/file', '')]);
  t.like(error, {code: 'RKT_STEP_FAILED', fields: {step: 'file.main./etc/file', errno: 'ENOENT'}});
});

kernelTest('a file that is too long is refused', (t) => {
  const box = sandbox(t);
  const limit = 1024 * 1024;
  t.is(box.perform([...begin(box), write('/file', 'x'.repeat(limit))]).error, undefined);
  const {error} = box.perform([...begin(box), write('/file', `é${'x'.repeat(limit - 1)}`)]);
  t.like(error, {code: 'RKT_CONTENT_TOO_LONG', fields: {bytes: limit + 1, limit}});
});

kernelTest(
  'a file has the programs of its filters in the place of its NUL characters, compiled or from the cache',
  (t) => {
    const box = sandbox(t);
    const filter = (name: string): SeccompFilter => ({
      default: {action: 'errno', errno: 1},
      rules: [{syscalls: [name], outcome: {action: 'allow'}}],
    });
    const filters = [filter('read'), filter('write'), filter('read')];
    const {error, seen} = box.perform(
      [...begin(box), write('/file', '"\0" \0,\0\n', {filters}), write('/none', '\0')],
      [
        {path: '/file', what: 'read'},
        {path: '/none', what: 'read'},
      ],
    );
    t.is(error, undefined);
    const [read = '', written = ''] = filters.map((one) => compileFilter(one).toString('base64'));
    t.deepEqual(seen, [{text: `"${read}" ${written},${read}\n`}, {text: '\0'}]);
    t.not(read, written);
  },
);

kernelTest('S05 a file, symlink or device replaces a symlink and does not follow it', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/etc`);
  writeFileSync(`${box.outside}/victim`, 'untouched');
  for (const name of ['file', 'link', 'null']) symlinkSync(`${box.outside}/victim`, `${box.image}/etc/${name}`);
  const {error, seen} = box.perform(
    [...begin(box), write('/etc/file', 'mine'), symlink('/etc/link', 'to'), device('/etc/null', 3)],
    [
      {path: '/etc/file', what: 'read'},
      {path: '/etc/link', what: 'stat'},
      {path: '/etc/null', what: 'stat'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen[0], {text: 'mine'});
  t.like(seen[1], {to: 'to'});
  t.like(seen[2], {rdev: 0x103});
  t.is(readFileSync(`${box.outside}/victim`, 'utf8'), 'untouched');
});

kernelTest('S05 parents that are symlinks, absolute or upwards, stay inside the rootfs', (t) => {
  for (const to of ['OUTSIDE', '../../../../../../OUTSIDE']) {
    const box = sandbox(t);
    symlinkSync(to.replace('OUTSIDE', box.outside), `${box.image}/etc`);
    symlinkSync(to.replace('OUTSIDE', box.outside), `${box.image}/dev`);
    const {error, seen} = box.perform(
      [
        ...begin(box),
        mkdir('/etc'),
        write('/etc/resolv.conf', 'x'),
        mkdir('/dev'),
        mount('tmpfs', '/dev'),
        device('/dev/null', 3),
      ],
      [
        {path: `${box.outside}/resolv.conf`, what: 'read'},
        {path: '/dev/null', what: 'stat'},
      ],
    );
    t.is(error, undefined);
    t.deepEqual(seen[0], {text: 'x'});
    t.like(seen[1], {rdev: 0x103});
    t.deepEqual(readdirSync(box.outside), []);
  }
});

kernelTest('S05 a symlink that leads nowhere yet gets its directory inside the rootfs', (t) => {
  const box = sandbox(t);
  const nowhere = `/rkt-test-${randomUUID()}`;
  symlinkSync(`${nowhere}/deep`, `${box.image}/run`);
  symlinkSync('run/../run/./x', `${box.image}/relative`);
  const {error, seen} = box.perform(
    [...begin(box), mkdir('/run/lock', 0o755), mkdir('/relative/y', 0o755)],
    [
      {path: `${nowhere}/deep/lock`, what: 'list'},
      {path: `${nowhere}/deep`, what: 'list'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen[0], {names: []});
  t.deepEqual(seen[1], {names: ['lock']});
  t.false(existsSync(nowhere));
});

kernelTest('S05 symlinks in a circle are an error', (t) => {
  const box = sandbox(t);
  symlinkSync('b', `${box.image}/a`);
  symlinkSync('a', `${box.image}/b`);
  const {error} = box.perform([...begin(box), mkdir('/a/x')]);
  t.like(error, {code: 'RKT_STEP_FAILED', fields: {errno: 'ELOOP'}});
});

kernelTest('S05 a directory gives its name to nothing else', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.image}/etc`);
  for (const step of [write('/etc', ''), symlink('/etc', '/'), device('/etc', 3)]) {
    t.like(box.perform([...begin(box), step]).error, {code: 'RKT_STEP_FAILED', fields: {errno: 'EISDIR'}});
  }
});

kernelTest('a path that ends in no name is refused', (t) => {
  const box = sandbox(t);
  for (const path of ['/etc/..', '/etc/.', '/etc/', '/']) {
    t.like(box.perform([...begin(box), write(path, '')]).error, {
      code: 'RKT_TARGET_NAME_INVALID',
      fields: {target: path},
    });
  }
});
