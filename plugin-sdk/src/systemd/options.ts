import type {App, HostFacts, Mount, Volume} from '@rkt/core/contract';

/** Where a standard stream of an app goes; paths are those of the pod. */
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
  /** Where the rootfs of an app is inside the pod: `/opt/stage2/main/rootfs`. */
  readonly rootOf: (app: App) => string;
  readonly stdio: (app: App) => {readonly stdin: Stream; readonly stdout: Stream; readonly stderr: Stream};
  /** Whether systemd inside the pod has the controllers for limits of apps; otherwise none are written. */
  readonly limits: boolean;
  /** Whether these controllers are those of cgroup v1 or v2: the share of the CPU has another name in each. Default 1. */
  readonly cgroupVersion?: 1 | 2;
  /** Where the pod has a node of each disk that limits of block devices are about; the nodes are used for nothing else. Default none: no such limit is written. */
  readonly disks?: readonly string[];
  /** Binds /dev of the pod into the app; false when the app has its own. */
  readonly bindDev: (app: App) => boolean;
  /** The directory of the pod in which a file `<app>` is written for each app: its exit status as a decimal number, 128 plus the signal for one that was killed. */
  readonly statusDirectory: string;
  /**
   * The file of the pod in which the kernel counts the processes of an app that it has killed for want of memory: on cgroup v1 the app's own `memory.oom_control`, on v2 a `memory.events` above all
   * apps. It is recorded in the directory of statuses, as `<app>.oom`, or for all apps as `:oom`. Default: nothing is recorded.
   */
  readonly oomCounter?: (app: App) => string | undefined;
  /** The oom score of an app that asks for none. Default: that of the pod's systemd. */
  readonly oomScoreAdj?: number;
  /** Whether systemd inside the pod has been built with AppArmor and sees that the kernel has it: it silently ignores profiles otherwise. That it sees `/sys/module/apparmor/parameters/enabled`, the step `init` can make sure (`needs`). Default false: an app with a profile is refused. */
  readonly appArmor?: boolean;
  /** The sockets that were passed to rkt. Without them a unit listens where its port says. */
  readonly sockets?: HostFacts['sockets'];
  /** Where the pod has the node of a device volume, below its own /dev, so that systemd finds the number of the device. Default: by its number, if the pod has such a node, otherwise the path of the volume on the host. */
  readonly deviceNode?: (app: App, volume: Volume) => string;
  /** Where in the pod a volume is that an app has below /sys; systemd binds it from there over what the app sees of the kernel. Default: a pod with such a volume is refused. */
  readonly sysVolume?: (app: App, mount: Mount) => string;
}
