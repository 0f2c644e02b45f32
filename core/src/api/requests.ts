/* What callers ask for. What is left out is as with the command: its defaults are the command's, which reads and checks all of this (`rkt help run`). */

/** Where rkt works and what it may: the flags of every command. */
export interface CallOptions {
  /** Data directory. Default: `/var/lib/rkt`, or what the configuration says. */
  readonly dir?: string;
  /** Default: `/usr/lib/rkt`. */
  readonly systemConfig?: string;
  /** Default: `/etc/rkt`. */
  readonly localConfig?: string;
  /** Default: none. */
  readonly userConfig?: string;
  /** Security features to disable: `['image']` takes images without a signature. Default: none. */
  readonly insecureOptions?: readonly string[];
  /** The command's environment. Default: that of this process, but for what a service manager has passed to it (`NOTIFY_SOCKET`, `LISTEN_…`). */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Gets a line that rkt tells about what is no error. Default: they are dropped. What `run` and `runPrepared` tell is on the standard error of their process. */
  readonly onNote?: (line: string) => void;
}

/** An app of a pod: an image, and what overrides it. */
export interface AppOptions {
  /** An ID or prefix of one, a name, or a path. */
  readonly image: string;
  /** Detached signature of the image: a file. */
  readonly signature?: string;
  /** Default: from the name of the image. */
  readonly name?: string;
  /** Program, in place of the image's. */
  readonly exec?: string;
  /** Arguments after those of the image, or of `exec`. */
  readonly args?: readonly string[];
  readonly workingDir?: string;
  /** A name, a number, or a path in the image whose owner it is. */
  readonly user?: string | number;
  readonly group?: string | number;
  readonly supplementaryGids?: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
  readonly mounts?: readonly MountOptions[];
  readonly readonlyRootfs?: boolean;
  /** Default: `no`. */
  readonly restart?: 'no' | 'on-failure' | 'always';
  /** With `restart`, how often at most within which time: `5/10m`. Default: however often. */
  readonly restartLimit?: string;
  /** For an app that says that it is alive (sd_notify(3)): within which time, `30s`. Default: nobody waits for it. */
  readonly watchdog?: string;
  /** Bytes, or with a unit: `64Mi`. */
  readonly memory?: string | number;
  /** Cores, or with a unit: `500m`. */
  readonly cpu?: string | number;
  readonly cpuShares?: number;
  /** `0-2,5`, of the host's processors. */
  readonly cpusetCpus?: string;
  /** `0`, of the host's memory nodes. */
  readonly cpusetMems?: string;
  /** By the size of a page: `{'2Mi': '64Mi'}`. */
  readonly hugepages?: Readonly<Record<string, string>>;
  /** Processes and threads. */
  readonly pids?: number;
  /** Of each disk, per second, read and written each: bytes, or with a unit. */
  readonly blockBandwidth?: string | number;
  /** Of each disk, per second, reads and writes each. */
  readonly blockIops?: number;
  /** -1000 to 1000. */
  readonly oomScoreAdj?: number;
  /** The only capabilities to keep. */
  readonly capsRetain?: readonly string[];
  /** Capabilities to take from the default set. */
  readonly capsRemove?: readonly string[];
  /** Nothing that the app executes gains privileges. Default: true for every user but root. */
  readonly noNewPrivileges?: boolean;
  /** A profile that is loaded on the host. */
  readonly apparmorProfile?: string;
  /** `USER:ROLE:TYPE:LEVEL`, of the host's policy. */
  readonly selinuxContext?: string;
  readonly seccomp?: {
    readonly mode: 'retain' | 'remove';
    /** What a call gets that may not be made: `EPERM`. Default: the kernel ends the app. */
    readonly errno?: string;
    /** Names of system calls, and of sets of them. */
    readonly set: readonly string[];
  };
  /** As in setrlimit(2), by names such as `nofile`. Default of `hard`: as `soft`. */
  readonly rlimits?: Readonly<
    Record<string, {readonly soft: number | 'unlimited'; readonly hard?: number | 'unlimited'}>
  >;
  /** `stream` is the standard stream of the process that {@link run} starts, the default in a pod of one app. */
  readonly stdin?: 'null' | 'stream' | 'tty';
  /** Default: `stream`. */
  readonly stdout?: 'journal' | 'log' | 'null' | 'stream' | 'tty';
  /** Default: `stream`. */
  readonly stderr?: 'journal' | 'log' | 'null' | 'stream' | 'tty';
  /** Isolators by which the image may have more than the defaults. Default: none. */
  readonly acceptImage?: readonly string[];
}

