import type {Location} from '../../contract/location.ts';
import type {HostPath, PodPath, RootfsPath} from '../../contract/names.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {Step} from '../../contract/step.ts';

/** Where a stage1 made for rkt has its root directory, below the pod's. */
export const STAGE1_ROOTFS = 'stage1/rootfs' as PodPath;

/** Its manifest. */
const STAGE1_MANIFEST = 'stage1/manifest' as PodPath;

/** What rkt itself looks at: a directory of the pod's own in the root directory of the stage1, so that it is seen from outside. */
const RKT = `${STAGE1_ROOTFS}/rkt`;
const KEPT = 'stage1/rkt' as PodPath;

const inPod = (path: string): Location => ({in: 'pod', path: path as PodPath});
const root = {uid: 0, gid: 0} as const;

/** Whether the pod mounts layers, or has a copy of everything. */
const isLayered = ({apps}: Pod): boolean => apps.every(({rootfs}) => rootfs.kind === 'overlay');

const makeDirectory = (path: string): Step => ({
  id: `stage1.${path}`,
  do: 'mkdir',
  target: inPod(path),
  mode: 0o755,
  ...root,
});

const bind = (id: string, source: string, target: string, flags: ('ro' | 'nodev')[] = []): Step => ({
  id,
  do: 'bind',
  source: inPod(source),
  target: inPod(target),
  recursive: false,
  followSymlinks: false,
  flags,
});

/**
 * The mounts of the stage1 itself: also what its `gc` entrypoint is called with when the pod is over. A copy of it is in its place when the pod has been prepared.
 */
export const mountStage1 = (pod: Pod, tree: HostPath): Step[] => [
  {id: 'namespace', do: 'namespace', unshare: ['mount']},
  ...['status', 'env'].map((name) => makeDirectory(`${RKT}/${name}`)),
  ...(isLayered(pod)
    ? [
        bind('stage1.keep', RKT, KEPT),
        {
          id: 'stage1.rootfs',
          do: 'overlay',
          lower: [tree],
          upper: 'overlay/:stage1/upper' as PodPath,
          work: 'overlay/:stage1/work' as PodPath,
          target: STAGE1_ROOTFS,
        } satisfies Step,
        bind('stage1.rkt', KEPT, RKT),
      ]
    : []),
];

/** An app as rkt laid it out: `opt/stage2/NAME/rootfs`, and its image's manifest beside it. */
export const mountApp = ({name, rootfs, mountPoint}: App): Step[] => {
  const id = `rootfs.${name}`;
  const above = mountPoint.slice(0, mountPoint.lastIndexOf('/'));
  return [
    rootfs.kind === 'overlay'
      ? {
          ...{id, do: 'overlay', app: name, lower: rootfs.lower, upper: rootfs.upper, work: rootfs.work},
          target: mountPoint,
        }
      : bind(id, rootfs.directory, mountPoint, ['nodev']),
    bind(`manifest.${name}`, `appsinfo/${name}/manifest`, `${above}/manifest`, ['ro']),
  ];
};

const write = (id: string, target: string, content: string): Step => ({
  id,
  do: 'write',
  target: inPod(target),
  content,
  mode: 0o644,
  ...root,
});

/** The files that rkt left for a stage1. */
export const markPod = (pod: Pod, manifest: string): Step[] => [
  write('stage1.manifest', STAGE1_MANIFEST, manifest),
  ...(isLayered(pod) ? [write('stage1.layered', 'overlay-prepared', '')] : []),
  ...(pod.resolvConf === null && pod.hosts === null ? [] : [makeDirectory(`${STAGE1_ROOTFS}/etc`)]),
  ...(pod.resolvConf === null
    ? []
    : [write('stage1.resolv-conf', `${STAGE1_ROOTFS}/etc/rkt-resolv.conf`, pod.resolvConf)]),
  ...(pod.hosts === null ? [] : [write('stage1.hosts', `${STAGE1_ROOTFS}/etc/rkt-hosts`, pod.hosts)]),
];

/** Where an entrypoint is on the host. */
export const entrypointPath = (podDirectory: string, entrypoint: string): HostPath =>
  `${podDirectory}/${STAGE1_ROOTFS}/${entrypoint}` as HostPath;

/**
 * Where an entrypoint is in a pod's directory, and in the store; `undefined` if the stage1 has none.
 * @param directory the pod's, where it is now
 */
export const entrypointPlaces = (
  {stage1}: Pick<Pod, 'stage1'>,
  directory: HostPath,
  entrypoint: string | undefined,
): {readonly path: HostPath; readonly stored: HostPath} | undefined =>
  entrypoint === undefined || stage1 === undefined
    ? undefined
    : {path: entrypointPath(directory, entrypoint), stored: `${stage1.tree}/${entrypoint}` as HostPath};

/** The working directory of every entrypoint. */
export const workingDirectory = ({directory: path}: Pick<Pod, 'directory'>): RootfsPath => path as string as RootfsPath; // of the host, as that of any program of it
