import * as z from 'zod/mini';
import {deviceRule} from './devices.ts';
import {hostPath} from './names.ts';
import {capability} from './process.ts';

/** A socket that rkt's caller passed to it (sd_listen_fds(3)). */
export const passedSocket = z.strictObject({
  family: z.enum(['inet', 'inet6', 'unix', 'other']),
  protocol: z.enum(['tcp', 'udp', 'sctp', 'other']),
  /** Whether it is of the type SOCK_STREAM. */
  stream: z.boolean(),
  /** The address it is bound to: four decimal numbers, or eight hexadecimal ones; empty for other families. */
  address: z.string(),
  /** 0 for other families. */
  port: z.int(),
});
export type PassedSocket = z.infer<typeof passedSocket>;

export const GUEST_KERNELS = ['distribution', 'given', 'small'] as const;

/** The kernel that a virtual machine starts with, as its image says. */
export const guestKernel = z.strictObject({
  /** The distribution's, with modules; one that the operator has given; or a small one, compiled from the distribution's source with the flavor's configuration. */
  kind: z.enum(GUEST_KERNELS),
  /** `6.1.0-56-amd64` */
  release: z.string().check(z.maxLength(256)),
  /** The package or file that it comes from. */
  from: z.string().check(z.maxLength(4096)),
});
export type GuestKernel = z.infer<typeof guestKernel>;

/** What the core has found out about this host: besides the pod the only thing that a flavor may look at. */
export const hostFacts = z.strictObject({
  kernel: z.strictObject({release: z.string(), major: z.int(), minor: z.int()}),
  arch: z.enum(['x86_64', 'aarch64']),
  uid: z.int(),
  /** Those that are permitted to rkt itself and in its bounding set. */
  capabilities: z.array(capability),
  cgroup: z.strictObject({
    mode: z.enum(['none', 'v1', 'hybrid', 'v2']),
    hierarchies: z.array(
      z.strictObject({
        version: z.union([z.literal(1), z.literal(2)]),
        mountPoint: hostPath,
        /** v1: those of the hierarchy (`name=systemd` included); v2: those of the root. */
        controllers: z.array(z.string()),
        /** The cgroup of rkt itself in this hierarchy. */
        own: z.string(),
      }),
    ),
    /** The controllers, of any hierarchy, in which limits can be set here. */
    controllers: z.array(z.string()),
    /** The cgroup, in each hierarchy, below which pods get theirs. */
    parent: z.string(),
    /** The whole disks, by number (`8:0`), which limits of block devices are about. Since 1.1. */
    disks: z.optional(z.array(z.string())),
    /** How a cgroup limits devices here: by a program in v2, or by the controller of v1. Absent: not at all. Since 1.1. */
    devicePolicy: z.optional(z.enum(['program', 'controller'])),
  }),
  filesystems: z.array(z.string()),
  lsm: z.strictObject({
    selinux: z.boolean(),
    apparmor: z.boolean(),
    /** The version of Landlock's interface. Absent: there is no Landlock. Since 1.1. */
    landlock: z.optional(z.int()),
  }),
  seccomp: z.boolean(),
  userNamespaces: z.boolean(),
  /**
   * rkt is only root of a user namespace, as an ordinary user has it. File systems of the kernel that belong to the host, such as sysfs, can then be bound but not mounted anew. Absent: rkt is root of the host.
   * Since 1.1.
   */
  rootless: z.optional(
    z.strictObject({
      /** A pod has the users 0 to `users` − 1, and no others. */
      users: z.int(),
      /** The same for groups. */
      groups: z.int(),
      /** Whether supplementary groups can be changed. If not, processes keep those of the user. */
      changesGroups: z.boolean(),
      /** Why there are no subordinate ids: newuidmap and newgidmap are not installed, the user has no range, or rkt runs with no-new-privileges. Absent: there are some, or the reason was not looked for. */
      idsLack: z.optional(z.enum(['programs', 'ranges', 'rights'])),
    }),
  ),
  /** Hard limits of rkt itself; `null` is unlimited. */
  hardLimits: z.record(z.string(), z.nullable(z.int())),
  oomScoreAdj: z.int(),
  memoryBytes: z.int(),
  /** Processors of the host, those that rkt may not use included: the highest number and one. */
  cpus: z.int(),
  /** The programs that the flavor's declaration names; `null`: not found. They are searched in the pod's stage1 image first, if it has one, and in fixed system directories, never by `PATH`. */
  programs: z.record(
    z.string(),
    z.nullable(
      z.strictObject({
        path: hostPath,
        version: z.string(),
        /** What it says that it has been built with, as systemd and crun do in what they answer to `--version`: `APPARMOR`. Absent: it says nothing of that. Since 1.1. */
        features: z.optional(z.array(z.string())),
        /**
         * The program is in an image, and the host may lack its libraries: it is started by this loader of the image, with these arguments before its own path.
         * Since 1.1.
         */
        through: z.optional(z.strictObject({loader: hostPath, arguments: z.array(z.string())})),
      }),
    ),
  ),
  /** The socket by which rkt's caller wants to be told that the pod is ready (sd_notify(3)): the path of one that exists, or `@` and an abstract name. Since 1.1. */
  notifySocket: z.optional(z.string()),
  /** systemd-machined can be asked by D-Bus to list the pod. Absent: it cannot. Since 1.1. */
  machined: z.optional(z.literal(true)),
  /** Devices that rkt's caller gave it as standard streams, without those that every pod has. Absent: there are none. Since 1.1. */
  streamDevices: z.optional(z.array(deviceRule)),
  /** The standard streams of rkt's caller that are terminals. Absent: none is. Since 1.1. */
  terminals: z.optional(z.array(z.enum(['stdin', 'stdout', 'stderr']))),
  /** What runs the code of a pod's virtual machine. Only for a flavor whose image has a machine with an `emulator`. Since 1.1. */
  accelerator: z.optional(
    z.strictObject({
      /** The processor itself (`kvm`), or an emulation of it (`tcg`). */
      name: z.enum(['kvm', 'tcg']),
      /** Why this one. */
      because: z.string(),
      /** The operator wants this one: if a machine does not start with it, no other is tried. Absent: no. */
      forced: z.optional(z.literal(true)),
      /** The character device that it needs. Absent: it needs none, or there is none. */
      device: z.optional(z.strictObject({major: z.int(), minor: z.int()})),
    }),
  ),
  /** The kernel of the pod's virtual machine. Only for a flavor whose image has one and says which. Since 1.1. */
  guestKernel: z.optional(guestKernel),
  /** The operator wants each virtual machine to be booted by itself: none continues from a template. Absent: no. Since 1.1. */
  noTemplates: z.optional(z.literal(true)),
  /** The sockets that were passed with LISTEN_FDS, in order. Absent: there are none. Since 1.1. */
  sockets: z.optional(z.array(passedSocket)),
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
