import {fstatSync} from 'node:fs';
import {isDevice} from '../../linux/device.ts';
import type {Fd} from '../../linux/fd.ts';
import {moveMount, newFileSystem, openTree, setMountAttributes} from '../../linux/mount.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import type {StepContext} from '../context.ts';
import {nullDeviceFalse} from '../errors.ts';
import {openRootfs} from '../location.ts';
import {openPresent} from '../open-present.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

const NULL = '/dev/null';

/** Hides paths of an app, whatever the image has put in its own /dev. */
export const perform = ({app, paths}: StepOf<'mask'>, context: StepContext): Notes => {
  using root = openRootfs(app, context);
  for (const path of paths) {
    using target = openPresent(root, path);
    if (target === undefined) continue;
    using cover = fstatSync(target.number).isDirectory() ? emptyDirectory() : nullDevice();
    moveMount(cover, target);
  }
  return NOTHING;
};

const emptyDirectory = (): Fd =>
  newFileSystem(
    'tmpfs',
    [
      ['mode', '0555'],
      ['size', '4k'],
      ['nr_inodes', '2'],
      ['ro', true],
    ],
    ['ro', 'nosuid', 'nodev', 'noexec'],
  );

// The host's own, and checked as an open file: what its path means later does not matter.
const nullDevice = (): Fd => {
  using source = openHost(NULL, O_PATH, {noSymlinks: true});
  if (!isDevice(source, {type: 'char', major: 1, minor: 3})) throw nullDeviceFalse(NULL);
  const mount = openTree(source);
  setMountAttributes(mount, {flags: ['ro', 'nosuid', 'noexec'], propagation: 'private'});
  return mount;
};
