import {existsSync, readFileSync} from 'node:fs';
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
