import {writeSync} from 'node:fs';

/*
 * Standard output and standard error without Node's streams: those cost start-up time and leave O_NONBLOCK on a pipe that an app
 * inherits.
 */

const gone = new Set<number>();

/**
 * Writes all of `text`, waiting while a non-blocking descriptor is full. A reader that went away (EPIPE) is no error: what
 * follows is dropped, so that a command still finishes its work.
 */
export const write = (descriptor: 1 | 2, text: string): void => {
  if (gone.has(descriptor)) return;
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') pause();
      else if (code === 'EPIPE') rest = drop(descriptor);
      else throw error;
    }
  }
};

const drop = (descriptor: number): Buffer<ArrayBuffer> => {
  gone.add(descriptor);
  return Buffer.alloc(0);
};

const pause = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
};
