import * as z from 'zod/mini';
import {deviceRule} from './devices.ts';
import {location, propagation} from './location.ts';
import {appName, hostPath, podPath, rootfsPath} from './names.ts';
import {cgroupLimits, id32} from './process.ts';

export const STAGES = ['filesystem', 'environment', 'launch'] as const;
export type Stage = (typeof STAGES)[number];

/** Namespaces that a threaded process can leave; a user namespace takes a chained program. */
export const namespaceKind = z.enum(['mount', 'uts', 'ipc', 'net', 'cgroup']);
export type NamespaceKind = z.infer<typeof namespaceKind>;

/** Namespaces of a process that a further one can join. */
export const joinableKind = z.enum(['mount', 'uts', 'ipc', 'net', 'cgroup', 'pid', 'user']);
export type JoinableKind = z.infer<typeof joinableKind>;

export const mountFlag = z.enum(['ro', 'nosuid', 'nodev', 'noexec', 'noatime']);
export type MountFlag = z.infer<typeof mountFlag>;

const mode = z.int().check(z.minimum(0), z.maximum(0o7777));
/** Bytes of UTF-8, and at least as many characters. */
const MAX_CONTENT = 1024 * 1024;
const content = z.string().check(
  z.maxLength(MAX_CONTENT, 'more than 1 MiB'),
  z.refine((text) => Buffer.byteLength(text) <= MAX_CONTENT, 'more than 1 MiB'),
);
const step = <K extends string, S extends z.core.$ZodShape>(kind: K, shape: S) =>
  z.strictObject({
    /** Unique in the plan and stable between plans of like pods: `rootfs.main`, `mount.main./data`. Fault points use it. */
    id: z.string().check(z.regex(/^[a-z0-9][^\s]*$/), z.maxLength(512)),
    do: z.literal(kind),
    ...shape,
  });

/**
 * The closed union of what an executor can be asked to do. Each kind is one file of `core/src/executor/steps`.
 * Unless said otherwise a step fails if what it would create exists, and missing parents are an error.
 */
