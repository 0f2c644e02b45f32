import {readFileSync} from 'node:fs';
import {cgroupTree, ifThere} from './cgroup-tree.ts';

/** A cgroup of a memory controller, by its directory. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  readonly directory: string;
}

const FILES = {1: 'memory.oom_control', 2: 'memory.events'} as const;

/** How many processes of a cgroup and those below it the kernel has killed for want of memory; `undefined` where the cgroup is gone, or no controller counts. */
export const oomKills = ({version, directory}: MemoryCgroup): number | undefined => {
  // v2 counts those below, too, also when they are gone.
  if (version === 2) return killsIn(directory, version);
  let sum: number | undefined;
  for (const {path} of cgroupTree(directory)) {
    const kills = killsIn(path, version);
    // Where the first one says nothing, no controller counts.
    if (sum === undefined && kills === undefined) return undefined;
    sum = (sum ?? 0) + (kills ?? 0);
  }
  return sum;
};

const killsIn = (directory: string, version: MemoryCgroup['version']): number | undefined =>
  ifThere(() => parseOomKills(readFileSync(`${directory}/${FILES[version]}`, 'latin1')));

const parseOomKills = (text: string): number | undefined => {
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  return count === undefined ? undefined : Number(count);
};
