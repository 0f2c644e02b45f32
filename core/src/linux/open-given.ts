import {constants, fstatSync, readlinkSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {setNonBlocking} from './fd-flags.ts';
import {openHost} from './openat2.ts';
import {POLLIN, poll} from './poll.ts';
import {SyscallError} from './syscall-error.ts';

const ENXIO = 6;
/** Milliseconds for who writes to a FIFO to begin. */
const PATIENCE = 30_000;

/**
 * Opens for reading what the operator named just now: a file, a device, a pipe. To open a FIFO of a file system waits until somebody writes to it, which may be for ever: here it waits no longer than its
 * first byte may take.
 * @throws the system's error: ENXIO if nobody writes
 */
export const openGiven = (path: string, patience = PATIENCE): Fd => {
  const file = openHost(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    if (isNamedFifo(file)) {
      const [begins] = poll([{fd: file.number, wanted: POLLIN}], patience);
      if (begins !== true) throw new SyscallError('openat2', ENXIO, path);
    }
    setNonBlocking(file.number, false);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
};

/** Whoever started rkt holds the ends of any other pipe, and says by closing them that nothing comes. */
const isNamedFifo = (file: Fd): boolean =>
  fstatSync(file.number).isFIFO() && !readlinkSync(file.path).startsWith('pipe:');
