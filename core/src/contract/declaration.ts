import * as z from 'zod/mini';
import type {IsolatorMap} from './isolators.ts';
import {type Support, support} from './support.ts';

/** What a pod may ask for besides isolators. */
export const FEATURES = [
  /** More than one app in a pod (appc PO-01). */
  'apps/many',
  /** The pod uses no devices but those of `Pod.devices`. Where this cannot be had, no app has CAP_MKNOD. Since 1.1. */
  'devices/policy',
  /** Programs of an app that run before it (`pre-start`) and after it (`post-stop`). */
  'event-handlers',
  /** A host name of the pod's own. */
  'hostname',
  /** The host's IPC namespace: its System V memory, semaphores and queues, and its POSIX message queues. */
  'ipc/host',
  /** An IPC namespace of the pod's own. A pod of an ordinary user has one unless it asks for the host's. */
  'ipc/private',
  /**
   * Each virtual machine has for itself what tells machines apart, however it was started (booted, or from a saved one): its future random numbers, the id of its boot, the addresses of its network cards; and its
   * clock is right. No pod asks for it; a flavor says whether it holds. Since 1.1.
   */
  'machine/unique',
  /** The host's network. */
  'network/host',
  /** Networks that are named by `--net` (`Pod.network.names`). rkt's command has none yet. */
  'network/named',
  /** No network but a loopback of the pod's own. */
  'network/none',
  /** The pod has network cards in a namespace that was prepared for it (`Pod.network.prepared`). rkt's command asks for none yet. Since 1.1. */
  'network/prepared',
  /**
   * rkt's caller is told when the pod is ready, if it wants to know (`HostFacts.notifySocket`): when the apps have been started; those with `App.notifies`, when they say so
   * themselves. A flavor that cannot do this is not refused: the operator is told, and the pod runs. Since 1.1.
   */
  'notify',
  /** Process numbers of the pod's own. No pod asks for it yet. */
  'pid/private',
  /** Ports of the host that are forwarded to the pod (`Port.hostPort`). */
  'ports',
  /**
   * Apps can neither trace processes outside the pod nor look into them (/proc/PID/root, mem, fd, environ), whatever user they become. rkt asks for it for
   * apps with neither CAP_SYS_PTRACE nor CAP_SYS_ADMIN (`Process.apart`). Since 1.1.
   */
  'processes/apart',
  /**
   * An app that retains CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH without a user namespace still cannot get at
   * other processes, of the host or of a supervisor in the pod, nor at the kernel. Since 1.1.
   */
  'processes/closed',
  /** Apps that are started again after they have ended (`App.restart`). Since 1.1. */
  'restart',
  /** The app's files are layers that pods share, below an overlay of its own. `rkt export` finds what the app has written in `upper`, or where the flavor has kept it instead (`CHANGES` of the SDK, since 1.1). */
  'rootfs/overlay',
  /** The app cannot write to its root file system (`App.readOnlyRootfs`). */
  'rootfs/read-only',
  /** Sockets that rkt's caller has passed reach the app (`Port.socketActivated`). */
  'socket-activation',
  /**
   * An app can only read and write the files and sockets that it inherits as standard streams from rkt's caller: it cannot change their mode, flags or leases.
   * Since 1.1.
   */
  'stdio/inherited',
  /** Streams that go to a journal of the pod. Since 1.1. */
  'stdio/journal',
  /** Streams that go to a file of the pod, of which rkt keeps `Pod.logSize` bytes. */
  'stdio/log',
  /** Streams that are those of rkt's caller. */
  'stdio/stream',
  /** Streams that are the terminal of an interactive pod. */
  'stdio/terminal',
  /** An app whose user, group or supplementary groups are not root's. Since 1.1. */
  'user',
  /** User and group ids of the pod's own (`Pod.idMap`). */
  'user-namespace',
  /** A volume that is a device of the host. */
  'volume/device',
  /** A volume that is made for the pod and removed with it. */
  'volume/empty',
  /** A volume that is a directory or file of the host. */
  'volume/host',
  /** A volume of the host with propagation both ways: later mounts on either side appear on the other. Since 1.1. */
  'volume/shared',
  /** A volume of the host with propagation into the pod: later mounts below its source appear in the pod. Since 1.1. */
  'volume/slave',
  /** A volume below /sys, over what the kernel shows there or over what is hidden there. Since 1.1. */
  'volume/sys',
  /** Apps that are ended if they do not say in time that they are alive (`App.watchdogSeconds`). Since 1.1. */
  'watchdog',
  /** `/etc/resolv.conf` and `/etc/hosts` as the pod asks for them. */
  'dns',
  /** Paths of /proc and /sys are hidden or read-only (`Pod.maskedPaths`, `Pod.readOnlyPaths`). */
  'kernel-paths/masked',
] as const;
/** The minor version of the contract that brought a feature. A flavor for an earlier version need not know it, and is not asked for it. */
export const FEATURES_SINCE: Readonly<Record<string, number>> = {
  'devices/policy': 1,
  'machine/unique': 1,
  'network/prepared': 1,
  notify: 1,
  'processes/apart': 1,
  'processes/closed': 1,
  restart: 1,
  'stdio/inherited': 1,
  'stdio/journal': 1,
  user: 1,
  'volume/shared': 1,
  'volume/slave': 1,
  'volume/sys': 1,
  watchdog: 1,
};
export type Feature = (typeof FEATURES)[number];

