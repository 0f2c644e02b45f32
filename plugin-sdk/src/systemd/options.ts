import type {App, HostFacts, Mount, Volume} from '@rkt/core/contract';

/** Where a standard stream of an app leads; paths are of the pod. */
export type Stream =
  | {readonly kind: 'null'}
  /** A regular file, for output. */
  | {readonly kind: 'append'; readonly path: string}
  /** A file for input; for output a socket or named pipe too. */
  | {readonly kind: 'file'; readonly path: string}
  | {readonly kind: 'terminal'; readonly path: string}
  | {readonly kind: 'journal'};

export interface UnitOptions {
  /** Major version of the systemd that will read the units. Default 252. */
  readonly systemdVersion?: number;
  /** Where each app's rootfs is inside the pod: `/opt/stage2/main/rootfs`. */
  readonly rootOf: (app: App) => string;
  readonly stdio: (app: App) => {readonly stdin: Stream; readonly stdout: Stream; readonly stderr: Stream};
  /** Whether systemd inside the pod has the controllers to set limits of apps; else none is written. */
  readonly limits: boolean;
  /** Whether these controllers are of cgroup v1 or v2: the share of the CPU has another name in each. Default 1. */
  readonly cgroupVersion?: 1 | 2;
  /** Where the pod has a node of each disk that limits of block devices are about; nothing else is done with it. Default none: no such limit is written. */
  readonly disks?: readonly string[];
  /** Binds /dev of the pod into the app; false when the app has its own. */
  readonly bindDev: (app: App) => boolean;
  /** The directory of the pod in which `<app>` is written: the app's exit status as a decimal number, 128 and the signal for one that was killed. */
  readonly statusDirectory: string;
  /**
   * The file of the pod in which the kernel counts the processes of an app that it has killed for want of memory: of cgroup v1 the app's own `memory.oom_control`, of v2 a `memory.events` above all apps. Recorded
   * in the directory of statuses, as `<app>.oom` or for all apps as `:oom`. Default: nothing is.
   */
  readonly oomCounter?: (app: App) => string | undefined;
  /** The oom score of an app that asks for none. Default: that of the pod's systemd. */
  readonly oomScoreAdj?: number;
  /** The sockets that were passed to rkt; without them a unit listens where its port says. */
  readonly sockets?: HostFacts['sockets'];
  /** Where the pod has the node of a device volume, below its own /dev: systemd looks there for its number. Default: its number, where the pod has it, else the volume's path on the host. */
  readonly deviceNode?: (app: App, volume: Volume) => string;
  /** Where the pod has a volume that an app has below /sys: systemd binds it over what the app sees of the kernel. Default: a pod with such a volume is refused. */
  readonly sysVolume?: (app: App, mount: Mount) => string;
}
