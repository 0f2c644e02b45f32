import {constants} from 'node:os';
import type {HostFacts} from '../contract/host.ts';
import type {ProcessIdentity, RunningPod} from '../contract/pod.ts';
import type {StopStep} from '../contract/step.ts';
import {cgroupPath, isPopulated, killCgroup, processesOf} from '../linux/cgroups.ts';
import type {Fd} from '../linux/fd.ts';
import {openProcess, pidfdOpen, pidfdSignal, pidfdWait} from '../linux/pidfd.ts';
import {cgroupsOf} from '../linux/proc-cgroup.ts';
import {isAlive} from '../linux/process-identity.ts';
import {sleep} from '../linux/sleep.ts';
import {isErrno} from '../linux/syscall-error.ts';

interface Running {
  readonly pod: RunningPod;
  readonly facts: HostFacts;
}

const POLL = 20;

/** Performs what `stop` of a flavor, or the default, says. */
export const performStop = (steps: readonly StopStep[], running: Running): void => {
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
};

const cgroupOf = ({pod, facts}: Running): string => cgroupPath(facts.cgroup, pod.cgroup);

const isRunning = (running: Running): boolean =>
  isAlive(running.pod.supervisor) || isPopulated(running.facts.cgroup, cgroupOf(running));

const isSignal = (name: string): name is NodeJS.Signals => Object.hasOwn(constants.signals, name);

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

// The number may be another process's by now: asked again while a descriptor holds it.
const signalMember = (pid: number, path: string, name: NodeJS.Signals): void => {
  let member: Fd;
  try {
    member = pidfdOpen(pid);
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EINVAL')) return;
    throw error;
  }
  try {
    if (cgroupsOf(pid).some((membership) => `${membership.path}/`.startsWith(`${path}/`))) pidfdSignal(member, name);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ESRCH')) throw error;
  } finally {
    member.close();
  }
};

const awaitExit = (running: Running, milliseconds: number, of?: 'supervisor'): void => {
  const end = Date.now() + milliseconds;
  using supervisor = openProcess(running.pod.supervisor);
  if (supervisor !== undefined) pidfdWait(supervisor, milliseconds);
  if (of === 'supervisor') return;
  while (isRunning(running) && Date.now() < end) sleep(POLL);
};

const ENOUGH = 10_000;

const kill = (running: Running): void => {
  const {pod, facts} = running;
  // First, lest an app sees that what served its streams is gone, and ends by itself before it is killed.
  killCgroup(facts.cgroup, cgroupOf(running));
  // Before it has a cgroup, and on hosts without.
  signalProcess(pod.supervisor, 'SIGKILL');
  awaitExit(running, ENOUGH);
};
