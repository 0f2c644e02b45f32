import type {ReportEntry} from '../contract/plan.ts';
import type {PodState} from '../pod/state/states.ts';
import type {FlavorChoice} from '../stage1/choice/flavor-choice.ts';

/** A pod, as `rkt list` and `rkt status` have it in JSON. What is not known, or not yet, is left out. */
export interface PodView {
  /** UUID. */
  readonly name: string;
  readonly state: PodState;
  readonly app_names?: readonly string[];
  readonly apps?: readonly AppView[];
  readonly networks?: readonly {readonly netName: string}[];
  /** Seconds since 1970. */
  readonly created_at: number;
  /** Seconds since 1970. */
  readonly started_at?: number;
  readonly user_annotations?: Readonly<Record<string, string>>;
  readonly user_labels?: Readonly<Record<string, string>>;
  readonly pod_name?: string;
  readonly remove_on_exit?: boolean;
  readonly flavor?: string;
  readonly stage1_image_id?: string;
  readonly stage1_image_name?: string;
}

export interface AppView {
  readonly name: string;
  readonly state: 'unknown' | 'created' | 'running' | 'exited';
  /** Nanoseconds since 1970. */
  readonly created_at: number;
  /** Nanoseconds since 1970. */
  readonly started_at?: number;
  /** Of an app that is over, where something has recorded it. */
  readonly exit_code?: number;
  /** How often it has been started again. */
  readonly restarts?: number;
  /** Of the run before the one that goes on. */
  readonly last_exit_code?: number;
  readonly image_id: string;
  readonly image_name: string;
  readonly mounts: readonly {
    readonly name: string;
    readonly container_path: string;
    /** `null` of an empty volume. */
    readonly host_path: string | null;
    readonly read_only: boolean;
  }[];
  readonly user_annotations?: Readonly<Record<string, string>>;
  readonly user_labels?: Readonly<Record<string, string>>;
}

/** What `rkt status` adds. */
export interface PodStatus extends PodView {
  /** How it came to its flavor. */
  readonly choice?: FlavorChoice;
  /** What became of each isolator and feature. */
  readonly enforcement: readonly ReportEntry[];
  /** Processes that the kernel has killed for want of memory. */
  readonly oom_kills?: number;
}
