import * as z from 'zod/mini';
import {CAPABILITIES, RLIMITS} from './kernel-names.ts';
import {rootfsPath} from './names.ts';

export const capability = z.enum(CAPABILITIES);
export type Capability = z.infer<typeof capability>;

/** What happens to a system call: `kill` ends the process by SIGSYS (appc EX-39). */
export const seccompAction = z.discriminatedUnion('action', [
  z.strictObject({action: z.literal('allow')}),
  z.strictObject({action: z.literal('errno'), errno: z.int().check(z.minimum(0), z.maximum(4095))}),
  z.strictObject({action: z.literal('kill')}),
]);
export type SeccompAction = z.infer<typeof seccompAction>;

/** A condition on an argument of a system call, taken as an unsigned 64-bit number and combined with `mask` first, if there is one. */
export const seccompArgument = z.strictObject({
  /** 0 to 5. */
  index: z.int().check(z.minimum(0), z.maximum(5)),
  op: z.enum(['eq', 'ne', 'masked-eq']),
  value: z.int(),
  /** Only with `masked-eq`. */
  mask: z.optional(z.int()),
});
export type SeccompArgument = z.infer<typeof seccompArgument>;

/** A compiled filter of the native architecture: `rules` win over `default`; wildcards are already expanded. */
export const seccompFilter = z.strictObject({
  default: seccompAction,
  rules: z.array(
    z.strictObject({
      syscalls: z.array(z.string()),
      outcome: seccompAction,
      /** All must hold for the rule to apply. Absent: always. */
      args: z.optional(z.array(seccompArgument)),
    }),
  ),
});
export type SeccompFilter = z.infer<typeof seccompFilter>;

export const id32 = z.int().check(z.minimum(0), z.maximum(0xffff_fffe));

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
  /**
   * It can neither trace processes that it did not start nor look into them, whatever user it becomes. A pid namespace that it is launched into sees to that, otherwise a Landlock domain (feature
   * `processes/apart`). Absent if it has CAP_SYS_PTRACE or CAP_SYS_ADMIN, which allow just that. Since 1.1.
   */
  apart: z.optional(z.literal(true)),
  seccomp: z.nullable(seccompFilter),
  /** Those that were asked for, and `nofile`: 1024 by default, with the hard limit of rkt's caller up to 1048576. All others are the caller's. `null` is unlimited. */
  rlimits: z.array(z.strictObject({name: z.enum(RLIMITS), soft: z.nullable(z.int()), hard: z.nullable(z.int())})),
  /** Its AppArmor profile. Absent: AppArmor decides by itself. Since 1.1. */
  apparmorProfile: z.optional(z.string()),
  /** Its SELinux context, `user:role:type:level`. Absent: SELinux decides by itself. Since 1.1. */
  selinuxContext: z.optional(z.string()),
  /** `null` leaves the caller's. */
  oomScoreAdj: z.nullable(z.int().check(z.minimum(-1000), z.maximum(1000))),
});
export type Process = z.infer<typeof process>;
/** The parts of a process that isolators decide. */
export type IsolatedField = Exclude<
  keyof Process,
  'apart' | 'argv' | 'cwd' | 'env' | 'gid' | 'groups' | 'uid' | 'umask'
>;

/** Numbers of processors or memory nodes, ascending. */
export const numbers = z.array(z.int().check(z.nonnegative())).check(z.minLength(1));

export const bytesByPageSize = z.record(z.string(), z.int().check(z.nonnegative()));

/** Limits of a cgroup, in the kernel's base units; absent ones are not set. */
export const cgroupLimits = z.strictObject({
  /** Bytes, hard. */
  memoryMax: z.optional(z.int()),
  /** Bytes reclaimed last (the appc `request`). */
  memoryLow: z.optional(z.int()),
  /** Bytes of swap: 0, so that memory beyond `memoryMax` does not just go to swap. Since 1.1. */
  memorySwapMax: z.optional(z.int().check(z.minimum(0), z.maximum(0))),
  /** Thousandths of a core. */
  cpuMax: z.optional(z.int()),
  /** v1 scale: 1024 is the default, 2 to 262144. */
  cpuShares: z.optional(z.int()),
  /** The processors that it may run on. Since 1.1. */
  cpus: z.optional(numbers),
  /** The nodes that it may have memory of. Since 1.1. */
  memoryNodes: z.optional(numbers),
  /** Bytes of huge pages, used and reserved each, by the size of a page in bytes. Since 1.1. */
  hugepages: z.optional(bytesByPageSize),
  pidsMax: z.optional(z.int()),
  /** Bytes per second, read and written each, of every disk. Since 1.1. */
  ioBandwidth: z.optional(z.int()),
  /** Operations per second, reads and writes each, of every disk. Since 1.1. */
  ioOperations: z.optional(z.int()),
});
export type CgroupLimits = z.infer<typeof cgroupLimits>;
