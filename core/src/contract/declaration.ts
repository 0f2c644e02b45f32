import * as z from 'zod/mini';
import type {IsolatorMap} from './isolators.ts';
import {type Support, support} from './support.ts';

/** What a pod may ask for besides isolators. */
export const FEATURES = [
  /** More than one app in a pod (appc PO-01). */
  'apps/many',
  /** The pod uses no devices but those of `Pod.devices`. Where this cannot be had, no app has CAP_MKNOD. Since 1.1. */
  'devices/policy',
  'event-handlers',
  'hostname',
  'ipc/host',
  'ipc/private',
  /**
   * A pod with a machine of its own has to itself what tells machines apart, however that has been started: random numbers to come, the id of the boot, addresses of network cards; and the time is
   * right in it. No pod asks for it; a flavor says whether it holds. Since 1.1.
   */
  'machine/unique',
  'network/host',
  'network/named',
  'network/none',
  /** The pod has cards in a network namespace that somebody has prepared for it (`Pod.network.prepared`); rkt's command asks for none. Since 1.1. */
  'network/prepared',
  /**
   * Whoever started rkt and wants to be told (`HostFacts.notifySocket`) learns that the pod is ready: when its apps have been started, or of an app with `App.notifies` when that says so
   * itself. Where it cannot be had the operator is told, and the pod runs. Since 1.1.
   */
  'notify',
  'pid/private',
  'ports',
  /**
   * Processes outside of the pod can neither be traced nor looked into (/proc/PID/root, mem, fd, environ) by its apps, whoever they become. Asked for by rkt for
   * apps with neither CAP_SYS_PTRACE nor CAP_SYS_ADMIN (`Process.apart`). Since 1.1.
   */
  'processes/apart',
  /**
   * Processes that are not the app's own, of the host or a supervisor in the pod, and the kernel itself are closed to an app that retains CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE,
   * CAP_SYS_RAWIO, CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH without a user namespace. Since 1.1.
   */
  'processes/closed',
  /** Apps that are started again when they have ended. Since 1.1. */
  'restart',
  'rootfs/overlay',
  'rootfs/read-only',
  'socket-activation',
  /**
   * Of files and sockets among the standard streams of rkt's caller that an app inherits, the app only reads and writes: it changes no mode, flag or lease of them.
   * Since 1.1.
   */
  'stdio/inherited',
  'stdio/journal',
  'stdio/log',
  'stdio/stream',
  'stdio/terminal',
  /** An app with a user, a group or further groups that are not root's. Since 1.1. */
  'user',
  'user-namespace',
  'volume/device',
  'volume/empty',
  'volume/host',
  /** A volume of the host in which mounts that come later, on either side, are there on the other, too. Since 1.1. */
  'volume/shared',
  /** A volume of the host into which mounts come that are made below its source later. Since 1.1. */
  'volume/slave',
  /** A volume below /sys, over what the kernel shows there and over what is hidden of it. Since 1.1. */
  'volume/sys',
  /** Apps that are ended when they have not said in time that they are alive. Since 1.1. */
  'watchdog',
  /** resolv.conf, /etc/hosts entries. */
  'dns',
  /** Today's masked and read-only paths of /proc and /sys. */
  'kernel-paths/masked',
] as const;
/** Minor versions of the contract that brought a feature. A flavor for an earlier one need not know it, and is then asked for none. */
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
  'app-add',
  'app-rm',
  'app-start',
  'app-stop',
  'attach',
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

/** What a virtual machine starts with: the newest kernel of the host's distribution, unless the operator wants another, and an initial file system. */
const guestSystem = z.strictObject({
  /** Where the kernel is in the image, uncompressed (`vmlinux`, with the PVH entry). */
  kernel: absolute,
  /** Where the initial file system is in the image: a cpio archive with what follows. */
  initramfs: absolute,
  /** A static program of the flavor's package, which becomes `/init`. */
  init: packagePath,
  /** Programs of the host, with their libraries. */
  programs: z.array(absolute),
  /** The QEMU among the image's programs, which proves what `HostFacts.accelerator` says. Absent: nothing is proved. */
  emulator: z.optional(absolute),
  /** Where the image says which kernel it has: what `HostFacts.guestKernel` is read from. Absent: it does not. */
  about: z.optional(absolute),
  /** The configuration of a smaller kernel, a file of the flavor's package (`make allnoconfig` of Linux with these lines): what `rkt flavor build --kernel=small` makes, which needs no modules. Absent: there is none. */
  small: z.optional(packagePath),
  /** Modules of the distribution's kernel; with those that they need they are in `/modules`, their names in the order in which they can be loaded in `/modules/order`. */
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
   * Programs of the host that the flavor wants in `HostFacts.programs`: by name, found in fixed directories, with their version; or by absolute path, which
   * are only looked for (`version` is empty).
   */
  programs: z.optional(z.array(z.string())),
  /**
   * The flavor's programs may come from an image, whose manifest names the flavor: `HostFacts.programs` are of the image then, and `Pod.stage1` has its
   * tree. The image has these directories besides. Absent: the flavor takes no image. Since 1.1.
   */
  stage1Image: z.optional(
    z.strictObject({
      directories: z.array(absolute),
      /** There is no way to run the flavor with the host's own programs: `--stage1=NAME` takes the image that `rkt flavor build NAME` has made. Default false. */
      required: z.optional(z.boolean()),
      /** Programs of the host that `rkt flavor build` takes. Default: those of the declaration. */
      programs: z.optional(z.array(absolute)),
      /** Files of the host that they need besides their libraries, where the host has them. */
      files: z.optional(z.array(absolute)),
      /** Programs that come with the flavor: a path in its package, and where it is in the image. One of machine code can be executed by everybody, and read by root alone: its user does not get at its memory; not so a library (`.so`). */
      ownFiles: z.optional(z.array(z.strictObject({from: packagePath, to: absolute}))),
      machine: z.optional(guestSystem),
    }),
  ),
  /** How `rkt` knows that a pod runs: the lock's descriptor stays with the launched program, or the pod's cgroup has processes. */
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
