import process from 'node:process';
import {endProcess} from '../linux/end-process.ts';
import {setUmask} from '../linux/umask.ts';
import {rkt} from './rkt.ts';

export {rkt};

/** The process `rkt`. Everything has been written synchronously by its end; sockets that are kept alive must not delay it. */
export const main = async (): Promise<void> => {
  setUmask();
  endProcess(await rkt(process.argv.slice(2)));
};

// The shipped command calls it; from the sources this file is the command.
if (import.meta.main) void main();
