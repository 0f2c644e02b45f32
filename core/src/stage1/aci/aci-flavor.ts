import {CONTRACT_VERSION, type Flavor} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Process} from '../../contract/process.ts';
import type {Entrypoints} from './entrypoints.ts';
import {entrypointPath, markPod, mountApp, mountStage1, workingDirectory} from './layout.ts';
import {promisesOf} from './promises.ts';
import {runArguments} from './run-arguments.ts';

/** What flavors of this kind are called, whatever the image. */
export const ACI_FLAVOR = 'rkt-stage1';

interface Stage1Aci {
  readonly entrypoints: Entrypoints;
  /** Of the image, as it stands. */
  readonly manifest: string;
  readonly tree: HostPath;
  /** Directory of the administrator's configuration, which it is told. */
  readonly localConfig: HostPath;
}

/**
 * A stage1 image made for rkt as a flavor: rkt lays the pod out as its implementor's guide says, and becomes the entrypoint `run`. Everything else is the stage1's doing, and its word.
 */
export const aciFlavor = ({entrypoints, manifest, tree, localConfig}: Stage1Aci): Flavor => ({
  declaration: {
    name: ACI_FLAVOR,
    version: `${entrypoints.version}.0.0`,
    contract: `^${CONTRACT_VERSION}`,
    summary: 'a stage1 image made for rkt, by its entrypoints',
    properties: [],
    liveness: 'lock',
    ...promisesOf(entrypoints),
  },
  probe: () => [],
  filesystem: (pod) => [...mountStage1(pod, tree), ...pod.apps.flatMap(mountApp), ...markPod(pod, manifest)],
  // Its own may be below, or elsewhere: this one is for those that have none.
  environment: (pod) => [{id: 'cgroup', do: 'cgroup', path: pod.cgroup, limits: {}, join: true}],
  launch: (pod, host) => {
    const program = entrypointPath(pod.directory, entrypoints.run);
    const argv = [program, ...runArguments(pod, {version: entrypoints.version, localConfig})];
    return {
      into: 'host',
      program,
      process: {...entrypointProcess(host, argv), cwd: workingDirectory(pod)},
      passSockets: true,
      keepLock: true,
      sharesTerminal: true,
    };
  },
});

/** Variables of every entrypoint. rkt set the labels of SELinux always, empty where there is none. Nothing of the caller's own comes in. */
export const ENTRYPOINT_ENVIRONMENT: Process['env'] = [
  {name: 'PATH', value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'},
  {name: 'RKT_SELINUX_CONTEXT', value: ''},
  {name: 'RKT_SELINUX_MOUNT_CONTEXT', value: ''},
];

/** Root of the host, with all that rkt has. */
export const entrypointProcess = (
  {capabilities}: Pick<HostFacts, 'capabilities'>,
  argv: readonly string[],
): Omit<Process, 'cwd'> => ({
  argv: [...argv],
  env: ENTRYPOINT_ENVIRONMENT,
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0o022,
  capabilities: {bounding: capabilities, effective: capabilities, ambient: []},
  noNewPrivileges: false,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
});
