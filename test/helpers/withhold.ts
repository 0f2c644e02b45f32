import {execFileSync} from 'node:child_process';
import {closeSync, constants, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {until} from './until.ts';

/** Has whoever reads a file wait in it, for as long as the test wants. */
export const withhold = (file: string) => {
  const content = readFileSync(file);
  rmSync(file);
  execFileSync('mkfifo', [file]);
  let fifo: number | undefined;
  return {
    /** Once somebody waits. */
    reached: () =>
      until(() => {
        try {
          fifo = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
          return true;
        } catch {
          return false;
        }
      }),
    /** Puts the file back for everybody else, wherever its directory is now, if it is. */
    restore: (directory = path.dirname(file)) => {
      const now = path.join(directory, path.basename(file));
      rmSync(now);
      writeFileSync(now, content);
    },
    /** Lets the reader go on with it. */
    release: () => {
      if (fifo === undefined) throw new Error(`nobody has read ${file}`);
      writeFileSync(fifo, content);
      closeSync(fifo);
    },
  };
};
