import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/** linux/prctl.h */
const PR_SET_MM = 35;
const PR_SET_MM_MAP_SIZE = 15;

/**
 * Whether the kernel shows the filters of a process at all (CONFIG_CHECKPOINT_RESTORE). Asked by something else that exists with that alone and tells the size of
 * a structure: it depends on no other process, which could be in the way.
 */
export const filtersAreShown = (): boolean => {
  try {
    syscall('prctl', [PR_SET_MM, PR_SET_MM_MAP_SIZE, Buffer.alloc(4), 0, 0], 'PR_SET_MM_MAP_SIZE');
    return true;
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'EPERM')) return false;
    throw error;
  }
};
