import {compileDevices} from '../../appc/compile/devices.ts';
import {kernelPaths} from '../../appc/compile/kernel-paths.ts';
import {compileLabels} from '../../appc/compile/labels.ts';
import {boundLimits, compileLimits} from '../../appc/compile/limits.ts';
import {compileMounts} from '../../appc/compile/mounts.ts';
import {compilePorts} from '../../appc/compile/ports.ts';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {normalizeIsolators} from '../../appc/isolators/normalize.ts';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Terminal} from '../../linux/terminal.ts';
import {deepFreeze} from '../../stage1/deep-freeze.ts';
import type {AppRequest, RunRequest} from '../request.ts';
import {podDirectory} from '../state/layout.ts';
import {applyRunRequest} from './apply-run-request.ts';
import {askedByImage, type ImageIsolator} from './asked-by-image.ts';
import type {HostNames} from './dns.ts';
import {fillsVolumes} from './fills-volumes.ts';
import {freezeApp} from './freeze-app.ts';
import {freezeVolumes} from './freeze-volumes.ts';
import {type ImageTree, imageTree} from './image-tree.ts';

export interface FreezeInput {
  readonly uuid: Uuid;
  /** The image of the flavor's own programs. */
  readonly stage1?: NonNullable<Pod['stage1']>;
  readonly dataDir: HostPath;
  readonly manifest: PodManifest;
  /** For each app of the manifest, the trees of its image, uppermost first, and how to look into them if they are not there yet; whether volumes begin with what it has. */
  readonly images: readonly {
    readonly layers: readonly HostPath[];
    readonly tree?: ImageTree;
    readonly manifest?: Pick<ImageManifest, 'annotations'>;
  }[];
  /** For each app, the isolators that only its image asks for; none where the list ends. */
  readonly fromImages?: readonly ReadonlySet<string>[];
  /** For each app, what was asked for and has no place in a manifest. */
  readonly requests: readonly Pick<AppRequest, 'stdin' | 'stdout' | 'stderr'>[];
  readonly run: RunRequest;
  /** Of a pod with a user namespace. */
  readonly idMap?: Pod['idMap'];
  readonly logSize?: number;
  readonly allowSymlinks: boolean;
  /** Layers are shared through overlayfs; else each app has a copy. */
  readonly overlay: boolean;
  readonly declaration: Pick<Declaration, 'features'>;
  readonly facts: Pick<HostFacts, 'cpus' | 'hardLimits' | 'oomScoreAdj'>;
  readonly insecure: ReadonlySet<string>;
  readonly debug: boolean;
  readonly host: HostNames;
  readonly terminal?: Terminal | undefined;
}

/**
 * Makes the contract's `Pod` from a reified manifest: every default applied, every name resolved, so that a flavor only has to decide how. Looks at volume sources
 * and into the images, and changes nothing.
 */
export const freeze = (
  input: FreezeInput,
): {pod: Pod; imageHasHosts: boolean; askedByImages: readonly (readonly ImageIsolator[])[]} => {
  const {uuid, dataDir, manifest, insecure} = input;
  const trees = input.images.map(({layers, tree}) => tree ?? imageTree(layers));
  const isolators = normalizeIsolators(manifest.isolators, 'pod');
  const limits = compileLimits(isolators);
  const resolved = manifest.apps.map(({name, app, mounts}) => ({
    app: name,
    mounts: compileMounts(name, mounts, manifest.volumes, app?.mountPoints),
  }));
  const policy = {followSymlinks: input.allowSymlinks, allowRoot: insecure.has('paths')};
  const {masked, readOnly} = kernelPaths({cpus: input.facts.cpus, unrestricted: insecure.has('paths')});
  const {volumes, mounts} = freezeVolumes(manifest.volumes ?? [], resolved, policy, {
    masked,
    content: (app, path) => {
      const index = manifest.apps.findIndex(({name}) => name === app);
      return fillsVolumes(input.images[index]?.manifest ?? {}) ? trees[index]?.directory(path) : undefined;
    },
  });
  const ports = compilePorts(
    manifest.apps.map(({name, app}) => ({name, ports: app?.ports})),
    manifest.ports,
  );
  const apps = manifest.apps.map((app, index) => {
    const frozen = freezeApp({
      app,
      annotations: input.images[index]?.manifest?.annotations,
      layers: input.images[index]?.layers ?? [],
      tree: trees[index] as ImageTree, // made from the same list
      request: input.requests[index] ?? {},
      mounts: mounts.get(app.name) ?? [],
      volumes,
      ports: ports.get(app.name) ?? [],
      overlay: input.overlay,
      insecure,
      fromImage: input.fromImages?.[index] ?? new Set(),
    });
    // What the pod asks of security modules, unless an app asks for something else.
    const process = {...compileLabels(isolators), ...frozen.process};
    return {...frozen, process, limits: boundLimits(frozen.limits, limits)};
  });
  const imageHasHosts = trees.some((tree) => tree.has('/etc/hosts'));
  const pod: Pod = {
    uuid,
    ...(input.stage1 === undefined ? {} : {stage1: input.stage1}),
    directory: podDirectory(dataDir, 'run', uuid),
    volumes,
    limits,
    devices: compileDevices(volumes, apps),
    cgroup: `rkt-${uuid}`,
    network: {mode: 'host', names: []},
    hostname: null,
    ipc: 'auto',
    userNamespace: input.idMap !== undefined,
    ...(input.idMap === undefined ? {} : {idMap: input.idMap}),
    resolvConf: null,
    hosts: null,
    maskedPaths: [...masked],
    readOnlyPaths: [...readOnly],
    interactive: false,
    ...(input.logSize === undefined ? {} : {logSize: input.logSize}),
    debug: input.debug,
    apps,
    isolators,
  };
  const {hardLimits, oomScoreAdj} = input.facts;
  const surroundings = {insecure, hardLimits, oomScoreAdj};
  const askedByImages = apps.map((app, index) => {
    const names = input.fromImages?.[index] ?? new Set();
    const section = manifest.apps[index];
    return section === undefined || names.size === 0 ? [] : askedByImage(section, app, names, surroundings);
  });
  return {pod: deepFreeze(applyRunRequest(pod, {...input, imageHasHosts})), imageHasHosts, askedByImages};
};
