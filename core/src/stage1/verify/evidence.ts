import type {HostFacts} from '../../contract/host.ts';
import type {App, RunningPod} from '../../contract/pod.ts';
import type {MountEntry} from '../../linux/mountinfo.ts';
import type {ProcessState} from '../../linux/read-back.ts';

/** One promise, and what the kernel shows. */
export interface Check {
  readonly name: string;
  /** `null` for the pod as a whole. */
  readonly app: string | null;
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
  /** The kernel does not show enough to tell: nothing speaks against it. Absent: it does. */
  readonly unseen?: true;
}

export type Finding = Pick<Check, 'expected' | 'actual' | 'holds' | 'unseen'>;
export type NamedFinding = Omit<Check, 'app'>;

/** What is read once for an app and compared with every promise. */
export interface Evidence {
  readonly pod: RunningPod;
  readonly app: App;
  readonly pid: number;
  readonly state: ProcessState;
  /** The state of rkt itself, which is that of the host. */
  readonly host: ProcessState;
  readonly mounts: readonly MountEntry[];
  readonly facts: HostFacts;
}
