import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {rootless} from './rootless.ts';
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

/** Sockets of an abstract name, and signals (struct landlock_ruleset_attr, `scoped`). */
const SCOPE = {abstractSockets: 1n, signals: 2n} as const;
/** Bytes of `struct landlock_ruleset_attr`: file systems, network, scopes. */
const ATTRIBUTES = {first: 8, whole: 24} as const;

/** From here on a domain can keep those in it from the abstract sockets of others, and from signalling them. */
const LANDLOCK_WITH_SCOPES = 6;

interface Domain {
  /** Who can be signalled from inside: those in the domain alone, or others as well. Nobody joins a domain, so that what enters a pod has `all`: it would not reach the app. */
  readonly signals: 'own' | 'all';
}

/**
 * What takes a thread into a Landlock domain of its own, and with it all that it starts: whatever is outside cannot be traced or looked into from there by ptrace(2) and
 * /proc/PID, whichever users and capabilities meet. A domain has to rule something else besides: links and renames between directories, which it allows below
 * `root` as they were; mounts cannot be made in it. Takes CAP_SYS_ADMIN or no-new-privileges, and version 2.
 *
 * Of an ordinary user, whose own sockets and processes take every process of the user for the user, it reaches no abstract sockets but those of the domain, and with `signals` `own` signals nobody else,
 * from version {@link LANDLOCK_WITH_SCOPES} on.
 */
export const ownDomain = (root: Fd, {signals}: Domain): ThreadCall => {
  const isScoped = rootless() !== undefined && landlockVersion() >= LANDLOCK_WITH_SCOPES;
  const handled = Buffer.alloc(isScoped ? ATTRIBUTES.whole : ATTRIBUTES.first);
  handled.writeBigUInt64LE(ACCESS_FS_REFER);
  if (isScoped) handled.writeBigUInt64LE(SCOPE.abstractSockets | (signals === 'own' ? SCOPE.signals : 0n), 16);
  // Closed on exec, as the kernel makes it.
  const ruleset = syscall('landlock_create_ruleset', [handled, handled.length, 0]);
  /** `struct landlock_path_beneath_attr`, packed. */
  const beneath = Buffer.alloc(12);
  beneath.writeBigUInt64LE(ACCESS_FS_REFER);
  beneath.writeInt32LE(root.number, 8);
  syscall('landlock_add_rule', [ruleset, RULE_PATH_BENEATH, beneath, 0]);
  return {name: 'landlock_restrict_self', args: [ruleset, 0], what: 'Landlock domain'};
};
