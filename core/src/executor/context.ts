import type {HostFacts} from '../contract/host.ts';
import type {RlimitName} from '../contract/kernel-names.ts';
import type {HostPath} from '../contract/names.ts';
import type {Pod, ProcessIdentity} from '../contract/pod.ts';
import type {Fd} from '../linux/fd.ts';
import type {RktError} from '../rkt-error.ts';
import type {Made} from './made.ts';

/** What steps are performed with. */
export interface PerformContext {
  readonly pod: Pod;
  readonly facts: HostFacts;
  /** For each `host-tree` step, by its id, the tree that it binds. */
  readonly hostTrees?: ReadonlyMap<string, HostPath>;
  /** For each `disk-image` step, by its id, the detached mount of a file that it attaches. */
  readonly diskImages?: ReadonlyMap<string, Fd>;
  /** For each `template` step, by its id, the detached mount of a directory that it attaches; none where it could not be made. */
  readonly templates?: ReadonlyMap<string, Fd>;
  /** For each `id-map` step, by its id, a user namespace with its map. */
  readonly userNamespaces?: ReadonlyMap<string, Fd>;
  /** Told of the first process of a pid namespace, before anything of the pod runs. */
  readonly onFirstProcess?: (identity: ProcessIdentity) => void;
  readonly caches: {
    /** Directory of compiled filters. */
    readonly seccomp: HostPath;
  };
}

/** What a step may look at besides itself, and what it adds to. */
export interface StepContext extends PerformContext {
  readonly made: Made;
}

/** What the executor is given with a plan. */
export interface ExecutorContext extends PerformContext {
  /** The pod's lock; close-on-exec, so that it is held exactly until the launched program takes over. */
  readonly lock: Fd;
  /** Called when everything has been checked, just before the host's file system goes out of sight and `execve`. */
  readonly beforeExec?: () => void;
  /** The text of an error that has to be told after this process has become another program. */
  readonly describeError?: (error: RktError) => string;
  /** Takes what the operator should know about a step that succeeded: a sentence each. */
  readonly note?: (text: string) => void;
}

/** What a launch needs of that, and of the steps before it. */
export interface LaunchContext extends ExecutorContext, StepContext {}

/** What entering a running pod needs of {@link ExecutorContext}. */
export interface EnterContext extends Pick<ExecutorContext, 'facts' | 'caches' | 'beforeExec' | 'describeError'> {
  /** Limits of the process that nobody asked for: they may be lower than the app's where rkt may not raise its own. Default: none. */
  readonly defaultLimits?: readonly RlimitName[];
  /** The pod may have the terminal of rkt's caller, and the filter against typing there, which what enters has then, too. Default false. */
  readonly sharesTerminal?: boolean;
}
