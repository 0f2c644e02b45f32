import type {AppPlace} from './app-place.ts';
import type {Declaration} from './declaration.ts';
import type {Finding, HostFacts} from './host.ts';
import type {Launch} from './launch.ts';
import type {App, Pod, RunningPod} from './pod.ts';
import type {Step, StopStep} from './step.ts';

/** Version of this contract. A new isolator, feature, verb, step kind or optional hook is a minor step; anything else is major. */
export const CONTRACT_VERSION = '1.1.0';

/**
 * A stage1: pure functions from a frozen pod and the host's facts to data. A hook never calls the kernel, spawns a process,
 * reads a file or a clock; the same input gives the same plan, byte for byte. The core checks both.
 */
export interface Flavor {
  readonly declaration: Declaration;

  /** What this host lacks, each with a fix; `missing` ones keep the flavor from being chosen. Shown by `rkt flavor doctor`. */
  probe(host: HostFacts): Finding[];

  /** First stage: rootfs, layers, volumes. */
  filesystem(pod: Pod, host: HostFacts): Step[];

  /** Second stage: namespaces, cgroup, kernel file systems, devices, configuration files. */
  environment(pod: Pod, host: HostFacts): Step[];

  /** Third stage: the program that replaces stage0. */
  launch(pod: Pod, host: HostFacts): Launch;

  /**
   * Another program with exactly what the app has. Absent: `rkt enter` is refused; declare the verb `impossible` then.
   * `command` is empty for an interactive shell. `host` has the facts that the pod was started with, except `terminals`, which are those of whoever enters; so is TERM in the app's environment.
   */
  enter?(pod: RunningPod, app: App, command: readonly string[], host: HostFacts): Launch;

  /**
   * The cgroup of an app's processes, below the pod's (`payload/app.service`), for a flavor whose launched program is not the app: the first process in it
   * stands for the app in `RunningPod.appProcesses`. Absent, and {@link appProcess} absent as well: the launched program is the app.
   */
  appCgroup?(pod: Pod, app: App): string;

  /**
   * Where an app's process is, for a flavor whose launched program starts it in the pod's own cgroup. As long as there is no process at that place and in that cgroup, the app counts as not started. Not
   * together with {@link appCgroup}. Since 1.1.
   */
  appProcess?(pod: Pod, app: App): AppPlace;

  /** How to end the pod. Absent: SIGTERM to the supervisor, up to ten seconds for it to end, then kill; with `force`, kill. */
  stop?(pod: RunningPod, force: boolean): StopStep[];
}

/** The names a flavor object may have. Unknown ones are refused, so that a typo does not cost a hook. */
export const HOOKS = {
  declaration: 'required',
  probe: 'required',
  filesystem: 'required',
  environment: 'required',
  launch: 'required',
  appCgroup: 'optional',
  appProcess: 'optional',
  enter: 'optional',
  stop: 'optional',
} as const satisfies {readonly [K in keyof Flavor]-?: undefined extends Flavor[K] ? 'optional' : 'required'};
