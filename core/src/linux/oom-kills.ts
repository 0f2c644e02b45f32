import {readdirSync, readFileSync} from 'node:fs';
import {isErrno} from './syscall-error.ts';

/** A cgroup of a memory controller, by its directory. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  readonly directory: string;
}

const FILES = {1: 'memory.oom_control', 2: 'memory.events'} as const;

/** How many processes of a cgroup and those below it the kernel has killed for want of memory; `undefined` where the cgroup is gone, or no controller counts. */
export const oomKills = ({version, directory}: MemoryCgroup): number | undefined => {
  const own = unlessGone(() => parseOomKills(readFileSync(`${directory}/${FILES[version]}`, 'latin1')));
  // v2 counts those below, too, also when they are gone.
  if (version === 2 || own === undefined) return own;
  const below = unlessGone(() => readdirSync(directory, {withFileTypes: true})) ?? [];
  return below
    .filter((entry) => entry.isDirectory())
    .reduce((sum, {name}) => sum + (oomKills({version, directory: `${directory}/${name}`}) ?? 0), own);
};

export const parseOomKills = (text: string): number | undefined => {
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  return count === undefined ? undefined : Number(count);
};

const unlessGone = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
};
