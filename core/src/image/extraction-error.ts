import {ERRNO} from '../contract/errno.ts';
import {SyscallError} from '../linux/syscall-error.ts';
import {imageExtractionFailed} from './errors.ts';
import type {ToolFailure} from './tool.ts';

/** As tools say it in the locale they get, last in a line, by the number of the error. */
const FULL = [
  [ERRNO.ENOSPC, /: No space left on device$/m],
  [ERRNO.EDQUOT, /: Disk quota exceeded$/m],
] as const;

/** The error for a program that could not write below `path`: a full disk is one as if rkt itself had written. */
export const extractionError = (program: string, {status, output}: ToolFailure, path: string): Error => {
  const [errno] = FULL.find(([, message]) => message.test(output)) ?? [];
  return errno === undefined
    ? imageExtractionFailed(program, status, output)
    : new SyscallError(program, errno, path, output);
};
