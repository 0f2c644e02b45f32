import {errnoName} from '../contract/errno.ts';

/** A system call that failed: `code` is the errno name, as in Node's own errors. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string | undefined;
  /** What the kernel itself said besides the number, such as the log of a file system context. */
  readonly detail: string | undefined;

  constructor(syscall: string, errno: number, path?: string, detail?: string) {
    const code = errnoName(errno);
    const where = path === undefined ? '' : ` ${JSON.stringify(path)}`;
    super(`${syscall}${where}: ${code}${detail ? ` (${detail})` : ''}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
    this.detail = detail || undefined;
  }
}

/** Whether `error` is a failed call, of ours or of Node's. */
export const isSystemError = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && 'code' in error;

/** The errno name of a failed call. Node.js does not know all that Linux has. */
export const codeOf = (error: Error & {readonly code?: unknown; readonly errno?: unknown}): string => {
  const {code, errno} = error;
  return typeof errno === 'number' && String(code).startsWith('Unknown') ? errnoName(-errno) : String(code);
};

/** Whether `error` is a failed call, of ours or of Node's, with one of these errno names. */
export const isErrno = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(codeOf(error));
