import {chmodSync, chownSync, constants} from 'node:fs';
import type {HostPath, ImageId} from '../../contract/names.ts';
import type {Volume} from '../../contract/pod.ts';
import {copyTree} from '../../image/copy-tree.ts';
import {layersOf} from '../../image/layers.ts';
import type {ImageStore} from '../../image/store.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH, openInRoot} from '../../linux/openat2.ts';
import {podFault} from '../state/fault-points.ts';

type EmptyVolume = Extract<Volume, {kind: 'empty'}>;

/**
 * Copies what an image has at a path into an empty volume, with owners, modes, xattrs and links. The path is resolved inside the image, whatever symlinks
 * it has; those below are copied as they are. The caller holds the images and the pod, so that neither side moves.
 */
export const copyUp = async (store: ImageStore, pod: HostPath, volume: EmptyVolume, image: ImageId): Promise<void> => {
  const {copyUp: from, directory, mode, uid, gid} = volume;
  const [tree] = await layersOf(store, image, {flat: true});
  if (from === undefined || tree === undefined) return;
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  using source = openInRoot(root, from.path, O_PATH | constants.O_DIRECTORY);
  const target = `${pod}/${directory}` as HostPath;
  await copyTree(source, target);
  // The copy has those of the image; others may have been asked for.
  chownSync(target, uid, gid);
  chmodSync(target, mode & 0o7777);
  podFault('pod.copy-up');
};
