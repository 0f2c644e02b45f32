import type {HostFacts} from '../contract/host.ts';
import type {Pod, ProcessIdentity, RunningPod} from '../contract/pod.ts';
import {cgroupPath, processesOf} from '../linux/cgroups.ts';
import {identify, isAlive} from '../linux/process-identity.ts';

/**
 * The pod with the processes to join. Where the launched program is the app and has ended, leaving children, the oldest of them stands for it.
 */
export const runningPod = (pod: Pod, facts: HostFacts, {pid, startTime}: ProcessIdentity): RunningPod => {
  const supervisor: ProcessIdentity = {pid, startTime};
  const member = isAlive(supervisor) ? supervisor : (oldest(pod, facts) ?? supervisor);
  return {...pod, supervisor, appProcesses: Object.fromEntries(pod.apps.map(({name}) => [name, member]))};
};

const oldest = (pod: Pod, {cgroup}: HostFacts): ProcessIdentity | undefined =>
  processesOf(cgroup, cgroupPath(cgroup, pod.cgroup))
    .flatMap((pid) => identify(pid) ?? [])
    .sort((a, b) => a.startTime - b.startTime || a.pid - b.pid)[0];
