import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';
import type {ThreadCall} from './thread-call.ts';

/** linux/keyctl.h */
const KEYCTL_GET_KEYRING_ID = 0;
const KEYCTL_JOIN_SESSION_KEYRING = 1;
const KEY_SPEC_SESSION_KEYRING = -3;

/**
 * Leaves the session keyring of rkt's caller, which every program inherits, with the keys in it (S35), for an empty one. To be called as the user of the program, who owns
 * it. Nothing where the kernel has no keys for rkt, and then for no program either.
 */
export const newSessionKeyring = (): ThreadCall[] => {
  try {
    syscall('keyctl', [KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0]);
  } catch (error) {
    if (isErrno(error, 'ENOSYS', 'EPERM')) return [];
    // ENOKEY and others: there is none, but could be.
  }
  return [{name: 'keyctl', args: [KEYCTL_JOIN_SESSION_KEYRING, 0], what: 'session keyring'}];
};
