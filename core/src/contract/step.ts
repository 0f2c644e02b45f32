import * as z from 'zod/mini';
import {deviceRule} from './devices.ts';
import {location, propagation} from './location.ts';
import {appName, hostPath, podPath, rootfsPath} from './names.ts';
import {cgroupLimits, id32, seccompFilter} from './process.ts';

export const STAGES = ['filesystem', 'environment', 'launch'] as const;
export type Stage = (typeof STAGES)[number];

/** Namespaces that a process with threads, such as rkt, can leave, or can have its children leave (`pid`, since 1.1). It cannot leave a user namespace. */
export const namespaceKind = z.enum(['mount', 'uts', 'ipc', 'net', 'cgroup', 'pid']);
export type NamespaceKind = z.infer<typeof namespaceKind>;

/** Namespaces of a process that another one can join. */
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
    /** Unique in the plan, and the same in plans of similar pods: `rootfs.main`, `mount.main./data`. */
    id: z.string().check(z.regex(/^[a-z0-9][^\s]*$/), z.maxLength(512)),
    do: z.literal(kind),
    ...shape,
  });

/**
 * The closed union of what an executor can be asked to do. Each kind is one file of `core/src/executor/steps`.
 * Unless said otherwise a step fails if what it would create exists, and missing parents are an error.
 */
