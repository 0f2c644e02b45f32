import * as z from 'zod/mini';
import {deviceRule} from './devices.ts';
import {type Isolators, isolators} from './isolators.ts';
import {propagation} from './location.ts';
import {appName, hostPath, imageId, podPath, rootfsPath, uuid, volumeName} from './names.ts';
import {cgroupLimits, process} from './process.ts';

const volumeShape = {
  name: volumeName,
  readOnly: z.boolean(),
};

/** A volume of the pod (appc PO-09 to PO-11). Only the operator names host paths; images get `empty` ones. */
export const volume = z.discriminatedUnion('kind', [
  z.strictObject({
    ...volumeShape,
    kind: z.literal('host'),
    source: hostPath,
    /** What the source was when the pod was prepared; checked again when it is opened. */
    type: z.enum(['directory', 'file', 'device']),
    /** If it is a device, its number, as its node may have any name. Since 1.1. */
    device: z.optional(z.strictObject({type: z.enum(['char', 'block']), major: z.int(), minor: z.int()})),
    recursive: z.boolean(),
    /**
     * Whether mounts that are made later below the source appear in the pod (`slave`), or on either side what is mounted on the other (`shared`); by default neither. Never of a read-only volume: neither
     * `ro` nor `nodev` reaches later mounts. Since 1.1.
     */
    propagation: z.optional(propagation),
    /** The operator allowed symlinks in `source` (appc EX-19 to EX-21). */
    followSymlinks: z.boolean(),
  }),
  z.strictObject({
    ...volumeShape,
    kind: z.literal('empty'),
    /** Created at prepare, below the pod's directory, with the mode and owner asked for. */
    directory: podPath,
    mode: z.int(),
    uid: z.int(),
    gid: z.int(),
    /** When the pod is prepared it is filled with what this app's image has at this path, as docker does. Since 1.1. */
    copyUp: z.optional(z.strictObject({app: appName, path: rootfsPath})),
  }),
]);
export type Volume = z.infer<typeof volume>;

/** A volume in an app's file system. Targets do not overlap (appc EX-12). */
export const mount = z.strictObject({volume: volumeName, path: rootfsPath, readOnly: z.boolean()});
export type Mount = z.infer<typeof mount>;

/** Where the app's files come from. */
export const rootfs = z.discriminatedUnion('kind', [
  /** Trees of the store, uppermost first, shared by all pods; what the app writes goes to `upper`. */
  z.strictObject({kind: z.literal('overlay'), lower: z.array(hostPath), upper: podPath, work: podPath}),
  /** A copy of its own, for hosts without overlayfs and for `--no-overlay`. */
  z.strictObject({kind: z.literal('copy'), directory: podPath}),
]);
export type Rootfs = z.infer<typeof rootfs>;

export const port = z.strictObject({
  name: z.string(),
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  port: z.int(),
  count: z.int(),
  socketActivated: z.boolean(),
  hostIp: z.optional(z.string()),
  hostPort: z.optional(z.int()),
});
export type Port = z.infer<typeof port>;

/** What an interface can be called (IFNAMSIZ). */
const interfaceName = z.string().check(z.regex(/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$/));
/** An address of either family. */
const address = z.union([z.ipv4(), z.ipv6()]);
const block = z.union([z.cidrv4(), z.cidrv6()]);

/** A network card of the pod. Since 1.1. */
export const networkInterface = z.strictObject({
  /** A persistent tap (tun(4), IFF_TAP) in the namespace. What it is connected to there is up to whoever made it. */
  tap: interfaceName,
  /** Its name in the pod. */
  name: interfaceName,
  /** Absent: one that is made from the pod's UUID and that no other pod has. */
  mac: z.optional(z.string().check(z.regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, 'no address of one card'))),
  mtu: z.optional(z.int().check(z.minimum(68), z.maximum(65_535))),
  /** With the length of their prefix: `10.1.2.3/24`. */
  addresses: z.array(block),
  /** `via` is the router. Absent: the hosts of `to` are reached directly. */
  routes: z.array(z.strictObject({to: block, via: z.optional(address)})),
});

/** A network namespace that was made before the pod, and what the pod has in it. Since 1.1. */
export const preparedNetwork = z.strictObject({
  /** A file that stands for the namespace: `/run/netns/NAME`, `/proc/PID/ns/net`. */
  namespace: hostPath,
  /** No two of them have the same tap, name or `mac`. */
  interfaces: z.array(networkInterface).check(z.maxLength(8)),
});
export type PreparedNetwork = z.infer<typeof preparedNetwork>;

const input = z.enum(['null', 'stream', 'tty', 'inherit']);
/** `journal` since 1.1. */
const output = z.enum(['null', 'log', 'journal', 'stream', 'tty', 'inherit']);

