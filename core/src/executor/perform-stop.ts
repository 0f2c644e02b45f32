import type {HostFacts} from '../contract/host.ts';
import type {ProcessIdentity, RunningPod} from '../contract/pod.ts';
import type {StopStep} from '../contract/step.ts';
import {isPopulated, processesOf, signalMember} from '../linux/cgroup-members.ts';
import {cgroupPath} from '../linux/cgroup-paths.ts';
import {killCgroup} from '../linux/kill-cgroup.ts';
import {isNamespaceAlive, parentsOutside} from '../linux/pid-namespace.ts';
import {openProcess, pidfdSignal, pidfdWait} from '../linux/pidfd.ts';
import {isAlive} from '../linux/process-identity.ts';
import {signalNumbers} from '../linux/signal-numbers.ts';
import {sleep} from '../linux/sleep.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {podNotKilled} from './errors.ts';

interface Running {
  readonly pod: RunningPod;
  readonly facts: HostFacts;
  /** Of the pod's pid namespace, if it has one. */
  readonly first?: ProcessIdentity | undefined;
  /** What the steps leave is killed. Default false. */
  readonly force?: boolean;
  /** Milliseconds that the kernel gets to end what is killed. Default: a minute. */
  readonly patience?: number;
  /** Told what does not come out as it should. Default: nobody. */
  readonly note?: (text: string) => void;
}

const POLL = 20;

/**
 * Performs what `stop` of a flavor, or the default, says.
 * @throws RKT_POD_NOT_KILLED
 */
export const performStop = (steps: readonly StopStep[], running: Running): void => {
  const {facts, first, force = false, note} = running;
  if (facts.rootless !== undefined && facts.cgroup.mode === 'none' && first === undefined)
    note?.('only its main process is ended: its flavor gives the pod neither a cgroup nor a pid namespace');
  for (const step of steps) {
    switch (step.do) {
      case 'signal':
        signal(running, step.to, step.signal);
        break;
      case 'await-exit':
        awaitExit(running, step.milliseconds, step.of);
        break;
      case 'kill':
        kill(running);
        break;
    }
  }
  if (force && isRunning(running)) kill(running);
};

const cgroupOf = ({pod, facts}: Running): string => cgroupPath(facts.cgroup, pod.cgroup);

const isRunning = (running: Running): boolean =>
  isAlive(running.pod.supervisor) ||
  isPopulated(running.facts.cgroup, cgroupOf(running)) ||
  (running.first !== undefined && isNamespaceAlive(running.first));

const isSignal = (name: string): name is NodeJS.Signals => Object.hasOwn(signalNumbers(), name);

const signal = (running: Running, to: 'supervisor' | 'pod', name: string): void => {
  if (!isSignal(name)) throw new TypeError(`no such signal: ${name}`);
  const {supervisor} = running.pod;
  // A supervisor that was killed has left its pod behind, which is asked itself then.
  const isAlone = to === 'supervisor' && isAlive(supervisor);
  signalProcess(supervisor, name);
  if (isAlone) return;
  const path = cgroupOf(running);
  for (const pid of processesOf(running.facts.cgroup, path)) {
    if (pid !== supervisor.pid && pid !== process.pid) signalMember(pid, path, name);
  }
};

const signalProcess = (identity: ProcessIdentity, name: NodeJS.Signals): void => {
  using process = openProcess(identity);
  if (process !== undefined) pidfdSignal(process, name);
};

const awaitExit = (running: Running, milliseconds: number, of?: 'supervisor'): void => {
  const end = Date.now() + milliseconds;
  using supervisor = openProcess(running.pod.supervisor);
  if (supervisor !== undefined) pidfdWait(supervisor, milliseconds);
  if (of === 'supervisor') return;
  while (isRunning(running) && Date.now() < end) sleep(POLL);
};

const PATIENCE = 60_000;

const kill = (running: Running): void => {
  const {pod, facts, first, patience = PATIENCE} = running;
  // First, lest an app sees that what served its streams is gone, and ends by itself before it is killed.
  killCgroup(facts.cgroup, cgroupOf(running));
  if (first !== undefined) killInside(running, first);
  // Before it has a cgroup, and on hosts without.
  signalProcess(pod.supervisor, 'SIGKILL');
  awaitExit(running, patience);
  if (isRunning(running)) throw podNotKilled(pod.uuid, patience);
};

const REAPED = 5_000;

const goOn = (parent: ProcessIdentity): void => {
  try {
    signalProcess(parent, 'SIGCONT');
  } catch (error) {
    // Somebody else has entered the pod.
    if (!isErrno(error, 'EPERM')) throw error;
  }
};

/**
 * The first process of a pid namespace has ended when all there have been reaped (pid_namespaces(7)), the app among them, which is for its parent outside to do: that one ends by itself then. Killed before,
 * it would leave that to the first process of the host, whenever that comes to it. So it is with what has been entered. A terminal may have stopped these parents.
 */
const killInside = (running: Running, first: ProcessIdentity): void => {
  const parents = parentsOutside(first.pid);
  signalProcess(first, 'SIGKILL');
  for (const parent of parents) goOn(parent);
  awaitExit(running, REAPED, 'supervisor');
};
