import {APP} from './definition.ts';
import {syscallSet} from './syscall-set.ts';

/** The system calls that are not blocked (appc EX-38, EX-42). */
export const seccompRetainSet = {scopes: APP, excludes: 'os/linux/seccomp-remove-set', value: syscallSet};
