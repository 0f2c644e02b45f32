import {constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import type {Fd} from '../../../src/linux/fd.ts';
import {mkdirs, mkdirsInRoot} from '../../../src/linux/mkdirs.ts';
import {O_PATH, openBeneath, openEntry, openHost, openInRoot} from '../../../src/linux/openat2.ts';

const tree = (t: {teardown: (action: () => void) => void}): {directory: string; root: Fd} => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-openat2-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  mkdirSync(`${directory}/root/etc`, {recursive: true});
  writeFileSync(`${directory}/root/etc/passwd`, 'inside');
  symlinkSync('/etc/passwd', `${directory}/root/absolute`);
  symlinkSync('../../../../../etc/passwd', `${directory}/root/upwards`);
  symlinkSync('/proc/self/root', `${directory}/magic`);
  const root = openHost(`${directory}/root`, O_PATH);
  t.teardown(() => root.close());
  return {directory, root};
};

const code = (action: () => Fd): string => {
  try {
    action().close();
    return 'opened';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

test('S05 in a root, absolute symlinks and .. stay inside', (t) => {
  const {root} = tree(t);
  for (const path of ['absolute', 'upwards', '/absolute', '../../etc/passwd', '/../etc/passwd']) {
    using file = openInRoot(root, path, constants.O_RDONLY);
    t.is(readFileSync(file.number, 'utf8'), 'inside', path);
  }
  t.is(
    code(() => openInRoot(root, 'absolute', O_PATH, {noSymlinks: true})),
    'ELOOP',
  );
});

test('S04 magic links are refused everywhere but on the host', (t) => {
  const {directory} = tree(t);
  using all = openHost('/', O_PATH);
  using proc = openHost('/proc', O_PATH);
  t.is(
    code(() => openInRoot(all, `${directory}/magic`, O_PATH)),
    'ELOOP',
  );
  t.is(
    code(() => openBeneath(proc, `self/fd/${all.number}`, O_PATH)),
    'ELOOP',
  );
});

test('S05 below a directory, nothing outside can be reached', (t) => {
  const {root} = tree(t);
  for (const path of ['absolute', 'upwards', '../x', '/etc']) {
    t.is(
      code(() => openBeneath(root, path, O_PATH)),
      'EXDEV',
      path,
    );
  }
  t.is(
    code(() => openEntry(root, 'absolute', constants.O_RDONLY)),
    'ELOOP',
  );
  t.is(
    code(() => openEntry(root, 'etc/passwd', constants.O_RDONLY)),
    'opened',
  );
});

test('S04 what is opened is close-on-exec', (t) => {
  const {root} = tree(t);
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${root.number}`, 'utf8'))?.[1];
  t.is(Number.parseInt(flags ?? '0', 8) & 0o2000000, 0o2000000);
});

test('a closed descriptor is not used again', (t) => {
  const {root} = tree(t);
  const file = openInRoot(root, '/etc', O_PATH);
  file.close();
  file.close();
  t.throws(() => file.number);
});

test('EX-08 directories are created where their path leads inside the root', (t) => {
  const {directory, root} = tree(t);
  symlinkSync('/not/yet/there', `${directory}/root/dangling`);
  symlinkSync('../../../../sideways', `${directory}/root/etc/up`);
  for (const path of ['/a/./b//c/', 'dangling/x', '/etc/up/y', '/a/b/../d']) mkdirsInRoot(root, path).close();
  for (const path of ['a/b/c', 'not/yet/there/x', 'sideways/y', 'a/d']) {
    t.true(existsSync(`${directory}/root/${path}`), path);
  }
  t.is(
    code(() => mkdirsInRoot(root, '/etc/passwd/x')),
    'ENOTDIR',
  );
});

test('a directory whose parent is there is looked up once, one that is there as well', (t) => {
  const {root} = tree(t);
  const opened: string[] = [];
  const open = (path: string, flags: number) => {
    opened.push(path);
    return openInRoot(root, path, flags);
  };
  for (const path of ['/etc/new', '/etc/new']) mkdirs(open, path).close();
  t.deepEqual(opened, ['/etc/new', '/', '/etc', '/etc/new']);
});
