import {writeSync} from 'node:fs';
import {sleep} from '../linux/sleep.ts';

/*
 * Standard output, standard error and where else errors are told, without Node's streams: those cost start-up time and leave O_NONBLOCK on a pipe that an app
 * inherits.
 */

const gone = new Set<number>();

/**
 * Writes all of `data`, waiting while a non-blocking descriptor is full. A reader that went away (EPIPE) is no error: what
 * follows is dropped, so that a command still finishes its work.
 * @returns whether there still is a reader
 */
export const write = (descriptor: number, data: string | Uint8Array): boolean => {
  if (gone.has(descriptor)) return false;
  let rest = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') sleep(2);
      else if (code === 'EPIPE') rest = drop(descriptor);
      else throw error;
    }
  }
  return !gone.has(descriptor);
};

const drop = (descriptor: number): Buffer<ArrayBuffer> => {
  gone.add(descriptor);
  return Buffer.alloc(0);
};
