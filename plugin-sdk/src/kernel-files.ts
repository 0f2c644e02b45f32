import type {App, HostFacts, HostPath, MountFlag, Pod, RootfsPath, Step} from '@rkt/core/contract';
import {inRootfs, mountSysVolumes} from './rootfs.ts';

/*
 * The kernel's file systems and devices that every app gets (appc OS-SPEC, "Devices and File Systems"), for flavors that share the host's kernel.
 */

/** A directory in an app's rootfs, 0755 and root's; an existing one is left as it is. */
export const directory = (app: App, path: string): Extract<Step, {do: 'mkdir'}> => ({
  id: `dir.${app.name}.${path}`,
  do: 'mkdir',
  target: inRootfs(app, path),
  mode: 0o755,
  uid: 0,
  gid: 0,
});

/** {@link directory} that is one itself: what an image has a symlink for would be mounted elsewhere, or nowhere. */
export const realDirectory = (app: App, path: string): Step => ({...directory(app, path), real: true});

const mounted = (
  app: App,
  type: 'proc' | 'sysfs' | 'tmpfs' | 'devpts' | 'mqueue',
  path: string,
  flags: MountFlag[],
  options: Record<string, string> = {},
): Step[] => [
  realDirectory(app, path),
  {id: `mount.${app.name}.${path}`, do: 'mount', type, target: inRootfs(app, path), flags, options},
];

const STRICT: MountFlag[] = ['nosuid', 'nodev', 'noexec'];

/** Flags and options of the tmpfs at /dev/shm: as much memory as systemd-nspawn gives, and no programs, as in docker. */
export const SHARED_MEMORY = {
  flags: STRICT,
  options: {mode: '1777', size: '10%', nr_inodes: '400k'},
} as const;

/** What {@link proc}, {@link sys} and {@link dev} want to know of a host. */
export type KernelFilesHost = Pick<HostFacts, 'rootless'>;

/** What an ordinary user cannot make, as the host has it. */
const bound = (app: App, path: string, flags: MountFlag[], recursive: boolean): Step => ({
  id: `mount.${app.name}.${path}`,
  do: 'bind',
  source: {in: 'host', path: path as HostPath},
  target: inRootfs(app, path),
  recursive,
  followSymlinks: false,
  flags,
});

const CGROUPS = '/sys/fs/cgroup' as RootfsPath;

/** A fresh /proc, of the pid namespace that the pod has (`ownPids`), or that the executor is in; where rkt is not root of the host, and the pod has none, that of the host. */
export const proc = (app: App, {rootless, ownPids = false}: KernelFilesHost & {ownPids?: boolean} = {}): Step[] =>
  rootless === undefined || ownPids
    ? mounted(app, 'proc', '/proc', STRICT)
    : [realDirectory(app, '/proc'), bound(app, '/proc', STRICT, true)];

/**
 * A fresh read-only /sys, of the network namespace that the executor is in, without cgroups; where rkt is not root of the host, that of the host, whose cgroups are hidden.
 */
export const sys = (app: App, {rootless}: KernelFilesHost = {}): Step[] =>
  rootless === undefined
    ? mounted(app, 'sysfs', '/sys', ['ro', ...STRICT])
    : [
        realDirectory(app, '/sys'),
        bound(app, '/sys', ['ro', ...STRICT], true),
        {id: `mask.${app.name}.cgroups`, do: 'mask', app: app.name, paths: [CGROUPS]},
      ];

const NODES = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
] as const;

