import {APPC_VERSION} from '../../appc/appc-version.ts';
import {readPodManifest} from '../../appc/read-manifest.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import type {ChosenFlavor} from '../../stage1/choice/choose-flavor.ts';
import {type PlannedPod, planPod} from '../../stage1/negotiation/plan-pod.ts';
import {freeze} from '../compose/freeze.ts';
import {hostNames} from '../compose/host-names.ts';
import type {ImageTree} from '../compose/image-tree.ts';
import {overlayObstacle} from '../compose/overlay-support.ts';
import {PLAIN_RUN} from '../request.ts';
import {NO_POD} from '../state/uuid.ts';

const IMAGE = `sha512-${'0'.repeat(128)}`;

/** One app of root that asks for nothing. */
const MANIFEST = {
  acKind: 'PodManifest',
  acVersion: APPC_VERSION,
  apps: [{name: 'ordinary', image: {id: IMAGE}, app: {exec: ['/bin/true'], user: '0', group: '0'}}],
};

const EMPTY: ImageTree = {
  read: () => undefined,
  owner: () => undefined,
  directory: () => undefined,
  has: () => false,
};

/**
 * The plan of a flavor on this host for a pod that asks for nothing special. Changes nothing.
 * @throws what planning throws
 */
export const planOrdinary = async (
  {dataDir, insecure}: Pick<Settings, 'dataDir' | 'insecure'>,
  found: ChosenFlavor,
  facts: HostFacts,
): Promise<PlannedPod> => {
  const {pod} = freeze({
    uuid: NO_POD,
    ...(found.stage1 === undefined ? {} : {stage1: found.stage1}),
    dataDir,
    manifest: await readPodManifest(Buffer.from(JSON.stringify(MANIFEST))),
    images: [{layers: [`${dataDir}/cas/images/${IMAGE}/rootfs` as HostPath], tree: EMPTY}],
    requests: [{}],
    run: PLAIN_RUN,
    allowSymlinks: false,
    overlay: overlayObstacle(dataDir, facts.filesystems) === undefined,
    declaration: found.flavor.declaration,
    facts,
    insecure,
    debug: false,
    host: hostNames,
  });
  return planPod(found, pod, {facts, allowDegraded: [], checked: undefined});
};

/** Why a flavor would refuse a pod on this host that asks for nothing special; `undefined` if it would run it. Changes nothing. */
export const tryOrdinary = async (
  settings: Pick<Settings, 'dataDir' | 'insecure'>,
  found: ChosenFlavor,
  facts: HostFacts,
): Promise<RktError | undefined> => {
  try {
    await planOrdinary(settings, found, facts);
    return undefined;
  } catch (error) {
    if (error instanceof RktError) return error;
    throw error;
  }
};
