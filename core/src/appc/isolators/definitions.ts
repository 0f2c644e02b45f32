import type {IsolatorMap, isolatorValues} from '../../contract/isolators.ts';
import {apparmorProfile} from './apparmor-profile.ts';
import {blockBandwidth} from './block-bandwidth.ts';
import {blockIops} from './block-iops.ts';
import {capabilitiesRemoveSet} from './capabilities-remove-set.ts';
import {capabilitiesRetainSet} from './capabilities-retain-set.ts';
import {cpu} from './cpu.ts';
import {cpuShares} from './cpu-shares.ts';
import type {IsolatorDefinition} from './definition.ts';
import {memory} from './memory.ts';
import {networkBandwidth} from './network-bandwidth.ts';
import {noNewPrivileges} from './no-new-privileges.ts';
import {oomScoreAdj} from './oom-score-adj.ts';
import {pids} from './pids.ts';
import {rlimits} from './rlimits.ts';
import {seccompRemoveSet} from './seccomp-remove-set.ts';
import {seccompRetainSet} from './seccomp-retain-set.ts';
import {selinuxContext} from './selinux-context.ts';
import {sysctl} from './sysctl.ts';

/** Every isolator that rkt knows. One of the contract that is missing here does not compile. */
export const isolatorDefinitions: {
  readonly [K in keyof typeof isolatorValues]: IsolatorDefinition<IsolatorMap[K]>;
} = {
  'os/linux/apparmor-profile': apparmorProfile,
  'os/linux/capabilities-remove-set': capabilitiesRemoveSet,
  'os/linux/capabilities-retain-set': capabilitiesRetainSet,
  'os/linux/cpu-shares': cpuShares,
  'os/linux/no-new-privileges': noNewPrivileges,
  'os/linux/oom-score-adj': oomScoreAdj,
  'os/linux/seccomp-remove-set': seccompRemoveSet,
  'os/linux/seccomp-retain-set': seccompRetainSet,
  'os/linux/selinux-context': selinuxContext,
  'os/unix/rlimits': rlimits,
  'os/unix/sysctl': sysctl,
  'resource/block-bandwidth': blockBandwidth,
  'resource/block-iops': blockIops,
  'resource/cpu': cpu,
  'resource/memory': memory,
  'resource/network-bandwidth': networkBandwidth,
  'resource/pids': pids,
};

/** The definition of an isolator; `undefined` for one that rkt does not know. */
export const findDefinition = (name: string): IsolatorDefinition<unknown> | undefined =>
  Object.hasOwn(isolatorDefinitions, name)
    ? isolatorDefinitions[name as keyof typeof isolatorDefinitions] // own key
    : undefined;
