import type {Fd} from '../linux/fd.ts';
import type {FirstProcess} from '../linux/first-process.ts';
import type {IdMap} from '../linux/user-namespace.ts';

/** A map of ids, and the user namespace that mounts take it from. */
export interface Mapping extends IdMap {
  readonly namespace: Fd;
}

/** What the steps so far have made for those that follow, and for the launch. */
export class Made {
  /** `undefined`: the pod's ids are those of the host. */
  idMap: Mapping | undefined;
  /** Of the pid namespace that the plan has made. `undefined`: what is launched stays among the processes of rkt's caller. */
  firstProcess: FirstProcess | undefined;
  /** For the launched program, in the order of the plan. */
  readonly taps: Fd[] = [];
  /** Numbers of the mounts whose content is the pod's alone: fresh file systems, and directories of the pod's. What a volume of the host holds is not. */
  readonly ownMounts = new Set<number>();
  /** For each bind with propagation, by its id, the copy of its source until the step takes it. `undefined`: the pod has no such bind. */
  propagated: Map<string, Fd> | undefined;
  /** Resolves when this process has come into the cgroup that the steps so far have moved it to. */
  joined: Promise<void> = Promise.resolve();
}
