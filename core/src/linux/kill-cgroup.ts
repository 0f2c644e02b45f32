import {existsSync} from 'node:fs';
import {write} from './cgroup-file.ts';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {processesOf, signalMember} from './cgroup-members.ts';
import {directoryOf, isWithin} from './cgroup-paths.ts';
import {ifThere} from './cgroup-tree.ts';
import {cgroupKillFailed} from './errors.ts';
import {liftThrottles} from './lift-throttles.ts';
import {cgroupsOf} from './proc-cgroup.ts';
import {sleep} from './sleep.ts';

const PAUSE = 10;
const ROUNDS = 1000;
/** What has not ended by then waits for something. */
const WAITING = 20;

/**
 * Kills every process of a cgroup and those below it, except this one, and waits until they have ended. Where the kernel does not kill them all at once, they may not fork any more from here on: who forks and ends would be gone
 * whenever it is looked for. Limits of disks that they wait for are taken away. Who is killed in the middle of this leaves nothing that stands still, as by the freezer.
 * @throws RKT_CGROUP_KILL_FAILED after ten seconds.
 */
export const killCgroup = (facts: CgroupFacts, path: string): void => {
  const v2 = facts.hierarchies.find(({version}) => version === 2);
  const killFile = v2 && `${directoryOf(v2, path)}/cgroup.kill`;
  const others = () => processesOf(facts, path).filter((pid) => pid !== process.pid);
  const inside = cgroupsOf().some((membership) => isWithin(membership.path, path));
  // Since Linux 5.14; reaches also those that are just being forked.
  const atOnce = killFile !== undefined && !inside && existsSync(killFile);
  if (!atOnce) forbidForks(facts, path);
  for (let round = 0, pids = others(); pids.length > 0; pids = others()) {
    if (round++ === ROUNDS) throw cgroupKillFailed(path, pids);
    if (round === WAITING) liftThrottles(facts, path);
    if (atOnce) ifThere(() => write(killFile, '1'));
    for (const pid of pids) signalMember(pid, path, 'SIGKILL');
    sleep(PAUSE);
  }
};

const forbidForks = ({hierarchies}: CgroupFacts, path: string): void => {
  for (const hierarchy of hierarchies) ifThere(() => write(`${directoryOf(hierarchy, path)}/pids.max`, '0'));
};