const LINKS = [
  // The host's console is nobody's business in a pod; the caller's terminal, if any, is.
  ['console', 'tty'],
  ['core', '/proc/kcore'],
  ['fd', '/proc/self/fd'],
  ['ptmx', 'pts/ptmx'],
  ['stderr', '/proc/self/fd/2'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
] as const;

/** The group of pseudo terminals (`tty`). */
const TERMINALS = 5;

const CONSOLE = 'console';

const console = (app: App): Step => ({
  id: `file.${app.name}.console`,
  do: 'write',
  target: inRootfs(app, `/dev/${CONSOLE}`),
  content: '',
  mode: 0o600,
  uid: 0,
  gid: 0,
});

/**
 * A /dev of the app's own: the standard devices, pseudo terminals, shared memory and message queues; nothing of the host's. With `shared`, memory and
 * queues are left to the flavor, because the apps of the pod have them in common. With `terminal`, /dev/console is a file for the flavor or the executor to bind the app's terminal to: that is
 * how it has a name there. With `rootless` of the host, its devices are bound, because nobody but root of the host makes any, and message queues have no file system unless the pod has
 * an ipc namespace (`ownIpc`).
 */
export const dev = (
  app: App,
  {
    shared = false,
    terminal = false,
    ownIpc = false,
    rootless,
  }: {shared?: boolean; terminal?: boolean; ownIpc?: boolean} & KernelFilesHost = {},
): Step[] => [
  ...mounted(app, 'tmpfs', '/dev', ['nosuid', 'noexec'], {mode: '0755', size: '64k'}),
  ...NODES.map(
    ([name, major, minor]): Step =>
      rootless === undefined
        ? {
            id: `device.${app.name}.${name}`,
            do: 'device',
            target: inRootfs(app, `/dev/${name}`),
            type: 'char',
            major,
            minor,
            mode: 0o666,
            uid: 0,
            gid: 0,
          }
        : bound(app, `/dev/${name}`, ['nosuid', 'noexec'], false),
  ),
  ...LINKS.filter(([name]) => !terminal || name !== CONSOLE).map(
    ([name, to]): Step => ({
      id: `link.${app.name}.${name}`,
      do: 'symlink',
      target: inRootfs(app, `/dev/${name}`),
      to,
    }),
  ),
  ...(terminal ? [console(app)] : []),
  ...mounted(app, 'devpts', '/dev/pts', ['nosuid', 'noexec'], {
    mode: '0620',
    ...((rootless?.groups ?? Number.POSITIVE_INFINITY) > TERMINALS ? {gid: String(TERMINALS)} : {}),
    ptmxmode: '0666',
  }),
  ...(shared
    ? ['/dev/shm', '/dev/mqueue'].map((path) => directory(app, path))
    : [
        ...mounted(app, 'tmpfs', '/dev/shm', SHARED_MEMORY.flags, SHARED_MEMORY.options),
        ...(rootless === undefined || ownIpc
          ? mounted(app, 'mqueue', '/dev/mqueue', STRICT)
          : [directory(app, '/dev/mqueue')]),
      ]),
];

const MOUNTS = '/etc/mtab';

/** Hides and protects the kernel's paths that the pod lists, and binds the app's volumes below /sys over that. */
export const kernelPaths = (pod: Pod, app: App): Step[] => [
  ...(pod.readOnlyPaths.length > 0
    ? [{id: `protect.${app.name}`, do: 'protect', app: app.name, paths: pod.readOnlyPaths} satisfies Step]
    : []),
  ...(pod.maskedPaths.length > 0
    ? [{id: `mask.${app.name}`, do: 'mask', app: app.name, paths: pod.maskedPaths} satisfies Step]
    : []),
  ...mountSysVolumes(pod, app),
];

/** Whether a path of an app is one of its volumes, or in one. What is there is the volume's. */
const isOfVolume = ({mounts}: App, path: string): boolean =>
  mounts.some((mount) => `${path}/`.startsWith(`${mount.path}/`));

/**
 * What programs expect, whatever their image has: `/root`, `/run`, `/tmp` (which everybody may write, 1777), `/usr` and `/var`, as root's. One that is there is left as it is, and none is made
 * in a volume.
 */
export const usualDirectories = (app: App): Step[] =>
  ['/root', '/run', '/tmp', '/usr', '/var']
    .filter((path) => !isOfVolume(app, path))
    .map((path) => ({...directory(app, path), ...(path === '/tmp' && {mode: 0o1777})}));

/** The files of an app's /etc that speak of the pod: names and mounts, where it has its own. Where the app has a volume, that has them. */
export const nameResolution = (pod: Pod, app: App): Step[] => {
  const files = [
    ['/etc/resolv.conf', pod.resolvConf],
    ['/etc/hosts', pod.hosts],
    ['/etc/hostname', pod.ownName === undefined ? null : `${pod.ownName}\n`],
  ] as const;
  const writes = files.flatMap(([path, content]): Step[] =>
    content === null || isOfVolume(app, path)
      ? []
      : [
          {
            id: `file.${app.name}.${path}`,
            do: 'write',
            target: inRootfs(app, path),
            content,
            mode: 0o644,
            uid: 0,
            gid: 0,
          },
        ],
  );
  const mounts: Step = {
    id: `link.${app.name}.mtab`,
    do: 'symlink',
    target: inRootfs(app, MOUNTS),
    to: '../proc/self/mounts',
    ifAbsent: true,
  };
  const steps = [...writes, ...(isOfVolume(app, MOUNTS) ? [] : [mounts])];
  return steps.length > 0 ? [directory(app, '/etc'), ...steps] : [];
};

/** The pod's cgroup with its limits and devices, joined by what is launched; `controllers`: those that it has to have besides. */
export const podCgroup = (pod: Pod, limits: App['limits'], controllers?: readonly string[]): Step => ({
  id: 'cgroup',
  do: 'cgroup',
  path: pod.cgroup,
  limits,
  join: true,
  ...(pod.devices === undefined ? {} : {devices: pod.devices}),
  ...(controllers === undefined ? {} : {controllers: [...controllers]}),
});
