import {type Dirent, existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

/** A file of a process's cgroup and of those above it, as far as they have it, innermost first. */
export const cgroupValues = (
  pid: number,
  controller: string,
  [v1, v2 = v1]: readonly [v1: string, v2?: string],
): {file: string; value: string}[] => {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  const of = (wanted: (controllers: string[]) => boolean) =>
    lines.map((line) => line.split(':')).find(([, controllers = '']) => wanted(controllers.split(',')));
  const mounted = (pattern: RegExp) =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((line) => pattern.test(line))
      ?.split(' ')[4];
  const first = of((controllers) => controllers.includes(controller));
  const [root, name, file] = first
    ? [mounted(new RegExp(` - cgroup .*\\b${controller}\\b`)), first.slice(2).join(':'), v1]
    : [
        mounted(/ - cgroup2 /),
        of(([only]) => only === '')
          ?.slice(2)
          .join(':'),
        v2,
      ];
  if (root === undefined || name === undefined) return [];
  const values: {file: string; value: string}[] = [];
  for (let directory = path.join(root, name); ; directory = path.dirname(directory)) {
    const full = path.join(directory, file);
    if (existsSync(full)) values.push({file: full, value: readFileSync(full, 'utf8').trim()});
    if (directory === root || directory === '/') return values;
  }
};

/** What a process's cgroup allows of a disk, innermost first, without the numbers of disks. */
export const diskLimits = (pid: number, way: 'read' | 'write', unit: 'bps' | 'iops'): string[] => {
  const pattern = new RegExp(`(?:${way.slice(0, 1)}${unit}=|^\\d+:\\d+ )(\\d+)(?: |$)`, 'm');
  return ['blkio', 'io']
    .flatMap((controller) => cgroupValues(pid, controller, [`blkio.throttle.${way}_${unit}_device`, 'io.max']))
    .map(({value}) => pattern.exec(value)?.[1] ?? 'none');
};

/** Names below a directory. Cgroups come and go while one looks. */
const below = (directory: string, depth = 8): string[] => {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, {withFileTypes: true});
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const file = path.join(directory, entry.name);
    return entry.isDirectory() && depth > 0 ? [file, ...below(file, depth - 1)] : [file];
  });
};

/** Cgroups of a pod in every mounted hierarchy, outermost only. */
export const cgroupDirectories = (uuid: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
    .flatMap((mountPoint) => below(mountPoint).filter((file) => path.basename(file) === `rkt-${uuid}`));

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Numbers of the processes of a cgroup and of those below it. */
export const processesBelow = (directory: string): string[] =>
  below(directory)
    .filter((file) => path.basename(file) === 'cgroup.procs')
    .flatMap((file) => read(file).split('\n'))
    .filter((line) => line !== '');
