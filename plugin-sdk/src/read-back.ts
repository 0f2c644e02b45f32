import type {Declaration, IsolatorName, JoinableKind, ReadBack, Support} from '@rkt/core/contract';
import type {Proof} from './support.ts';

/** Where `rkt status --verify` finds a feature in the running kernel. Isolators: {@link byHostKernel}. */
export const readBack = {
  devices: {from: 'devices'},
  mounts: {from: 'mountinfo'},
  /** The app's namespace of this kind is not the host's. */
  ownNamespace: (kind: JoinableKind): ReadBack => ({from: 'namespace', kind, is: 'own'}),
  /** The app's namespace of this kind is the host's. */
  hostNamespace: (kind: JoinableKind): ReadBack => ({from: 'namespace', kind, is: 'host'}),
} as const satisfies Record<string, ReadBack | ((...args: never[]) => ReadBack)>;

const CAPABILITIES: Proof = {readBack: {from: 'status', field: 'CapBnd'}};
const SECCOMP: Proof = {requires: ['seccomp'], readBack: {from: 'status', field: 'Seccomp'}};
const NOT_SHOWN: Proof = {};

/** What the host must have for an isolator, and where the kernel shows it. */
const PROOFS: {readonly [N in IsolatorName]: Proof} = {
  'os/linux/apparmor-profile': {requires: ['lsm/apparmor'], readBack: {from: 'label'}},
  'os/linux/capabilities-remove-set': CAPABILITIES,
  'os/linux/capabilities-retain-set': CAPABILITIES,
  'os/linux/cpu-shares': {requires: ['cgroup/cpu'], readBack: {from: 'cgroup', limit: 'cpuShares'}},
  'os/linux/cpuset-cpus': {requires: ['cgroup/cpuset'], readBack: {from: 'cgroup', limit: 'cpus'}},
  'os/linux/cpuset-mems': {requires: ['cgroup/cpuset'], readBack: {from: 'cgroup', limit: 'memoryNodes'}},
  'os/linux/no-new-privileges': {readBack: {from: 'status', field: 'NoNewPrivs'}},
  'os/linux/oom-score-adj': {readBack: {from: 'oom-score-adj'}},
  'os/linux/seccomp-remove-set': SECCOMP,
  'os/linux/seccomp-retain-set': SECCOMP,
  'os/linux/selinux-context': {requires: ['lsm/selinux'], readBack: {from: 'label'}},
  'os/unix/rlimits': {readBack: {from: 'limits'}},
  'os/unix/sysctl': NOT_SHOWN,
  'resource/block-bandwidth': {requires: ['cgroup/io'], readBack: {from: 'cgroup', limit: 'ioBandwidth'}},
  'resource/block-iops': {requires: ['cgroup/io'], readBack: {from: 'cgroup', limit: 'ioOperations'}},
  'resource/cpu': {requires: ['cgroup/cpu'], readBack: {from: 'cgroup', limit: 'cpuMax'}},
  'resource/hugepages': {requires: ['cgroup/hugetlb'], readBack: {from: 'cgroup', limit: 'hugepages'}},
  'resource/memory': {requires: ['cgroup/memory'], readBack: {from: 'cgroup', limit: 'memoryMax'}},
  'resource/network-bandwidth': NOT_SHOWN,
  'resource/pids': {requires: ['cgroup/pids'], readBack: {from: 'cgroup', limit: 'pidsMax'}},
};

/**
 * The isolators of a flavor whose apps run on the host's own kernel: adds to each that holds what the host must have for it, and where `rkt status --verify` finds it. What the flavor
 * itself says stays.
 */
export const byHostKernel = (isolators: Declaration['isolators']): Declaration['isolators'] => {
  const proven = Object.entries<Support>(isolators).map(([name, support]) => [name, prove(name, support)]);
  return Object.fromEntries(proven); // the same names
};

const prove = (name: string, support: Support): Support =>
  (support.level === 'enforced' || support.level === 'equivalent') && Object.hasOwn(PROOFS, name)
    ? {...support, ...PROOFS[name as IsolatorName], ...support} // own key
    : support;
