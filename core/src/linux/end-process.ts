import {dismissCompanions} from './companions.ts';
import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

let underFilter = false;

/** From now on this process may not make calls that Node.js needs to come to an end: it would abort, and its status be another. */
export const expectFilter = (): void => {
  underFilter = true;
};

/** Ends this process: by Node.js, or by the one call under a filter that was meant for a program which could not be started. */
export const endProcess = (status: number): never => {
  dismissCompanions();
  if (underFilter) {
    try {
      syscall('exit_group', [status]);
    } catch (error) {
      // Not even that. What Node.js makes of it is an end, too.
      if (!(error instanceof SyscallError)) throw error;
    }
  }
  process.exit(status);
};
