import type {HostPath} from '../contract/names.ts';

/** User and password for a registry or a host. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/** How to authenticate to one host. */
export type Auth =
  | {readonly type: 'basic'; readonly credentials: BasicCredentials}
  | {readonly type: 'oauth'; readonly credentials: {readonly token: string}}
  | {
      readonly type: 'aws';
      readonly credentials: {
        readonly accessKeyID: string;
        readonly secretAccessKey: string;
        readonly awsRegion?: string | undefined;
      };
    };

/** Which flavor runs pods that name none. */
export interface Stage1Config {
  /** Name of a flavor, or its path. Wins over rkt's fields below, of which `name` is one of rkt's stage1 image names, or that of a stage1 image. */
  readonly flavor?: string;
  readonly name?: string;
  readonly version?: string;
  readonly location?: string;
  /** What runs the code of pods' machines, where a flavor has machines. Default `auto`: kvm if a tiny guest has run with it, else tcg. */
  readonly accelerator?: Accelerator;
  /** Whether pods' machines may go on from one that was booted before. Default true. */
  readonly templates?: boolean;
  /** What `rkt flavor build` gives machines: `small`, `distribution`, or a file. Default: the small kernel if it has been made, else the distribution's. */
  readonly kernel?: string;
  /** An archive that is unpacked before rkt's own where a machine starts: modules, for a kernel that is a file. */
  readonly initramfs?: string;
}

/** Kernels by name. */
export const KERNELS = ['distribution', 'small'] as const;

export const ACCELERATORS = ['auto', 'kvm', 'tcg'] as const;
export type Accelerator = (typeof ACCELERATORS)[number];

/** The merged configuration: system, then local, then user. */
export interface Config {
  /** By host. */
  readonly auth: ReadonlyMap<string, Auth>;
  /** By registry. */
  readonly dockerAuth: ReadonlyMap<string, BasicCredentials>;
  readonly paths: {readonly data?: HostPath; readonly stage1Images?: HostPath; readonly receiptKey?: HostPath};
  readonly stage1: Stage1Config;
  /** Isolators by which images may widen the defaults, by the beginning of their names ({@link plainPrefix}). */
  readonly image: ReadonlyMap<string, readonly string[]>;
}

/** Kinds of configuration files and the directory of each (rkt's `rktKind`). */
export const KIND_DIRECTORIES = {
  auth: 'auth.d',
  dockerAuth: 'auth.d',
  image: 'image.d',
  paths: 'paths.d',
  stage1: 'stage1.d',
} as const;
export type Kind = keyof typeof KIND_DIRECTORIES;
export const KINDS = Object.keys(KIND_DIRECTORIES) as Kind[];

/** What a pod without `--stage1` runs on, for `findFlavor`; `undefined` is rkt's own default. */
export const configuredStage1 = ({flavor, name, version, location}: Stage1Config): string | undefined =>
  flavor ?? (name !== undefined && version !== undefined ? `${name}:${version}` : name) ?? location;

/** The one spelling of a prefix: `example.com/` is `example.com`. */
export const plainPrefix = (prefix: string): string => prefix.replace(/\/$/, '');

/** Whether the name of an image begins so. A prefix ends where a part of the name does. */
export const hasPrefix = (name: string, prefix: string): boolean => `${name}/`.startsWith(`${plainPrefix(prefix)}/`);

/** What an image of this name may have beyond the defaults. */
export const acceptedOf = (image: Config['image'], name: string): ReadonlySet<string> =>
  new Set([...image].flatMap(([prefix, accept]) => (hasPrefix(name, prefix) ? accept : [])));
