import type {AppName, HostPath, ImageId, RootfsPath, Uuid} from '../../contract/names.ts';
import type {Entrypoints} from '../../stage1/aci/entrypoints.ts';
import type {FlavorChoice} from '../../stage1/choice/flavor-choice.ts';
import {readIfWhole} from './read-if-whole.ts';

/** What `list` and `status` show of a pod: one small file, so that a thousand pods are a thousand short reads. */
export interface Summary {
  readonly version: 1;
  readonly uuid: Uuid;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly flavor: {
    readonly name: string;
    /** The file it was loaded from: `enter` and `stop` need it again. */
    readonly source: string;
    readonly digest: string;
    readonly liveness: 'lock' | 'cgroup';
    /** Whether the supervisor tells when the apps run; else they do as soon as it does. */
    readonly tellsReady: boolean;
    /** Whether each app has a cgroup and processes of its own, because the launched program only supervises them. */
    readonly supervises: boolean;
    /** Of a stage1 image made for rkt, whose `source` is the image: what `enter`, `stop` and `gc` call. */
    readonly entrypoints?: Entrypoints;
  };
  /** How the pod came to it. Absent of pods of an older rkt. */
  readonly choice?: FlavorChoice;
  /** The image that the flavor's own programs come from, if not from the host. */
  readonly stage1?: {readonly imageId: ImageId; readonly imageName: string};
  /** What it was called by --pod-name. */
  readonly podName?: string;
  /** The next gc takes it, without a grace period, when it has exited. */
  readonly removeOnExit?: true;
  readonly apps: readonly AppSummary[];
  readonly networks: readonly string[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

export interface AppSummary {
  readonly name: AppName;
  readonly imageId: ImageId;
  /** With the version, if the image has one: `example.com/app:1.0`. */
  readonly imageName: string;
  readonly mounts: readonly {
    readonly volume: string;
    readonly path: RootfsPath;
    /** `null` for an empty volume. */
    readonly source: HostPath | null;
    readonly readOnly: boolean;
  }[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

/** The summary of the pod in `directory`; `undefined` while there is none: before and during preparation, or after a crash of the machine. */
export const readSummary = (directory: string): Summary | undefined => {
  const summary = readIfWhole(directory, 'summary');
  return summary?.version === 1 ? summary : undefined;
};
