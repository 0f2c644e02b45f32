import {fstatSync} from 'node:fs';
import {stdioRefused} from './errors.ts';
import {openFlags} from './fd-flags.ts';
import {O_PATH} from './openat2.ts';

const STREAMS = ['standard input', 'standard output', 'standard error'] as const;

/**
 * Refuses streams of rkt's caller that are no streams: by a directory, and by whatever O_PATH has opened, a program comes out of every root directory (S35).
 * @throws RKT_STDIO_REFUSED
 */
export const requireStdio = (): void => {
  for (const [fd, name] of STREAMS.entries()) {
    if (fstatSync(fd).isDirectory()) throw stdioRefused(fd, name, 'a directory');
    if ((openFlags(fd) & O_PATH) !== 0) throw stdioRefused(fd, name, 'a place in the file system (O_PATH)');
  }
};
