import type {AppName, HostPath, PodPath, Uuid} from '../../contract/names.ts';
import {makeBelow} from '../../image/make-below.ts';
import {POD_DIRECTORIES, type PodDirectory} from './states.ts';

/** Where a pod is, or would be, in one of the directories of its life. */
export const podDirectory = (dataDir: HostPath, directory: PodDirectory, uuid: Uuid): HostPath =>
  `${dataDir}/pods/${directory}/${uuid}` as HostPath;

/** Where all pods are. */
export const podsOf = (dataDir: HostPath): HostPath => `${dataDir}/pods` as HostPath;

/** Where all pods of one kind are. */
export const podsDirectory = (dataDir: HostPath, directory: PodDirectory): HostPath =>
  `${dataDir}/pods/${directory}` as HostPath;

/**
 * Makes what every pod needs. Nobody but root may look into what apps write: it may be set-user-ID (S11). The first directory of a pod's life last: another rkt that
 * finds it finds those that follow.
 */
export const makePodsDirectories = (dataDir: HostPath): void =>
  makeBelow(dataDir, [
    [podsOf(dataDir), true],
    ...POD_DIRECTORIES.toReversed().map((directory) => [podsDirectory(dataDir, directory), true] as const),
  ]);

/** What apps and their images fill: closed to everybody but root where others may look into a pod. */
export const CLOSED = ['appsinfo', 'overlay', 'rootfs', 'stage1', 'volumes'] as const;

/** Where rkt remembers which texts it has checked. */
export const checkedDirectory = (dataDir: HostPath): string => `${dataDir}/cas/checked`;

/** The files of a pod. All are JSON. */
export const POD_FILES = {
  /** The reified pod manifest (appc PO-03). */
  manifest: 'pod',
  /** The contract's `Pod`, as negotiated. */
  frozen: 'frozen.json',
  plan: 'plan.json',
  report: 'report.json',
  facts: 'facts.json',
  /** What `run-prepared` needs to plan again. */
  request: 'request.json',
  /** What `list` and `status` show. */
  summary: 'summary.json',
  /** Who launched the pod, and when. */
  supervisor: 'supervisor',
  /** Names of the trees of the host that it has been launched with. */
  hostTrees: 'host-trees.json',
  /** How many processes the kernel has killed for want of memory, as the cgroup of a pod that is over had it. */
  oomKills: 'oom-kills',
} as const;

/** The streams of an app that can go to a file. */
export type LogStream = 'stdout' | 'stderr';

/** Where the logs of all apps are. */
export const LOGS = 'stage1/rootfs/rkt/logs';

/** Where a flavor keeps archives of what apps have written to their root file systems, if that is nowhere else. */
export const CHANGES = 'stage1/rootfs/rkt/changes';

/** Where the journal of a pod is, by its machine ID, if it has one. */
export const journalPath = (uuid: Uuid): string => `stage1/rootfs/rkt/journal/${uuid.replaceAll('-', '')}`;

/** The places of an app below the pod's directory. */
export const appPaths = (app: AppName) =>
  ({
    /** The app's own image manifest. */
    manifest: `appsinfo/${app}/manifest`,
    /** Where the rootfs is mounted, as in rkt. */
    mountPoint: `stage1/rootfs/opt/stage2/${app}/rootfs` as PodPath,
    upper: `overlay/${app}/upper` as PodPath,
    work: `overlay/${app}/work` as PodPath,
    /** A rootfs of its own, where there is no overlayfs. */
    copy: `rootfs/${app}` as PodPath,
    /** Exit status, written by whatever supervises the app, if anything does. */
    status: `stage1/rootfs/rkt/status/${app}`,
    /** How many of its processes the kernel has killed for want of memory, if whatever supervises the app records it. */
    oomKills: `stage1/rootfs/rkt/status/${app}.oom`,
    /** How often the app has been started, if it may be restarted. */
    starts: `stage1/rootfs/rkt/status/${app}.starts`,
    /** There once an app of a machine that may have been restarted has ended for good. */
    last: `stage1/rootfs/rkt/status/${app}.last`,
    /** What the app has written to a stream that is `log`. */
    log: (stream: LogStream) => `${LOGS}/${app}.${stream}`,
  }) as const;

/** The same of all apps together. App names have no colon. */
export const OOM_KILLS = 'stage1/rootfs/rkt/status/:oom';

/** Has the accelerator that the pod's machine was planned with, when it has come up by the next. */
export const ACCELERATOR_FAILED = 'stage1/rootfs/rkt/status/:accelerator';
/** Has what tells a file of a template from others, when the pod's machine did not go on from there and has come up without it. */
export const TEMPLATE_FAILED = 'stage1/rootfs/rkt/status/:template';

/** Says `ready` once the apps of the pod run, if something supervises them. */
export const SUPERVISOR_STATUS = 'stage1/rootfs/rkt/supervisor-status';

export const volumePath = (name: string): PodPath => `volumes/${name}` as PodPath;

/** Which pod has which ids of the host. */
export const idRangesDirectory = (dataDir: HostPath): HostPath => `${dataDir}/id-ranges` as HostPath;

/** Compiled filters, by their content. */
export const seccompCache = (dataDir: HostPath): HostPath => `${dataDir}/cas/seccomp` as HostPath;
