import {constants} from 'node:fs';
import {openTree, setMountAttributes} from '../../linux/mount.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Binds the tree that was made for this step, or an image's. */
export const perform = ({id, tree: ofImage, target}: StepOf<'host-tree'>, context: StepContext): Notes => {
  const tree = ofImage ?? context.hostTrees?.get(id);
  if (tree === undefined) throw new Error(`nobody made the tree of step ${id}`);
  using source = openStored(tree, O_PATH | constants.O_DIRECTORY);
  using mount = openTree(source);
  setMountAttributes(mount, {flags: ['ro'], propagation: 'private'});
  using place = new Place({in: 'pod', path: target}, context);
  using directory = place.makeDirectory();
  attach(mount, directory, context);
  return NOTHING;
};
