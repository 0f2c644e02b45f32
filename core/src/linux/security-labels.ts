import {existsSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {labelRefused} from './errors.ts';
import {isSystemError} from './syscall-error.ts';

/** Of the thread that calls execve: proc_pid_attr(5). */
const ATTRIBUTES = '/proc/thread-self/attr';

/**
 * Has a security module give the program that this thread becomes, and no other, a profile or context. AppArmor has a directory of its own there since Linux 5.8.
 * @throws RKT_LABEL_REFUSED for one that the module does not know or does not allow
 */
export const confineNextProgram = (module: 'AppArmor' | 'SELinux', label: string, attributes = ATTRIBUTES): void => {
  const common = path.join(attributes, 'exec');
  const own = path.join(attributes, 'apparmor/exec');
  const [file, text] = module === 'SELinux' ? [common, label] : [existsSync(own) ? own : common, `exec ${label}`];
  try {
    writeFileSync(file, text, {flag: 'r+'});
  } catch (cause) {
    throw isSystemError(cause) ? labelRefused(module, label, cause) : cause;
  }
};
