import * as z from 'zod/mini';
import type {IsolatorMap, isolatorValues} from '../../contract/isolators.ts';
import {quantity} from '../quantity.ts';
import {nonEmptyText} from '../text.ts';
import {capabilitySet} from './capability-set.ts';
import type {IsolatorDefinition, Scope} from './definition.ts';
import {hugepages} from './hugepages.ts';
import {numberFrom} from './number-from.ts';
import {numberList} from './number-list.ts';
import {rate} from './rate.ts';
import {requestAndLimit} from './request-and-limit.ts';
import {rlimits} from './rlimits.ts';
import {selinuxContext} from './selinux-context.ts';
import {syscallSet} from './syscall-set.ts';
import {sysctl} from './sysctl.ts';

const BOTH: readonly Scope[] = ['app', 'pod'];
const APP: readonly Scope[] = ['app'];
const POD: readonly Scope[] = ['pod'];

/**
 * Every isolator that rkt knows: those of appc 0.8.11 (ace.md, "Isolators", with the number of the requirement), those that rkt had besides, and its
 * own. One of the contract that is missing here does not compile.
 *
 * Two of a name never add up. A flag replaces what an image says, and what it cannot stand beside; the `app` of a pod manifest replaces all of its
 * image's. Of an app and its pod each has its own: what is a limit of a cgroup holds at the lesser of both (EX-31), but for weights.
 */
