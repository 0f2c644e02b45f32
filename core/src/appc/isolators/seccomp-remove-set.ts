import {APP} from './definition.ts';
import {syscallSet} from './syscall-set.ts';

/** The system calls that are blocked (appc EX-37, EX-42). */
export const seccompRemoveSet = {scopes: APP, excludes: 'os/linux/seccomp-retain-set', value: syscallSet};
