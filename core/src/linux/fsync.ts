import {constants, fsyncSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {naming} from './naming.ts';
import {openHost} from './openat2.ts';

/** Makes the entries of a directory durable: what was created in it, renamed into it or removed from it. */
export const fsyncDirectory = (path: string): void => {
  using directory = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY);
  naming(path, () => fsyncSync(directory.number));
};

/** Makes everything durable that was written to the file system of an open file: one call for a whole tree. */
export const syncFileSystem = (file: Fd): void => {
  syscall('syncfs', [file.number], file.path);
};
