import {existsSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';

/** What starts this very rkt: the command beside what was built, or, of sources, this process's own program and arguments. */
export const ownCommand = (): string[] => {
  const built = join(import.meta.dirname, '../bin/rkt');
  return existsSync(built) ? [built] : [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
};
