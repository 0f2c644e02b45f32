import {rmdirSync} from 'node:fs';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf} from './cgroup-paths.ts';
import {removeCgroupsBelow} from './cgroup-tree.ts';
import {cgroupRemoveFailed} from './errors.ts';
import {sleep} from './sleep.ts';
import {isErrno} from './syscall-error.ts';

const PAUSE = 10;
const ROUNDS = 100;

/**
 * Removes a cgroup and those below it in every hierarchy; what does not exist is skipped. Waits a little for processes that are just ending.
 * @throws RKT_CGROUP_REMOVE_FAILED
 */
export const removeCgroup = ({hierarchies}: CgroupFacts, path: string): void => {
  for (const hierarchy of hierarchies) removeDirectory(directoryOf(hierarchy, path));
};

const removeDirectory = (directory: string): void => {
  let round = 0;
  const waitOrFail = (error: unknown): void => {
    if (round++ === ROUNDS || !isErrno(error, 'EBUSY')) throw cgroupRemoveFailed(directory, error);
    sleep(PAUSE);
  };
  for (;;) {
    removeCgroupsBelow(directory, waitOrFail);
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      waitOrFail(error);
    }
  }
};
