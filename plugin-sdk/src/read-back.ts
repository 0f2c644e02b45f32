import type {CgroupLimits, JoinableKind, ReadBack} from '@rkt/core/contract';

/** Where `rkt status --verify` finds a promise in the running kernel. */
export const readBack = {
  capabilities: {from: 'status', field: 'CapBnd'},
  noNewPrivileges: {from: 'status', field: 'NoNewPrivs'},
  seccomp: {from: 'status', field: 'Seccomp'},
  devices: {from: 'devices'},
  limits: {from: 'limits'},
  mounts: {from: 'mountinfo'},
  oomScore: {from: 'oom-score-adj'},
  /** A limit of the app's cgroup. */
  cgroup: (limit: keyof CgroupLimits): ReadBack => ({from: 'cgroup', limit}),
  /** The app's namespace of this kind is not the host's. */
  ownNamespace: (kind: JoinableKind): ReadBack => ({from: 'namespace', kind, is: 'own'}),
  /** The app's namespace of this kind is the host's. */
  hostNamespace: (kind: JoinableKind): ReadBack => ({from: 'namespace', kind, is: 'host'}),
} as const satisfies Record<string, ReadBack | ((...args: never[]) => ReadBack)>;
