import type {HostFacts} from '../contract/host.ts';
import type {HostPath} from '../contract/names.ts';
import type {Pod} from '../contract/pod.ts';
import type {Fd} from '../linux/fd.ts';

/** What a step may look at besides itself. */
export interface StepContext {
  readonly pod: Pod;
  readonly facts: HostFacts;
}

/** What the executor is given with a plan. */
export interface ExecutorContext extends StepContext {
  /** The pod's lock; close-on-exec, so that it is held exactly until the launched program takes over. */
  readonly lock: Fd;
  readonly caches: {
    /** Directory of compiled filters. */
    readonly seccomp: HostPath;
  };
  /** Called last before `execve`, when everything has succeeded. */
  readonly beforeExec?: () => void;
}
