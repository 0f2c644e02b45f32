import type {Stats} from 'node:fs';
import test from 'ava';
import type {AppName, RootfsPath} from '../../../src/contract/names.ts';
import type {Mount, Volume} from '../../../src/contract/pod.ts';
import {checkSysTargets} from '../../../src/pod/compose/sys-targets.ts';

/* Where below /sys a volume can be, on a host that is made up. */

const entry = (kind: 'directory' | 'file' | 'link', dev = 1): Stats =>
  ({dev, isDirectory: () => kind === 'directory', isSymbolicLink: () => kind === 'link'}) as Stats;

const HOST: Readonly<Record<string, Stats | null>> = {
  '/sys': entry('directory'),
  '/sys/fs': entry('directory'),
  '/sys/kernel': entry('directory'),
  '/sys/kernel/debug': entry('directory', 2),
  '/sys/kernel/debug/inner': entry('directory', 2),
  '/sys/kernel/closed': null,
  '/sys/kernel/file': entry('file'),
  '/sys/kernel/link': entry('link'),
};

const check = (path: string, type: 'directory' | 'file' = 'directory', ...others: string[]) => {
  const names = [path, ...others];
  const mounts = names.map(
    (target, index) => ({volume: `v${index}`, path: target as RootfsPath, readOnly: false}) as Mount,
  );
  const volumes = names.map(
    (_, index) => ({kind: 'host', name: `v${index}`, type: index === 0 ? type : 'directory'}) as Volume,
  );
  checkSysTargets('web' as AppName, mounts, volumes, ['/sys/fs', '/sys/absent'], (place) => HOST[place]);
};

for (const [path, type, ...others] of [
  ['/sys/kernel', 'directory'],
  ['/sys/kernel/file', 'file'],
  ['/sys/fs', 'directory'],
  ['/sys/fs/cgroup/deep', 'directory'],
  ['/sys/fs/file', 'file'],
  ['/sys/kernel/debug', 'directory'],
  ['/sys/kernel/closed/whatever', 'directory'],
  ['/system/whatever', 'directory'],
  ['/sys/kernel/whatever', 'directory', '/sys/kernel'],
] as const)
  test(`a volume has a place at ${path}${others}`, (t) => t.notThrows(() => check(path, type, ...others)));

for (const [path, type, because] of [
  ['/sys/kernel/none', 'directory', /has no \/sys\/kernel\/none,/],
  ['/sys/absent/inner', 'directory', /has no \/sys\/absent,/],
  ['/sys/kernel/file', 'directory', /a file of the kernel/],
  ['/sys/kernel', 'file', /the volume is none/],
  ['/sys/fs', 'file', /the volume is none/],
  ['/sys/kernel/link/inner', 'directory', /\/sys\/kernel\/link is a symbolic link/],
  ['/sys/kernel/debug/inner', 'directory', /mount that as a whole/],
] as const)
  test(`a volume has no place at ${path} (${type})`, (t) => {
    const error = t.throws(() => check(path, type), {code: 'RKT_POD_MOUNT_TARGET_REFUSED'});
    t.regex(error?.message ?? '', because);
  });
