import * as z from 'zod/mini';
import {hostPath} from './names.ts';
import {capability} from './process.ts';

/** What the core found out about this host. The only thing besides the pod that a flavor may look at. */
export const hostFacts = z.strictObject({
  kernel: z.strictObject({release: z.string(), major: z.int(), minor: z.int()}),
  arch: z.enum(['x86_64', 'aarch64']),
  uid: z.int(),
  /** Permitted and in the bounding set of rkt itself. */
  capabilities: z.array(capability),
  cgroup: z.strictObject({
    mode: z.enum(['none', 'v1', 'hybrid', 'v2']),
    hierarchies: z.array(
      z.strictObject({
        version: z.union([z.literal(1), z.literal(2)]),
        mountPoint: hostPath,
        /** v1: those of the hierarchy (`name=systemd` included); v2: those of the root. */
        controllers: z.array(z.string()),
        /** cgroup of rkt itself in this hierarchy. */
        own: z.string(),
      }),
    ),
    /** Controllers in which a limit can be set here, of any hierarchy. */
    controllers: z.array(z.string()),
    /** Cgroup, in each hierarchy, below which pods get theirs. */
    parent: z.string(),
  }),
  filesystems: z.array(z.string()),
  lsm: z.strictObject({selinux: z.boolean(), apparmor: z.boolean()}),
  seccomp: z.boolean(),
  userNamespaces: z.boolean(),
  /** Hard limits of rkt itself; `null` is unlimited. */
  hardLimits: z.record(z.string(), z.nullable(z.int())),
  oomScoreAdj: z.int(),
  memoryBytes: z.int(),
  cpus: z.int(),
  /** The programs that the flavor's declaration names, found in fixed system directories, never by `PATH`. */
  programs: z.record(z.string(), z.nullable(z.strictObject({path: hostPath, version: z.string()}))),
});
export type HostFacts = z.infer<typeof hostFacts>;

/** Something about this host that matters to a flavor. */
export const finding = z.strictObject({
  /** `missing`: the flavor cannot run here. `degraded`: some promise does not hold. `note`: worth knowing. */
  severity: z.enum(['missing', 'degraded', 'note']),
  what: z.string(),
  fix: z.optional(z.string()),
});
export type Finding = z.infer<typeof finding>;
