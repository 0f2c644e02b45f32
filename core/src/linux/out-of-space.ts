import {isErrno} from './syscall-error.ts';

/** SQLITE_FULL */
const DATABASE_FULL = 13;

/** Whether a disk is full, or a quota used up, also as a database says it. */
export const isOutOfSpace = (thrown: unknown): thrown is Error =>
  isErrno(thrown, 'ENOSPC', 'EDQUOT') ||
  (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === DATABASE_FULL);

/** Writes what can be done without: on a full disk nothing else may depend on it (S10). */
export const unlessFull = (write: () => void): void => {
  try {
    write();
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
  }
};