const appShape = {
  name: appName,
  image: z.strictObject({id: imageId, name: z.string()}),
  rootfs,
  /** Where the rootfs is mounted, relative to the pod's directory. */
  mountPoint: podPath,
  readOnlyRootfs: z.boolean(),
  mounts: z.array(mount),
  process,
  /**
   * Where `process.argv[0]` is in the rootfs, for launchers that do not search PATH themselves. `null`: the image has it in no directory of the app's PATH, though a volume
   * may. Since 1.1.
   */
  executable: z.optional(z.nullable(rootfsPath)),
  /** What happens when the app ends. Default `no`. Since 1.1. */
  restart: z.optional(z.enum(['no', 'on-failure', 'always'])),
  /**
   * With `restart`: at most `times` restarts within `seconds`. If the app ends once more within that time, the pod ends with the app's status, or 1 if that is 0. Absent: there is no
   * limit. Since 1.1.
   */
  restartLimit: z.optional(z.strictObject({times: z.int().check(z.minimum(1)), seconds: z.int().check(z.minimum(1))})),
  /** The app itself tells when it is ready, by sd_notify(3), as its image or the operator says. Since 1.1. */
  notifies: z.optional(z.literal(true)),
  /** With `notifies`: if the app does not say for this many seconds that it is alive (`WATCHDOG=1`), it is ended by SIGABRT. Since 1.1. */
  watchdogSeconds: z.optional(z.int().check(z.minimum(1))),
  limits: cgroupLimits,
  eventHandlers: z.array(z.strictObject({name: z.enum(['pre-start', 'post-stop']), exec: z.array(z.string())})),
  ports: z.array(port),
  /**
   * `stream`: that of rkt's caller. `log`: a file that rkt keeps. `tty`: the terminal of an interactive pod. `inherit`, the default, is `tty` in an
   * interactive pod and `stream` otherwise, but no input for apps in a pod of several. In an interactive pod of several apps, one has `tty` or `stream` as its input; for the others `inherit` is no
   * input, and `log` for output.
   */
  stdio: z.strictObject({stdin: input, stdout: output, stderr: output}),
};
export const app = z.strictObject({...appShape, isolators});

/** An app of a frozen pod: every default applied, every name resolved. */
export interface App extends z.infer<z.ZodMiniObject<typeof appShape>> {
  /** As asked for, for the report; a degraded one is removed before a flavor sees the pod. */
  readonly isolators: Isolators;
}

const podShape = {
  uuid,
  /** The image that the flavor's own programs come from, if not from the host, and its tree in the store. Since 1.1. */
  stage1: z.optional(z.strictObject({image: z.strictObject({id: imageId, name: z.string()}), tree: hostPath})),
  /** The pod's directory while it runs: `<data>/pods/run/<uuid>`. */
  directory: hostPath,
  volumes: z.array(volume),
  limits: cgroupLimits,
  /** The only devices that processes of the pod may open or make nodes of. Absent: all that the host allows. Since 1.1. */
  devices: z.optional(z.array(deviceRule)),
  /** The pod's cgroup, below `HostFacts.cgroup.parent`, the same in every hierarchy. */
  cgroup: z.string(),
  network: z.strictObject({
    /** `prepared` since 1.1. */
    mode: z.enum(['host', 'none', 'named', 'prepared']),
    names: z.array(z.strictObject({name: z.string(), args: z.record(z.string(), z.string())})),
    /** With the mode of that name. Since 1.1. */
    prepared: z.optional(preparedNetwork),
  }),
  hostname: z.nullable(z.string()),
  /** The contents of /etc/hostname: `hostname`, or otherwise the name of the host. Since 1.1. */
  ownName: z.optional(z.string()),
  ipc: z.enum(['auto', 'private', 'host']),
  userNamespace: z.boolean(),
  /** With a user namespace: ids 0 to `count` − 1 of the pod are the host's from `base` on, which belong to no other pod. Since 1.1. */
  idMap: z.optional(z.strictObject({base: z.int(), count: z.int()})),
  /** The whole of /etc/resolv.conf; `null` leaves the app's own file alone. */
  resolvConf: z.nullable(z.string()),
  hosts: z.nullable(z.string()),
  /** Kernel paths hidden and made read-only in each app; empty with `--insecure-options=paths`. */
  maskedPaths: z.array(rootfsPath),
  readOnlyPaths: z.array(rootfsPath),
  interactive: z.boolean(),
  /** How many bytes of each log are kept at least; up to twice that may be on the disk. Default `DEFAULT_LOG_SIZE`. Since 1.1. */
  logSize: z.optional(z.int()),
  debug: z.boolean(),
};
export const pod = z.strictObject({...podShape, apps: z.array(app).check(z.minLength(1)), isolators});

/** A pod after stage0: reified (appc PO-03), deep-frozen, free of host state. */
export interface Pod extends z.infer<z.ZodMiniObject<typeof podShape>> {
  readonly apps: readonly App[];
  readonly isolators: Isolators;
}

/** A pod that has been launched. */
export interface RunningPod extends Pod {
  /** The launched program, as the host sees it. */
  readonly supervisor: ProcessIdentity;
  /** The process to join for each app. */
  readonly appProcesses: Readonly<Record<string, ProcessIdentity>>;
}

/** A process that cannot be confused with a later one of the same number. */
export const processIdentity = z.strictObject({
  pid: z.int(),
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  startTime: z.int(),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;
