import type {Restart, RestartLimit} from '../appc/restart.ts';
import type {HostPath, RootfsPath} from '../contract/names.ts';
import type {PreparedNetwork} from '../contract/pod.ts';

/*
 * What the operator asked for, parsed from flags and not yet resolved: the input of `prepare`.
 * Values keep rkt's meanings (shared grammar of run, prepare and plan).
 */

export interface AppRequest {
  /** As typed: an image ID or prefix, a name, a path, a URL. */
  readonly image: string;
  readonly signature?: HostPath;
  readonly name?: string;
  readonly exec?: string;
  readonly args: readonly string[];
  readonly workingDirectory?: RootfsPath;
  readonly readOnlyRootfs: boolean;
  readonly restart?: Restart;
  readonly restartLimit?: RestartLimit;
  readonly watchdogSeconds?: number;
  readonly mounts: readonly {readonly volume: string; readonly path: RootfsPath}[];
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGids?: readonly number[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Isolators from flags as appc would write them: name and JSON value; they replace the image's of the same kind. */
  readonly isolators: readonly {readonly name: string; readonly value: unknown}[];
  /** Isolators by which its image may widen the defaults, by name. */
  readonly acceptImage?: readonly string[];
  readonly stdin?: 'null' | 'stream' | 'tty';
  readonly stdout?: 'journal' | 'log' | 'null' | 'stream' | 'tty';
  readonly stderr?: 'journal' | 'log' | 'null' | 'stream' | 'tty';
}

export interface VolumeRequest {
  readonly name: string;
  readonly kind: 'host' | 'empty';
  readonly source?: HostPath;
  readonly readOnly?: boolean;
  readonly recursive?: boolean;
  readonly propagation?: 'private' | 'shared' | 'slave';
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface PortRequest {
  readonly name: string;
  readonly hostIp?: string;
  readonly hostPort: number;
}

export interface PodRequest {
  /** Something that it was made of is gone with the reading, as what comes out of a pipe: it cannot be made again. */
  readonly readOnce?: true;
  /** Empty when `manifest` is given. */
  readonly apps: readonly AppRequest[];
  /** The bytes of `--pod-manifest`, JSON or YAML. */
  readonly manifest?: string;
  readonly volumes: readonly VolumeRequest[];
  readonly ports: readonly PortRequest[];
  readonly inheritEnv: boolean;
  /** From `--set-env-file`, then `--set-env`; later ones win. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pullPolicy: 'never' | 'new' | 'update';
  /** Unique among the pods of a data directory. */
  readonly podName?: string;
  readonly removeOnExit?: true;
  readonly noOverlay: boolean;
  readonly privateUsers: boolean;
  /** Bytes of each log that are kept. */
  readonly logSize?: number;
  /** Of the pod as a whole, from flags as appc would write them. */
  readonly isolators: AppRequest['isolators'];
  /** As typed: flavor name, path, or one of rkt's stage1 image names. `undefined` takes the configured default. */
  readonly stage1?: string;
  /** Isolators by which any image may widen the defaults, by name. */
  readonly acceptImage: readonly string[];
  /** Isolators and features that may be dropped, by name. */
  readonly allowDegraded: readonly string[];
  /** Follow symlinks in volume sources (appc EX-21). */
  readonly allowSymlinks: boolean;
}

/** What `run` and `run-prepared` add. `undefined` is rkt's default. */
export interface RunRequest {
  readonly net?: string;
  /** Instead of `net`; no flag asks for it. */
  readonly preparedNetwork?: PreparedNetwork;
  readonly interactive: boolean;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOpt: readonly string[];
  readonly dnsDomain?: string;
  readonly hostsEntries: readonly string[];
  readonly hostname?: string;
  readonly ipc: 'auto' | 'private' | 'parent';
  readonly mdsRegister: boolean;
  /** Boots a virtual machine instead of continuing from a template. */
  readonly noTemplate: boolean;
  readonly uuidFileSave?: HostPath;
}

/** Asks for nothing. */
export const PLAIN_RUN: RunRequest = {
  interactive: false,
  dns: [],
  dnsSearch: [],
  dnsOpt: [],
  hostsEntries: [],
  ipc: 'auto',
  mdsRegister: false,
  noTemplate: false,
};

/** What `run-prepared` may change of how a pod was prepared. */
export interface PreparedRequest {
  /** As in {@link PodRequest}. */
  readonly readOnce?: true;
  /** The flavor that runs it instead, as {@link PodRequest.stage1}. */
  readonly stage1?: string;
  /** Besides what was allowed when it was prepared: isolators, features, and what keeps a pod apart from its host (`no-shared-pid`, …). */
  readonly allowDegraded: readonly string[];
}
