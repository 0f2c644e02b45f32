import type {
  App,
  AppName,
  Declaration,
  HostFacts,
  HostPath,
  ImageId,
  Pod,
  PodPath,
  Process,
  RootfsPath,
  Support,
  Uuid,
} from '../../src/contract/index.ts';
import {CAPABILITIES, FEATURES, isolatorNames, VERBS} from '../../src/contract/index.ts';

/** A host on which everything can be had, unless `changes` says otherwise. */
export const hostFacts = (changes: Partial<HostFacts> = {}): HostFacts => ({
  kernel: {release: '6.18.0', major: 6, minor: 18},
  arch: 'x86_64',
  uid: 0,
  capabilities: [...CAPABILITIES],
  cgroup: {
    mode: 'v2',
    hierarchies: [
      {version: 2, mountPoint: '/sys/fs/cgroup' as HostPath, controllers: ['cpu', 'memory', 'pids'], own: '/'},
    ],
    controllers: ['cpu', 'memory', 'pids'],
    parent: '/rkt',
    devicePolicy: 'program',
  },
  filesystems: ['overlay', 'tmpfs', 'proc', 'sysfs'],
  lsm: {selinux: false, apparmor: false},
  seccomp: true,
  userNamespaces: true,
  hardLimits: {nofile: 20000},
  oomScoreAdj: 0,
  memoryBytes: 2 ** 34,
  cpus: 2,
  programs: {},
  ...changes,
});

const process = (changes: Partial<Process> = {}): Process => ({
  argv: ['/bin/true'],
  env: [{name: 'PATH', value: '/bin'}],
  cwd: '/' as RootfsPath,
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0o022,
  capabilities: {bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], ambient: []},
  noNewPrivileges: false,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
  ...changes,
});

/** A small app; `process` is merged into the default one. */
export const app = ({
  process: changes,
  ...rest
}: Partial<Omit<App, 'process'>> & {process?: Partial<Process>} = {}): App => ({
  name: 'main' as AppName,
  image: {id: `sha512-${'a'.repeat(128)}` as ImageId, name: 'example.com/main'},
  rootfs: {
    kind: 'overlay',
    lower: ['/store/lower' as HostPath],
    upper: 'overlay/main/upper' as PodPath,
    work: 'overlay/main/work' as PodPath,
  },
  mountPoint: 'stage1/rootfs/opt/stage2/main/rootfs' as PodPath,
  readOnlyRootfs: false,
  mounts: [],
  process: process(changes),
  limits: {},
  eventHandlers: [],
  ports: [],
  stdio: {stdin: 'inherit', stdout: 'inherit', stderr: 'inherit'},
  isolators: {},
  ...rest,
});

/** A pod of one such app on the host's network. */
export const pod = (changes: Partial<Pod> = {}): Pod => ({
  uuid: '6733c088-a507-4694-aabf-000000000000' as Uuid,
  directory: '/var/lib/rkt/pods/run/6733c088-a507-4694-aabf-000000000000' as HostPath,
  volumes: [],
  limits: {},
  cgroup: 'rkt-6733c088-a507-4694-aabf-000000000000',
  network: {mode: 'host', names: []},
  hostname: null,
  ipc: 'auto',
  userNamespace: false,
  resolvConf: null,
  hosts: null,
  maskedPaths: [],
  readOnlyPaths: [],
  interactive: false,
  debug: false,
  apps: [app()],
  isolators: {},
  ...changes,
});

const all = <K extends string>(names: readonly K[], support: Support) =>
  Object.fromEntries(names.map((name) => [name, support])) as Record<K, Support>;

/** A declaration that enforces everything, unless `changes` says otherwise. */
export const declaration = (changes: Partial<Declaration> = {}): Declaration => {
  const enforced: Support = {level: 'enforced', mechanism: 'test'};
  return {
    name: 'test',
    version: '1.0.0',
    contract: '^1.0',
    summary: 'a flavor for tests',
    properties: [],
    liveness: 'cgroup',
    isolators: all(isolatorNames, enforced),
    features: all(FEATURES, enforced),
    verbs: all(VERBS, enforced),
    ...changes,
  };
};
