import {constants, mkdirSync} from 'node:fs';
import path from 'node:path';
import type {HostPath, PodPath} from '../../contract/names.ts';
import {openStore} from '../../image/store.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {STAGE1_ROOTFS} from '../../stage1/aci/layout.ts';
import type {PodRequest} from '../request.ts';
import {podFault} from '../state/fault-points.ts';
import type {Place} from '../state/place.ts';
import type {StoredRequest} from '../state/stored.ts';
import type {ComposedPod} from './compose.ts';
import {describeFlavor} from './describe-flavor.ts';
import {summarize} from './summarize.ts';
import {writePod} from './write-pod.ts';

/** Writes a composed pod into its directory, which is in `prepare` and locked by this process. */
export const fillPod = async (
  place: Place,
  composed: ComposedPod,
  asked: Pick<PodRequest, 'podName' | 'removeOnExit'>,
  {createdAt, request}: {createdAt: number; request?: StoredRequest},
): Promise<void> => {
  const {found, choice, manifest, images, pod, plan, report, facts} = composed;
  writePod(place, {
    manifest,
    imageManifests: images.map((image) => image.manifest),
    pod,
    plan,
    report,
    facts,
    summary: summarize(pod, manifest, {flavor: describeFlavor(found), choice}, createdAt, asked),
    ...(request === undefined ? {} : {request}),
  });
  for (const [index, {rootfs}] of pod.apps.entries()) {
    const layer = images[index]?.layers[0];
    if (rootfs.kind === 'copy' && layer !== undefined) await copy(place.path, layer, rootfs.directory);
  }
  if (
    found.entrypoints !== undefined &&
    pod.stage1 !== undefined &&
    pod.apps.some(({rootfs}) => rootfs.kind === 'copy')
  )
    await copy(place.path, pod.stage1.tree, STAGE1_ROOTFS);
  for (const volume of pod.volumes) {
    const from = volume.kind === 'empty' ? pod.apps.find(({name}) => name === volume.copyUp?.app) : undefined;
    if (volume.kind !== 'empty' || from === undefined) continue;
    const {copyUp} = await import('./copy-up.ts');
    await copyUp(openStore(place.dataDir), place.path, volume, from.image.id);
  }
};

/** The store is never changed, and the pod is locked and only root's: neither side moves meanwhile. */
const copy = async (pod: HostPath, layer: HostPath, directory: PodPath): Promise<void> => {
  const {copyTree} = await import('../../image/copy-tree.ts');
  const target = path.join(pod, directory) as HostPath;
  mkdirSync(path.dirname(target), {recursive: true, mode: 0o700});
  using source = openStored(layer, O_PATH | constants.O_DIRECTORY);
  await copyTree(source, target);
  podFault('pod.copy');
};