export const stepSchema = z.discriminatedUnion('do', [
  /**
   * Leaves the host's namespaces. `mount` comes first in a plan and makes every mount private, so that the kernel drops them all with the last process. `pid` needs `mount` and a launch into a `rootfs`:
   * the first process of the new namespace is a program of rkt, every process in it ends with the launched one, and a `proc` that is mounted later, without options, is that of the namespace. `pid` since 1.1.
   */
  step('namespace', {unshare: z.array(namespaceKind)}),
  /** Creates a directory and its missing parents (owned by root, mode 0755; appc EX-13); an existing directory is left as it is. With `real` a symlink in its place is replaced. `real` since 1.1. */
  step('mkdir', {target: location, mode, uid: z.int(), gid: z.int(), real: z.optional(z.literal(true))}),
  /**
   * Writes a whole file of at most 1 MiB. It replaces what is there, and follows no symlink. With `filters`, `content` has as many NUL characters: in the place of each comes, in order, the program that the
   * filter is compiled to (`struct sock_filter[]` of seccomp(2)), in base64. `filters` since 1.1.
   */
  step('write', {
    target: location,
    content,
    filters: z.optional(z.array(seccompFilter)),
    mode,
    uid: z.int(),
    gid: z.int(),
  }).check(
    z.refine(
      ({content: text, filters}) => filters === undefined || text.split('\0').length === filters.length + 1,
      'its content has not as many NUL characters as there are filters',
    ),
  ),
  /** Makes a symlink. It replaces what is there unless that is a directory; with `ifAbsent` it leaves it alone. `to` is not interpreted. `ifAbsent` since 1.1. */
  step('symlink', {target: location, to: z.string(), ifAbsent: z.optional(z.literal(true))}),
  /** Mounts the rootfs of an app, or without `app` that of a stage1 (since 1.1), as an overlay; `lower` has the uppermost layer first. Devices in it cannot be opened. */
  step('overlay', {app: z.optional(appName), lower: z.array(hostPath), upper: podPath, work: podPath, target: podPath}),
  /** Mounts a fresh instance of a kernel file system. */
  step('mount', {
    type: z.enum(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup2']),
    target: location,
    flags: z.array(mountFlag),
    /** Options of the file system: `mode=0755,size=65536k`. */
    options: z.record(z.string(), z.string()),
  }),
  /**
   * Binds a directory, file or device. The source is opened without following symlinks unless `followSymlinks`; a missing target is created to fit (appc EX-08), a file where a directory is
   * needed is replaced (EX-10).
   * Propagation is private by default. With `slave`, mounts that are made on the host below the source later appear in the pod, too; with `shared` also the other way. For that the source has to be on a mount that is
   * shared on the host (for `slave`: or a slave), and has to be a volume of the pod. `flags` hold for what is mounted now; later mounts have the flags that they have on the host.
   */
  step('bind', {
    source: location,
    target: location,
    recursive: z.boolean(),
    followSymlinks: z.boolean(),
    flags: z.array(mountFlag),
    /** Only if the source is of the host. Since 1.1. */
    propagation: z.optional(propagation),
  }),
  /** Adds flags to the mount that `target` is the root of. */
  step('remount', {target: location, flags: z.array(mountFlag)}),
  /** Hides paths: files by the null device, directories by a read-only tmpfs with nothing in it but targets for the app's volumes. Absent paths are skipped. */
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
     * Further controllers, for limits below this cgroup: it is made in their v1 hierarchies (`name=systemd` included), too, and in v2 they are handed down to it. Those that the
     * host lacks are skipped. Since 1.1.
     */
    controllers: z.optional(z.array(z.string())),
    /** The only devices that processes of the cgroup, present and future, may use. An error if the host cannot limit them. Since 1.1. */
    devices: z.optional(z.array(deviceRule)),
    /** A user of the host, by number, and the group of the same number, who may make cgroups below this one and move processes into them. Since 1.1. */
    owner: z.optional(id32),
  }),
  /** Sets a namespaced kernel parameter: `net.ipv4.ip_forward`. */
  step('sysctl', {key: z.string(), value: z.string()}),
  /**
   * Binds a read-only tree with programs of this host, the libraries that they need, the usual directories of a root file system, and `directories`, which are empty. The tree is made once per set of
   * programs and their contents, and shared by all pods. With `tree` it binds that tree of an image instead, as it is.
   * Since 1.1.
   */
  step('host-tree', {
    programs: z.array(hostPath),
    directories: z.array(rootfsPath),
    tree: z.optional(hostPath),
    target: podPath,
  }),
  /**
   * Writes what the first process of a pid and mount namespace of the pod is before it becomes its supervisor, for a launched program that starts it there: nothing but system calls. It is killed when its parent ends, and `blocks`, signals by number,
   * are blocked in it; both stay so in the supervisor. Of its /proc and /sys it hides `maskedPaths`, files by the null device and directories by a read-only tmpfs, makes `readOnlyPaths` read-only, recursively, and skips what is absent. What it `needs` has to be there after that. Then it starts
   * process 2, which keeps the standard streams open and nothing else, so that others can open them in `/proc/2/fd`, is stopped, and ends by SIGTERM once it is continued; and executes `program` with `argv` and the environment that it has itself. If one of
   * these fails it says so on standard error, and ends with status 254. Since 1.1.
   */
  step('init', {
    target: podPath,
    blocks: z.array(z.int().check(z.minimum(1), z.maximum(64))),
    maskedPaths: z.array(rootfsPath),
    readOnlyPaths: z.array(rootfsPath),
    needs: z.optional(z.array(rootfsPath)),
    program: rootfsPath,
    argv: z.array(z.string()).check(z.minLength(1)),
  }),
  /**
   * Binds a read-only file system image (EROFS) of the layers of an app's image, uppermost first: for virtual machines, which cannot see directories of the host. It is made once and shared by all
   * pods. Since 1.1.
   */
  step('disk-image', {app: appName, layers: z.array(hostPath).check(z.minLength(1)), target: podPath}),
  /**
   * Binds a read-only directory with `files` that a command of a stage1 image's `tree` makes: a virtual machine that was started and saved, from which others continue. The command is run once for each
   * tree, command and boot of the host, as nobody, without a network, in the tree as its root directory (which has to have `/usr/bin/setpriv`), with an empty directory at `writes`. The files that it leaves there become root's, and are shared by all pods.
   * If it fails the operator is told, `target` is not made, and the pod runs all the same. Since 1.1.
   */
  step('template', {
    tree: hostPath,
    command: z.array(z.string()).check(z.minLength(1)),
    files: z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]*$/))).check(z.minLength(1)),
    writes: rootfsPath,
    target: podPath,
  }),
  /**
   * Checks, in the rootfs as it is mounted by then, that the program of an app and those of its event handlers exist and can be executed by the app's user on this machine, that its working directory exists, and that its profile of AppArmor is loaded:
   * for flavors whose launcher would only end with a number. Since 1.1.
   */
  step('check-program', {app: appName}),
  /**
   * Gives the pod ids of its own, for the steps that follow: its 0 to `count` − 1 are the host's from `base` on. What is bound into the pod, layers of overlays
   * included, shows its owners by this map and keeps them on disk; ids in steps that work in a rootfs are the pod's. The launched program has to make the user namespace with
   * this map. Since 1.1.
   */
  step('id-map', {base: id32, count: z.int().check(z.minimum(1))}),
  /**
   * Detaches every mount that is neither at, above nor below one of these paths or the pod's directory. Otherwise a supervisor would keep these mounts busy on the host for as long as the pod lives. Paths that do not
   * exist are skipped. Since 1.1.
   */
  step('keep-mounts', {paths: z.array(hostPath)}),
  /**
   * Opens a tap in a network namespace. The tap stays there, and the executor in its own namespace. The launched program gets it with `keepTaps`. It is an error if there is no such tap. Since 1.1.
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
  /** Waits until the pod has ended, or with `of` only its supervisor, and no longer than `milliseconds`. `of`: since 1.1. */
  z.strictObject({do: z.literal('await-exit'), milliseconds: z.int(), of: z.optional(z.literal('supervisor'))}),
  /** Kills every process of the pod's cgroup; does nothing when there is none. */
  z.strictObject({do: z.literal('kill')}),
]);
export type StopStep = z.infer<typeof stopStep>;
