import {lstatSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import path from 'node:path';

/** What of a scope could be left behind on the host, as sorted lines that can be compared. */
export interface Snapshot {
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly networks: readonly string[];
  readonly processes: readonly string[];
  readonly files: readonly string[];
}

/** What is ours. Whatever names neither is somebody else's, and may come and go while we look. */
export interface Scope {
  /** Trees whose entries are listed, and by which mounts and processes are known. */
  readonly directories: readonly string[];
  /** UUIDs of pods, by which mounts, cgroups, networks and what supervisors keep are known. */
  readonly pods?: ReadonlySet<string>;
  /** Trees of which only the entries are listed that name one of the pods. */
  readonly among?: readonly string[];
  /** Lines of files that may come: caches, the test's own. */
  readonly ignoredFiles?: RegExp;
}

/** Where programs that we start keep files of their own. */
const SHARED = ['/run/systemd/nspawn'];

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
    .map((line) => line.split(' ').slice(2).join(' '));

const cgroupRoots = (): string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');

/** By what their entries say of themselves: a cgroup has some fifty files, and a host hundreds of cgroups. */
const subdirectories = (directory: string): string[] => {
  try {
    const entries = readdirSync(directory, {withFileTypes: true});
    return entries.filter((entry) => entry.isDirectory()).map(({name}) => path.join(directory, name));
  } catch {
    return [];
  }
};

const cgroupDirectories = (directory: string, depth = 0): string[] =>
  depth > 6 ? [] : subdirectories(directory).flatMap((child) => [child, ...cgroupDirectories(child, depth + 1)]);

const link = (file: string): string => {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
};

export interface SeenProcess {
  readonly pid: number;
  /** Clock ticks from the start of the host to that of the process: with the number, which process it is. */
  readonly start: string;
  readonly command: string;
}

/**
 * Processes that work below one of the directories: by arguments, working directory, root or what they see mounted. A mount in the test's own mount namespace,
 * which every process of the host sees, says nothing.
 */
export const processesIn = (directories: readonly string[]): SeenProcess[] => {
  const own = link('/proc/self/ns/mnt');
  return list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const mounts = link(`/proc/${pid}/ns/mnt`) === own ? '' : read(`/proc/${pid}/mountinfo`);
      const seen = [command, link(`/proc/${pid}/cwd`), link(`/proc/${pid}/root`), mounts];
      if (!directories.some((directory) => seen.some((text) => text.includes(directory)))) return [];
      const start = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '';
      return start === '' ? [] : [{pid: Number(pid), start, command}];
    });
};

/** Takes down what of a scope could be left behind. */
export const snapshot = ({directories, pods = new Set(), among = [], ignoredFiles}: Scope): Snapshot => {
  const ofPods = (line: string) => [...pods].some((uuid) => line.includes(uuid));
  const ours = (line: string) => directories.some((directory) => line.includes(directory)) || ofPods(line);
  return {
    mounts: mountLines().filter(ours).sort(),
    cgroups: cgroupRoots()
      .flatMap((root) => cgroupDirectories(root))
      .filter(ofPods)
      .sort(),
    networks: list('/run/netns').filter(ofPods),
    processes: processesIn(directories)
      .map(({pid, start, command}) => `${pid} ${start} ${command}`)
      .sort(),
    files: [...directories.flatMap(walk), ...[...SHARED, ...among].flatMap(walk).filter(ours)]
      .filter((line) => !ignoredFiles?.test(line))
      .sort(),
  };
};

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
      const appeared = without(after[name], before[name]);
      const vanished = without(before[name], after[name]);
      return appeared.length + vanished.length > 0 ? [[name, {appeared, vanished}]] : [];
    }),
  );
};