export const stepSchema = z.discriminatedUnion('do', [
  /** Leaves the host's namespaces. `mount` comes first in a plan and makes every mount private, so that the kernel drops them all with the last process. */
  step('namespace', {unshare: z.array(namespaceKind)}),
  /** Creates a directory and its missing parents (these 0755 root, appc EX-13); an existing directory is left as it is. `real`: a symlink in its place makes room, too. `real` since 1.1. */
  step('mkdir', {target: location, mode, uid: z.int(), gid: z.int(), real: z.optional(z.literal(true))}),
  /** Writes a whole file, replacing what is there without following it. At most 1 MiB. */
  step('write', {target: location, content, mode, uid: z.int(), gid: z.int()}),
  /** Replaces what is there unless it is a directory; with `ifAbsent` it leaves that alone. `to` is not interpreted. `ifAbsent` since 1.1. */
  step('symlink', {target: location, to: z.string(), ifAbsent: z.optional(z.literal(true))}),
  /** Mounts an app's rootfs, or with no `app` that of a stage1 (since 1.1): `lower` uppermost first. Devices in it cannot be opened. */
  step('overlay', {app: z.optional(appName), lower: z.array(hostPath), upper: podPath, work: podPath, target: podPath}),
  /** Mounts a fresh instance of a kernel file system. */
  step('mount', {
    type: z.enum(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup2']),
    target: location,
    flags: z.array(mountFlag),
    /** `mode=0755,size=65536k`: keys and values of the file system's own. */
    options: z.record(z.string(), z.string()),
  }),
  /**
   * Binds a directory, file or device, with private propagation unless there is another: what is mounted below the source afterwards, on the host, comes into the pod, too (`slave`), and the
   * other way (`shared`); its mount has to be shared on the host (for `slave`: or a slave).
   * `flags` hold for what is mounted now: what comes later has those that it has on the host. Only a volume of the pod asks for it. The source is opened without following symlinks
   * unless `followSymlinks`; a missing target is created to fit (appc EX-08), a file where a directory is needed is replaced (EX-10).
   */
  step('bind', {
    source: location,
    target: location,
    recursive: z.boolean(),
    followSymlinks: z.boolean(),
    flags: z.array(mountFlag),
    /** Of sources of the host. Since 1.1. */
    propagation: z.optional(propagation),
  }),
  /** Adds flags to the mount that `target` is the root of. */
  step('remount', {target: location, flags: z.array(mountFlag)}),
  /** Hides paths (files by the null device, directories by a read-only tmpfs with nothing but places for the app's volumes below); absent ones are skipped. */
  step('mask', {app: appName, paths: z.array(rootfsPath)}),
  /** Makes paths read-only, recursively; absent ones are skipped. */
  step('protect', {app: appName, paths: z.array(rootfsPath)}),
  /** Makes a device node. */
  step('device', {
    target: location,
    type: z.enum(['char', 'block']),
    major: z.int(),
    minor: z.int(),
    mode,
    uid: z.int(),
    gid: z.int(),
  }),
  /**
   * Creates `path` below the cgroup of `HostFacts.cgroup.parent` in the hierarchies that track the pod or hold its limits, sets the limits and, with `join`, moves
   * the executor's own process there. A limit whose controller is missing is an error.
   */
  step('cgroup', {
    path: z.string(),
    limits: cgroupLimits,
    join: z.boolean(),
    /**
     * Further controllers whose v1 hierarchies (`name=systemd` included) get the cgroup too, and which a cgroup of v2 is handed down, for limits below it; those that the
     * host has not are skipped. Since 1.1.
     */
    controllers: z.optional(z.array(z.string())),
    /** The only devices that its processes may use, joined or not yet; an error where the host cannot limit them. Since 1.1. */
    devices: z.optional(z.array(deviceRule)),
    /** A user of the host, by number, and its group of the same number, who may make cgroups below it and move processes there. Since 1.1. */
    owner: z.optional(id32),
  }),
  /** Sets a namespaced kernel parameter: `net.ipv4.ip_forward`. */
  step('sysctl', {key: z.string(), value: z.string()}),
  /**
   * Binds a read-only tree with programs of this host, the libraries that they need, and a root file system's directories. It is made once per set of
   * programs and their contents, and shared by all pods. `directories` are created empty besides. With `tree` it binds that tree of an image instead, as it is.
   * Since 1.1.
   */
  step('host-tree', {
    programs: z.array(hostPath),
    directories: z.array(rootfsPath),
    tree: z.optional(hostPath),
    target: podPath,
  }),
  /**
   * Binds a read-only file system image (EROFS) of the layers of an app's image, uppermost first: for machines that cannot see directories. It is made once and shared by all
   * pods. Since 1.1.
   */
  step('disk-image', {app: appName, layers: z.array(hostPath).check(z.minLength(1)), target: podPath}),
  /**
   * Binds a read-only directory of files that a command of a stage1 image's `tree` makes: a machine that has been started and saved, for machines to go on from. The command is run once for each
   * tree, command and start of the host, as nobody, without a network, in a root directory that is the tree, with an empty directory at `writes`; the tree has `/usr/bin/setpriv`; the files that it leaves are root's from then on, and shared by all pods.
   * Where it fails the operator is told, `target` is not made, and the pod runs all the same. Since 1.1.
   */
  step('template', {
    tree: hostPath,
    command: z.array(z.string()).check(z.minLength(1)),
    files: z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]*$/))).check(z.minLength(1)),
    writes: rootfsPath,
    target: podPath,
  }),
  /**
   * Checks that an app's program, and that of each of its event handlers, is there, can be executed by the app's user on this machine, and that its working directory exists, in the
   * rootfs as mounted by now: for flavors whose own launcher would answer with no more than a number. Since 1.1.
   */
  step('check-program', {app: appName}),
  /**
   * Gives the pod ids of its own, for the steps that follow: 0 to `count` − 1 are those of the host from `base` on. What is bound into the pod, layers of overlays
   * included, shows its owners so and keeps them on disk; ids in steps that work in a rootfs are the pod's. The launched program makes the user namespace with
   * this map. Since 1.1.
   */
  step('id-map', {base: id32, count: z.int().check(z.minimum(1))}),
  /**
   * Detaches what is mounted neither at, above nor below one of these paths or the pod's directory: a program that stays would have the host keep it for as long as the pod lives. Paths that do not
   * exist are skipped. Since 1.1.
   */
  step('keep-mounts', {paths: z.array(hostPath)}),
  /**
   * Opens a tap of a network namespace, which stays there; the executor is in its own as before. The launched program has it with `keepTaps`. Fails where there is no such tap. Since 1.1.
   */
  step('tap', {namespace: hostPath, device: z.string().check(z.regex(/^[^\s/]{1,15}$/))}),
  /** Sets the host name of the uts namespace. */
  step('hostname', {name: z.string().check(z.maxLength(64))}),
]);
export type Step = z.infer<typeof stepSchema>;
export type StepKind = Step['do'];

/** What `rkt stop` does, in order. */
export const stopStep = z.discriminatedUnion('do', [
  z.strictObject({do: z.literal('signal'), to: z.enum(['supervisor', 'pod']), signal: z.string()}),
  /** Goes on as soon as the pod has ended, or with `of` its supervisor, which leaves the rest to the next step; else after the time. `of`: since 1.1. */
  z.strictObject({do: z.literal('await-exit'), milliseconds: z.int(), of: z.optional(z.literal('supervisor'))}),
  /** Kills every process of the pod's cgroup; does nothing when there is none. */
  z.strictObject({do: z.literal('kill')}),
]);
export type StopStep = z.infer<typeof stopStep>;