export const isolatorDefinitions: {
  readonly [K in keyof typeof isolatorValues]: IsolatorDefinition<IsolatorMap[K]>;
} = {
  /** `{"profile": "rkt-default"}`: a profile that is loaded on the host. By default none. EX-47. */
  'os/linux/apparmor-profile': {
    scopes: BOTH,
    decides: {process: ['apparmorProfile']},
    value: z.lazy(() => z.strictObject({profile: nonEmptyText})),
  },
  /** `{"set": ["CAP_KILL"]}`: what the default set loses, as in capabilities(7). EX-48. */
  'os/linux/capabilities-remove-set': {
    scopes: APP,
    excludes: 'os/linux/capabilities-retain-set',
    decides: {process: ['capabilities']},
    value: capabilitySet,
  },
  /** `{"set": ["CAP_NET_ADMIN"]}`: all that the bounding set keeps. By default the fourteen of `DEFAULT_CAPABILITIES`. EX-48. */
  'os/linux/capabilities-retain-set': {
    scopes: APP,
    excludes: 'os/linux/capabilities-remove-set',
    decides: {process: ['capabilities']},
    value: capabilitySet,
  },
  /** `1024`: relative weight of cgroup v1, 2 to 262144. By default that of the request of `resource/cpu`, else the kernel's 1024. Of rkt. */
  'os/linux/cpu-shares': {
    scopes: APP,
    decides: {limits: ['cpuShares']},
    value: numberFrom(2, 262_144, (shares) => ({shares})),
  },
  /** `"0-2,5"`: the only processors to run on. By default those of rkt's caller. Of this project. */
  'os/linux/cpuset-cpus': {
    scopes: BOTH,
    decides: {limits: ['cpus']},
    value: numberList((cpus) => ({cpus})),
  },
  /** `"0"`: the only memory nodes to have memory of. By default those of rkt's caller. Of this project. */
  'os/linux/cpuset-mems': {
    scopes: BOTH,
    decides: {limits: ['memoryNodes']},
    value: numberList((nodes) => ({nodes})),
  },
  /** `true`. By default for every user but root, who has it only when asked for. EX-49. */
  'os/linux/no-new-privileges': {
    scopes: APP,
    decides: {process: ['noNewPrivileges']},
    value: z.lazy(() =>
      z.pipe(
        z.boolean(),
        z.transform((enabled) => ({enabled})),
      ),
    ),
  },
  /** `-500`: what the kernel adds to the app's badness, -1000 to 1000. By default that of rkt's caller. Of rkt. */
  'os/linux/oom-score-adj': {
    scopes: APP,
    decides: {process: ['oomScoreAdj']},
    value: numberFrom(-1000, 1000, (score) => ({score})),
  },
  /** `{"set": ["reboot"], "errno": "EPERM"}`: the calls that are blocked; without an errno they kill the app. EX-37, EX-42. */
  'os/linux/seccomp-remove-set': {
    scopes: APP,
    excludes: 'os/linux/seccomp-retain-set',
    decides: {process: ['seccomp']},
    value: syscallSet,
  },
  /** `{"set": ["read", "@appc.io/all"]}`: the calls that are not blocked. By default `@rkt/default-whitelist`, with EPERM. EX-38, EX-42. */
  'os/linux/seccomp-retain-set': {
    scopes: APP,
    excludes: 'os/linux/seccomp-remove-set',
    decides: {process: ['seccomp']},
    value: syscallSet,
  },
  /** `{"user": "system_u", "role": "system_r", "type": "dhcpc_t", "level": "s0"}`. By default none. EX-46. */
  'os/linux/selinux-context': {scopes: BOTH, decides: {process: ['selinuxContext']}, value: selinuxContext},
  /** `{"nofile": {"soft": "1024", "hard": "4096"}}`: in the kernel's unit of each, or "unlimited". By default those of rkt's caller, but for `nofile` (`pod/compose/open-files.ts`). Of this project. */
  'os/unix/rlimits': {scopes: APP, decides: {process: ['rlimits']}, value: rlimits},
  /** `{"net.ipv4.ip_forward": "1"}`: kernel parameters that are the pod's. By default what a new namespace has. EX-55. */
  'os/unix/sysctl': {scopes: POD, decides: {}, value: sysctl},
  /** `{"default": true, "limit": "2M"}`: bytes per second of each block device, read and written each. By default no limit. EX-53. */
  'resource/block-bandwidth': {scopes: BOTH, decides: {limits: ['ioBandwidth']}, value: rate},
  /** `{"default": true, "limit": "1000"}`: operations per second of each block device, reads and writes each. By default no limit. EX-53. */
  'resource/block-iops': {scopes: BOTH, decides: {limits: ['ioOperations']}, value: rate},
  /** `{"request": "250m", "limit": "500m"}`: cores, to thousandths of one; the request is a weight. By default no limit. EX-56. */
  'resource/cpu': {
    scopes: BOTH,
    decides: {limits: ['cpuMax', 'cpuShares']},
    value: z.lazy(() => requestAndLimit('milli')),
  },
  /** `{"2Mi": "64Mi", "1Gi": "0"}`: bytes in huge pages of each size, whole pages. By default no limit. Of this project. */
  'resource/hugepages': {scopes: BOTH, decides: {limits: ['hugepages']}, value: hugepages},
  /** `{"request": "1G", "limit": "2G"}`: bytes, none of them in swap; the request is reclaimed last. By default no limit. EX-57. */
  'resource/memory': {
    scopes: BOTH,
    decides: {limits: ['memoryMax', 'memoryLow', 'memorySwapMax']},
    value: z.lazy(() => requestAndLimit('whole')),
  },
  /** `{"default": true, "limit": "1G"}`: bytes per second of each interface but the loopback. By default no limit. EX-53, EX-54. */
  'resource/network-bandwidth': {scopes: BOTH, decides: {}, value: rate},
  /** `{"limit": "100"}`: processes and threads, at least 1. By default no limit. Of this project. */
  'resource/pids': {
    scopes: BOTH,
    decides: {limits: ['pidsMax']},
    value: z.lazy(() => z.strictObject({limit: quantity('whole').check(z.minimum(1, 'at least 1'))})),
  },
};

/** The definition of an isolator; `undefined` for one that rkt does not know. */
export const findDefinition = (name: string): IsolatorDefinition<unknown> | undefined =>
  Object.hasOwn(isolatorDefinitions, name)
    ? isolatorDefinitions[name as keyof typeof isolatorDefinitions] // own key
    : undefined;
