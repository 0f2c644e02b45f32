import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';
import type {ThreadCall} from './thread-call.ts';

/** linux/landlock.h */
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const ACCESS_FS_REFER = 1n << 13n;

/** Version of Landlock's interface here (landlock(7)); 0 where the kernel has none, or it is switched off. */
export const landlockVersion = (): number => {
  try {
    return syscall('landlock_create_ruleset', [null, 0, CREATE_RULESET_VERSION]);
  } catch (error) {
    if (isErrno(error, 'ENOSYS', 'EOPNOTSUPP', 'EPERM')) return 0;
    throw error;
  }
};

/**
 * What takes a thread into a Landlock domain of its own, and with it all that it starts: whatever is outside cannot be traced or looked into from there by ptrace(2) and
 * /proc/PID, whichever users and capabilities meet. A domain has to rule something else besides: links and renames between directories, which it allows below
 * `root` as they were; mounts cannot be made in it. Takes CAP_SYS_ADMIN or no-new-privileges, and version 2.
 */
export const ownDomain = (root: Fd): ThreadCall => {
  const handled = Buffer.alloc(8);
  handled.writeBigUInt64LE(ACCESS_FS_REFER);
  // Closed on exec, as the kernel makes it.
  const ruleset = syscall('landlock_create_ruleset', [handled, handled.length, 0]);
  /** `struct landlock_path_beneath_attr`, packed. */
  const beneath = Buffer.alloc(12);
  beneath.writeBigUInt64LE(ACCESS_FS_REFER);
  beneath.writeInt32LE(root.number, 8);
  syscall('landlock_add_rule', [ruleset, RULE_PATH_BENEATH, beneath, 0]);
  return {name: 'landlock_restrict_self', args: [ruleset, 0], what: 'Landlock domain'};
};
