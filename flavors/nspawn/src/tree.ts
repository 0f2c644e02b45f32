import {
  type App,
  directory,
  type HostFacts,
  inRootfs,
  type Pod,
  type PodPath,
  realDirectory,
  type Step,
  usualDirectories,
} from '@rkt/plugin-sdk';
import {SHARED, TREE} from './command.ts';
import {hasJournal, JOURNALD} from './journal.ts';
import {RELAY_PROGRAMS} from './journal-relay.ts';
import {LOG_PROGRAMS} from './logs.ts';
import {EXECUTOR, SYSTEMD} from './systemd-version.ts';

/** What the pod's systemd binds into each app. */
const KERNEL = ['/proc', '/sys'];
/** What the pod's PID 1 is, and what its units execute. */
export const NEEDED = [SYSTEMD, '/usr/lib/systemd/systemd-shutdown', '/bin/sh', ...LOG_PROGRAMS] as const;
/** What pods need that have a journal, and no others. */
export const JOURNAL_PROGRAMS = [JOURNALD, ...RELAY_PROGRAMS] as const;
/** Where the pod's systemd and systemd-nspawn mount something. */
export const DIRECTORIES = [
  '/dev',
  '/etc',
  '/opt/stage2',
  '/proc',
  '/rkt',
  '/root',
  '/run/systemd/incoming',
  '/sys',
  '/tmp',
  '/var/log',
] as const;

/** The root of the pod: a tree of the host's systemd, or that of an image, which many pods share. */
export const sharedTree = (pod: Pod, host: HostFacts): Step => ({
  id: 'stage1',
  do: 'host-tree',
  programs: [...NEEDED, ...JOURNAL_PROGRAMS, EXECUTOR].flatMap((name) => host.programs[name]?.path ?? []),
  directories: DIRECTORIES.map(rootfsPath),
  ...(pod.stage1 === undefined ? {} : {tree: pod.stage1.tree}),
  target: podPath(TREE),
});

/** What the pod writes and rkt reads. */
export const sharedDirectories = (pod: Pod): Step[] =>
  ['status', 'logs', ...(hasJournal(pod) ? ['journal'] : [])].map((name) => podDirectory(`${SHARED}/${name}`));

/** Where systemd mounts something in every service: without it none starts. */
const INCOMING = '/run/systemd/incoming';

/** And in one of an app that says by itself when it is ready. */
const NOTIFY_SOCKET = '/run/systemd/notify';

/** What systemd makes in an app's rootfs itself, but not in a read-only one. What a volume has is its own business, but for what has to be there. */
export const appDirectories = (app: App): Step[] => [
  ...usualDirectories(app),
  ...KERNEL.filter((path) => !isInVolume(app, path)).map((path) => realDirectory(app, path)),
  directory(app, INCOMING),
  ...(app.notifies && !isInVolume(app, NOTIFY_SOCKET) ? [emptyFile(app, NOTIFY_SOCKET)] : []),
];

const isInVolume = ({mounts}: App, path: string): boolean =>
  mounts.some((mount) => `${path}/`.startsWith(`${mount.path}/`));

const emptyFile = (app: App, path: string): Step => ({
  id: `file.${app.name}.${path}`,
  do: 'write',
  target: inRootfs(app, path),
  content: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
});

export const podPath = (path: string) => path as PodPath;
export const rootfsPath = (path: string) => path as App['process']['cwd'];

export const podDirectory = (path: string): Step => ({
  id: `dir.${path}`,
  do: 'mkdir',
  target: {in: 'pod', path: podPath(path)},
  mode: 0o755,
  uid: 0,
  gid: 0,
});
