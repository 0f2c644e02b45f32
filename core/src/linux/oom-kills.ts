import {readFileSync} from 'node:fs';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf} from './cgroups.ts';
import {isErrno} from './syscall-error.ts';

/**
 * How many processes of a cgroup the kernel has killed for want of memory: with those below it in v2, and its own in v1. `undefined` where no memory controller counts, or the cgroup is gone.
 */
export const oomKills = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string): number | undefined => {
  const hierarchy = hierarchies.find(({controllers}) => controllers.includes('memory'));
  if (hierarchy === undefined) return undefined;
  const file = hierarchy.version === 1 ? 'memory.oom_control' : 'memory.events';
  try {
    const text = readFileSync(`${directoryOf(hierarchy, path)}/${file}`, 'latin1');
    const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
    return count === undefined ? undefined : Number(count);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
};
