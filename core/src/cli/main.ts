import process from 'node:process';
import {rkt} from './rkt.ts';

export {rkt};

/** The process `rkt`. Everything has been written synchronously by its end; sockets that are kept alive must not delay it. */
export const main = async (): Promise<void> => {
  process.exit(await rkt(process.argv.slice(2)));
};

// The shipped command calls it; from the sources this file is the command.
if (import.meta.main) void main();
