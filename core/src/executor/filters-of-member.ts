import type {SeccompFilter} from '../contract/process.ts';
import {readFilters} from '../linux/read-filters.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {startedWith} from '../linux/weaker-calls.ts';
import {memberGone} from './errors.ts';

/**
 * The filters that a running app was started with: of those that it has, the oldest that deny what was promised. What an app adds by itself comes after them, and is for itself
 * alone: it may well deny all that a shell needs. Where the kernel does not show them, or somebody traces the app, which may be its own child, the promised one.
 * @param compiled of `promised`
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
