import * as z from 'zod/mini';
import {rootfsPath} from './names.ts';

/** Linux capabilities in the order of their numbers (linux/capability.h, up to 6.18). */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;
export const capability = z.enum(CAPABILITIES);
export type Capability = z.infer<typeof capability>;

/** The kernel's resource limits, without `RLIMIT_`, in the order of their numbers (asm-generic/resource.h). */
export const RLIMITS = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nproc',
  'nofile',
  'memlock',
  'as',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
] as const;
export type RlimitName = (typeof RLIMITS)[number];

/** What happens to a system call: `kill` ends the process by SIGSYS (appc EX-39). */
export const seccompAction = z.discriminatedUnion('action', [
  z.strictObject({action: z.literal('allow')}),
  z.strictObject({action: z.literal('errno'), errno: z.int().check(z.minimum(0), z.maximum(4095))}),
  z.strictObject({action: z.literal('kill')}),
]);
export type SeccompAction = z.infer<typeof seccompAction>;

/** A compiled filter of the native architecture: `rules` win over `default`; wildcards are already expanded. */
export const seccompFilter = z.strictObject({
  default: seccompAction,
  rules: z.array(z.strictObject({syscalls: z.array(z.string()), outcome: seccompAction})),
});
export type SeccompFilter = z.infer<typeof seccompFilter>;

const id32 = z.int().check(z.minimum(0), z.maximum(0xffff_fffe));

/**
 * The one compiled description of what an app's process must be. `run` and `enter` apply it, `status --verify` compares the
 * kernel with it; no flavor and no guest computes any of it a second time.
 */
export const process = z.strictObject({
  /** `argv[0]` is looked up like `execvp` with the app's own PATH, inside the rootfs (appc IM-15). */
  argv: z.array(z.string()).check(z.minLength(1)),
  /** In order, names unique. */
  env: z.array(z.strictObject({name: z.string(), value: z.string()})),
  cwd: rootfsPath,
  uid: id32,
  gid: id32,
  /** Supplementary groups, without `gid`. */
  groups: z.array(id32),
  umask: z.int().check(z.minimum(0), z.maximum(0o777)),
  capabilities: z.strictObject({
    /** Upper bound of what this process and its descendants can ever have. Inheritable is always empty. */
    bounding: z.array(capability),
    /** Effective and permitted after execve; the bounding set for uid 0, else the ambient set. */
    effective: z.array(capability),
    ambient: z.array(capability),
  }),
  noNewPrivileges: z.boolean(),
  seccomp: z.nullable(seccompFilter),
  /** Only what differs from what rkt's caller has. `null` is unlimited. */
  rlimits: z.array(z.strictObject({name: z.enum(RLIMITS), soft: z.nullable(z.int()), hard: z.nullable(z.int())})),
  /** `null` leaves the caller's. */
  oomScoreAdj: z.nullable(z.int().check(z.minimum(-1000), z.maximum(1000))),
});
export type Process = z.infer<typeof process>;

/** Limits of a cgroup, in the kernel's base units; absent ones are not set. */
export const cgroupLimits = z.strictObject({
  /** Bytes, hard. */
  memoryMax: z.optional(z.int()),
  /** Bytes reclaimed last (the appc `request`). */
  memoryLow: z.optional(z.int()),
  /** Thousandths of a core. */
  cpuMax: z.optional(z.int()),
  /** v1 scale: 1024 is the default, 2 to 262144. */
  cpuShares: z.optional(z.int()),
  pidsMax: z.optional(z.int()),
});
export type CgroupLimits = z.infer<typeof cgroupLimits>;
