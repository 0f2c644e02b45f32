import type {ImageId} from '../../contract/names.ts';
import type {HostRequirement} from '../../contract/support.ts';

/** Where configuration comes from, the highest first: what one says, none after it loosens. */
export const LAYERS = ['system', 'local', 'user'] as const;
export type Layer = (typeof LAYERS)[number];

/** All that is given holds; of several values, one is enough. */
export interface Match {
  /** Beginnings of image names, which end where a part of the name does. */
  readonly images?: readonly string[] | undefined;
  /** Labels of the image. */
  readonly labels?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Annotations of the app, or of its image. */
  readonly annotations?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The number of the app's user. */
  readonly users?: readonly ('root' | 'other' | number)[] | undefined;
  /** Isolators that the app or its pod asks for. */
  readonly isolators?: readonly string[] | undefined;
  readonly host?: HostMatch | undefined;
}

/** All that is given holds. */
export interface HostMatch {
  readonly arch?: readonly string[] | undefined;
  readonly has?: readonly HostRequirement[] | undefined;
  readonly lacks?: readonly HostRequirement[] | undefined;
}

/** What may be, and what may not. */
export interface Permission {
  readonly allow?: readonly string[] | undefined;
  /** `all` spares what the same rule allows. */
  readonly forbid?: readonly string[] | 'all' | undefined;
}

/** One rule of a policy file, and where it stands. */
export interface Rule {
  readonly name: string;
  readonly layer: Layer;
  readonly file: string;
  /** Absent: every app. */
  readonly match?: Match | undefined;
  /** Not the apps that this matches, too. What an image says of itself but its name does not count. */
  readonly except?: Pick<Match, 'images' | 'host'> | undefined;
  /** The only flavors that may run the pod, the first choice first. */
  readonly flavors?: readonly string[] | undefined;
  /** Flavors that may not. */
  readonly forbid?: readonly string[] | undefined;
  /** What the flavor has to give the pod; of a list in the list, one. */
  readonly require?: readonly (readonly string[])[] | undefined;
  /** Isolators and features that may be left out where they cannot be had. */
  readonly degrade?: Permission | undefined;
  /** Isolators by which images may have more than the defaults. */
  readonly accept?: Permission | undefined;
}

/** What rules look at, of one app. */
export interface SubjectApp {
  readonly name: string;
  readonly image: {readonly id: ImageId; readonly name: string};
  readonly labels: Readonly<Record<string, string>>;
  /** Values of one name may be of the app and of its image. */
  readonly annotations: Readonly<Record<string, readonly string[]>>;
  readonly uid: number;
  readonly isolators: readonly string[];
}

/** How a rule is named to the operator. */
export const place = ({name, file}: Pick<Rule, 'name' | 'file'>): string => `rule "${name}" of ${file}`;
