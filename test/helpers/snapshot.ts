import {lstatSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import path from 'node:path';
import {until} from './until.ts';

/** What of a host could be left behind, as sorted lines that can be compared. */
export interface Snapshot {
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly networks: readonly string[];
  readonly processes: readonly string[];
  readonly files: readonly string[];
}

export interface Scope {
  /** Trees whose entries are listed, and by which processes and mounts are known as ours. */
  readonly directories: readonly string[];
  /** Where given, cgroups of other pods than these are not ours. */
  readonly pods?: ReadonlySet<string>;
}

/** Where programs that we start keep files of their own. */
const SHARED = ['/run/systemd/nspawn'];

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
const list = (directory: string): string[] => {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
};

const walk = (directory: string): string[] =>
  list(directory).flatMap((name) => {
    const file = path.join(directory, name);
    try {
      const {mode, uid, gid} = lstatSync(file);
      const own = `${file} ${mode.toString(8)} ${uid}:${gid}`;
      return (mode & 0o170000) === 0o040000 ? [own, ...walk(file)] : [own];
    } catch {
      return [];
    }
  });

const mountLines = (): string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .filter(Boolean)
    // Without the number of the mount and its parent, which say nothing.
    .map((line) => line.split(' ').slice(2).join(' '))
    .sort();

const cgroupRoots = (): string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');

const cgroupDirectories = (directory: string, depth = 0): string[] =>
  list(directory).flatMap((name) => {
    const child = path.join(directory, name);
    try {
      if (depth > 6 || !lstatSync(child).isDirectory()) return [];
    } catch {
      return [];
    }
    return [child, ...cgroupDirectories(child, depth + 1)];
  });

const link = (file: string): string => {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
};

/** Processes that work in a scope: by arguments, working directory, root or what they see mounted. */
const processLines = ({directories}: Scope): string[] =>
  list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const seen = [command, link(`/proc/${pid}/cwd`), link(`/proc/${pid}/root`), read(`/proc/${pid}/mountinfo`)];
      if (!directories.some((directory) => seen.some((text) => text.includes(directory)))) return [];
      const start = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '';
      return start === '' ? [] : [`${pid} ${start} ${command}`];
    });

/** Takes down what of a host could be left behind. */
export const snapshot = (scope: Scope): Snapshot => ({
  mounts: mountLines(),
  cgroups: cgroupRoots()
    .flatMap((root) => cgroupDirectories(root))
    .filter((directory) => {
      const uuid = UUID.exec(directory)?.[0];
      return uuid === undefined || scope.pods === undefined || scope.pods.has(uuid);
    })
    .sort(),
  networks: ['/run/netns', '/var/run/netns'].flatMap((directory) =>
    list(directory).map((name) => `${directory}/${name}`),
  ),
  processes: processLines(scope).sort(),
  files: [...scope.directories, ...SHARED].flatMap(walk).sort(),
});

/** A cgroup with processes belongs to somebody who is still there; those of ours are compared as processes. */
const populated = (cgroup: string): boolean => read(`${cgroup}/cgroup.procs`).trim() !== '';

const without = (lines: readonly string[], others: readonly string[]): string[] => {
  const rest = new Set(others);
  return lines.filter((line) => !rest.has(line));
};

export interface Difference {
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

/** What is there after and was not before, and the other way round. Empty objects where nothing differs. */
export const difference = (before: Snapshot, after: Snapshot): Partial<Record<keyof Snapshot, Difference>> => {
  const names = ['mounts', 'cgroups', 'networks', 'processes', 'files'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const appeared = without(after[name], before[name]).filter((line) => name !== 'cgroups' || !populated(line));
      // Cgroups and processes of others may end while we look.
      const vanished = name === 'files' || name === 'mounts' ? without(before[name], after[name]) : [];
      return appeared.length + vanished.length > 0 ? [[name, {appeared, vanished}]] : [];
    }),
  );
};

/** The difference once it has settled: what is only passing, of ours or of others, has some seconds to go. */
export const settledDifference = async (before: Snapshot, scope: Scope, milliseconds = 3000) => {
  let found = difference(before, snapshot(scope));
  await until(() => {
    found = difference(before, snapshot(scope));
    return Object.keys(found).length === 0;
  }, milliseconds).catch(() => {});
  return found;
};