/** What an operator may do to a pod. */
export const VERBS = [
  /** Adds an app to a running pod. rkt has no command for this and the next three yet. */
  'app-add',
  'app-rm',
  'app-start',
  'app-stop',
  /** Connects to the streams of a running app. rkt has no command for it yet. */
  'attach',
  /** Starts another program in a running pod. */
  'enter',
  /** The apps' exit statuses are recorded in the pod, not only returned to the caller. */
  'exit-status',
  'gc',
  'logs',
  'ready',
  'run',
  'stats',
  'stop',
] as const;
export type Verb = (typeof VERBS)[number];

/** How far a flavor isolates, for policies and comparisons. */
export const PROPERTIES = [
  'host-ipc',
  'host-network',
  'host-pid',
  'own-ipc',
  'own-kernel',
  'own-network',
  'own-pid',
  'own-user-ids',
  'rootless',
] as const;
export type Property = (typeof PROPERTIES)[number];

const absolute = z.string().check(z.regex(/^(\/[^/\0]+)+$/), z.maxLength(4096));
/** Below the flavor's package, without `..`. */
const packagePath = z.string().check(z.regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\0][^\0]*$/), z.maxLength(1024));

/** What a virtual machine starts with: a kernel (the newest of the host's distribution, unless the operator wants another) and an initial file system. */
const guestSystem = z.strictObject({
  /** Where the kernel is in the image, uncompressed (`vmlinux`, with the PVH entry). */
  kernel: absolute,
  /** Where the initial file system is in the image: a cpio archive of `init`, `programs` and `modules`. */
  initramfs: absolute,
  /** A static program in the flavor's package, which becomes `/init`. */
  init: packagePath,
  /** Programs of the host, with their libraries. */
  programs: z.array(absolute),
  /** The QEMU among the image's programs: rkt starts a tiny guest with it to find out `HostFacts.accelerator`. Absent: there is no such fact. */
  emulator: z.optional(absolute),
  /** The file of the image that says which kernel it has, from which `HostFacts.guestKernel` comes. Absent: there is none. */
  about: z.optional(absolute),
  /** A file in the flavor's package with the configuration of a smaller kernel without modules (lines on top of Linux's `make allnoconfig`), for `rkt flavor build --kernel=small`. Absent: there is no small kernel. */
  small: z.optional(packagePath),
  /** Modules of the distribution's kernel. They and those that they need are put into `/modules`; `/modules/order` has their names in the order in which they can be loaded. */
  modules: z.array(z.string().check(z.regex(/^[a-z0-9_]+$/))),
});
export type GuestSystem = z.infer<typeof guestSystem>;

const shape = {
  /** An AC Name; also the name of the package after `@rkt/flavor-` for a built-in. */
  name: z.string().check(z.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), z.maxLength(64)),
  /** Semver of the flavor itself. */
  version: z.string(),
  /** Range of contract versions it was written for: `^1.0`. Refused at load when the core's is outside. */
  contract: z.string(),
  /** One sentence for `rkt flavor list`. */
  summary: z.string(),
  properties: z.array(z.enum(PROPERTIES)),
  /**
   * Programs of the host that the flavor wants in `HostFacts.programs`. One given by name is searched in fixed directories and asked for its version; one given by absolute path is
   * only looked for (`version` is empty).
   */
  programs: z.optional(z.array(z.string())),
  /**
   * The flavor's programs may come from an image, whose manifest names the flavor: `HostFacts.programs` are then those of the image, and `Pod.stage1` has its
   * tree. `directories` are empty directories of the image. Absent: the flavor takes no image. Since 1.1.
   */
  stage1Image: z.optional(
    z.strictObject({
      directories: z.array(absolute),
      /** The flavor cannot run with the host's own programs: `--stage1=NAME` takes the image that `rkt flavor build NAME` has made. Default false. */
      required: z.optional(z.boolean()),
      /** Programs of the host that `rkt flavor build` puts into the image. Default: `programs` of the declaration. */
      programs: z.optional(z.array(absolute)),
      /** Files of the host that these programs need besides their libraries; those that the host lacks are left out. */
      files: z.optional(z.array(absolute)),
      /** Programs that come with the flavor: a path in its package, and one in the image. An executable (not a library, `.so`) can be executed by everybody and read by root alone, so that whoever runs it cannot get at its memory. */
      ownFiles: z.optional(z.array(z.strictObject({from: packagePath, to: absolute}))),
      machine: z.optional(guestSystem),
    }),
  ),
  /** How `rkt` knows that a pod runs. `lock`: the launched program keeps the descriptor of the pod's lock. `cgroup`: the pod's cgroup has processes. */
  liveness: z.enum(['lock', 'cgroup']),
};

export const declaration = z.strictObject({
  ...shape,
  isolators: z.record(z.string(), support),
  features: z.record(z.string(), support),
  verbs: z.record(z.string(), support),
});

/** What a flavor is and what it promises: for every isolator, feature and verb, one level with its mechanism or consequence. */
export interface Declaration extends z.infer<z.ZodMiniObject<typeof shape>> {
  readonly isolators: {readonly [K in keyof IsolatorMap]: Support};
  readonly features: {readonly [F in Feature]: Support};
  readonly verbs: {readonly [V in Verb]: Support};
}