export interface MountOptions {
  /** The name of one of the pod's volumes. */
  readonly volume: string;
  /** Where in the app. */
  readonly target: string;
}

export type VolumeOptions =
  | {
      readonly name: string;
      readonly kind: 'host';
      readonly source: string;
      /** Default: false. */
      readonly readOnly?: boolean;
      readonly recursive?: boolean;
      /** Whether mounts that come later below the source come into the pod (`slave`), and the other way, too (`shared`). Default: `private`. */
      readonly propagation?: 'private' | 'shared' | 'slave';
    }
  | {
      readonly name: string;
      readonly kind: 'empty';
      /** Octal. Default: `0755`. */
      readonly mode?: string;
      /** Default: 0. */
      readonly uid?: number;
      /** Default: 0. */
      readonly gid?: number;
    };

/** A pod: apps, or the path of a pod manifest in their place. */
export interface PodOptions {
  readonly apps?: readonly AppOptions[];
  /** Path of a pod manifest (JSON or YAML). */
  readonly podManifest?: string;
  /** A flavor's name, package or path, or an image made for one. Default: what is configured, else the one of rkt's own that isolates most and can run here. */
  readonly stage1?: string;
  /** Unique among the pods of the data directory; takes the place of the UUID in every call. */
  readonly podName?: string;
  readonly volumes?: readonly VolumeOptions[];
  readonly ports?: readonly {readonly name: string; readonly hostIp?: string; readonly hostPort: number}[];
  /** Of every app. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Pass the command's environment on. Default: false. */
  readonly inheritEnv?: boolean;
  /** When an image is looked for outside of the store. Default: `new`. */
  readonly pullPolicy?: 'never' | 'new' | 'update';
  /** The next gc after the pod's end removes it. Default: false. */
  readonly removeOnExit?: boolean;
  /** Give each app a copy of its files in place of an overlay. Default: false. */
  readonly noOverlay?: boolean;
  /** Users of the pod's own. Default: false. */
  readonly privateUsers?: boolean;
  /** Kernel parameters of the pod's own: `{'kernel.shmmax': '65536'}`. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Of each log that is kept: bytes, or with a unit. Default: 8 MiB. */
  readonly logSize?: string | number;
  /** Isolators by which any image may have more than the defaults. Default: none. */
  readonly acceptImage?: readonly string[];
  /** Isolators and features that may be missing. Default: none. */
  readonly allowDegraded?: readonly string[];
  /** Follow symbolic links in the sources of host volumes. Default: false. */
  readonly allowSymlinks?: boolean;
}

/** How a pod is started. */
export interface StartOptions {
  /** As with `--net`: `none`, `host`, `default`, names. Default: the flavor's. */
  readonly net?: string;
  /** Name servers, `host` or `none`. */
  readonly dns?: readonly string[];
  readonly dnsDomain?: string;
  readonly dnsOpt?: readonly string[];
  readonly dnsSearch?: readonly string[];
  /** `IP=HOST`, or `host`. */
  readonly hostsEntries?: readonly string[];
  /** Default: `rkt-UUID`. */
  readonly hostname?: string;
  /** Attach the terminal. Default: false. */
  readonly interactive?: boolean;
  /** Default: `auto`. */
  readonly ipc?: 'auto' | 'private' | 'parent';
  readonly mdsRegister?: boolean;
  /** The machine of a pod that has one is booted, and does not go on from a template. Default: false. */
  readonly noTemplate?: boolean;
}

/** What becomes of the standard streams of a process, as Node.js has it: `ignore`, `inherit`, an open file's number, or `pipe`, which somebody has to read. */
export interface StreamOptions {
  /** Standard input, output and error. Default: `['ignore', 'pipe', 'pipe']`. */
  readonly stdio?: readonly [stdin: Stream, stdout: Stream, stderr: Stream];
  /** In a session of its own: what a terminal sends to this process is not for the pod. Default: false. */
  readonly detached?: boolean;
}

export type Stream = 'ignore' | 'inherit' | 'pipe' | number;
