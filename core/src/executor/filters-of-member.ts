import type {SeccompFilter} from '../contract/process.ts';
import {readFilters} from '../linux/read-filters.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {startedWith} from '../linux/weaker-calls.ts';
import {memberGone} from './errors.ts';

/**
 * The filters that a running app was started with: the oldest of its filters that together deny what was promised. Later ones the app has added by itself, and may well deny all that a shell
 * needs. If the kernel does not show them, or somebody traces the app (maybe its own child), it is the promised filter.
 * @param compiled the compiled form of `promised`
 * @throws RKT_MEMBER_GONE
 */
export const filtersOfMember = (pid: number, promised: SeccompFilter, compiled: Buffer): readonly Buffer[] =>
  startedWith(compiled, promised, read(pid)) ?? [compiled];

const read = (pid: number): readonly Buffer[] => {
  try {
    return readFilters(pid);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) throw memberGone(pid);
    if (isErrno(error, 'EACCES', 'EPERM', 'EINVAL', 'EIO', 'ETIMEDOUT')) return [];
    throw error;
  }
};
