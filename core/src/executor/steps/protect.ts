import {openTree, setMountAttributes} from '../../linux/mount.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {openRootfs} from '../location.ts';
import {openPresent} from '../open-present.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Makes paths of an app read-only by a read-only bind of each on itself, with what is mounted below. */
export const perform = ({app, paths}: StepOf<'protect'>, context: StepContext): Notes => {
  using root = openRootfs(app, context);
  for (const path of paths) {
    using target = openPresent(root, path);
    if (target === undefined) continue;
    using mount = openTree(target, {recursive: true});
    setMountAttributes(mount, {flags: ['ro'], propagation: 'private', recursive: true});
    attach(mount, target, context);
  }
  return NOTHING;
};
