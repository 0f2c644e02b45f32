import {constants, fstatSync} from 'node:fs';
import {removeIfPresent} from '../../linux/directory-entry.ts';
import type {Fd} from '../../linux/fd.ts';
import {nextEntries} from '../../linux/list-directory.ts';
import {openTree, setMountAttributes} from '../../linux/mount.ts';
import {mountId} from '../../linux/mount-id.ts';
import {O_PATH, openBeneath, openEntry} from '../../linux/openat2.ts';
import {isOn} from '../../linux/statfs.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {bindNotMappable, bindTargetIsDirectory, mountTargetKernel, mountTargetRoot} from '../errors.ts';
import {Place} from '../location.ts';
import type {Made} from '../made.ts';
import type {Notes, StepOf} from '../step-of.ts';
import {openSource} from './open-source.ts';

/** Binds a directory, file or device. Source and target are looked up once each; what is attached is what was found. */
export const perform = (step: StepOf<'bind'>, context: StepContext): Notes => {
  const notes: string[] = [];
  using mount = copySource(step, context);
  mapIds(mount, step, context);
  // Before it is attached: nobody ever sees it with more rights than asked for.
  setMountAttributes(mount, {flags: step.flags, propagation: step.propagation ?? 'private', recursive: step.recursive});
  using place = new Place(step.target, context);
  const directory = fstatSync(mount.number).isDirectory();
  using present = openInSys(place, directory);
  using target =
    present ??
    (directory
      ? openDirectoryTarget(place, notes, hasContent(step, context))
      : openFileTarget(place, step.source.path));
  if (present === undefined && place.location.in === 'rootfs' && isOn(target, 'proc', 'sysfs', 'cgroup', 'cgroup2')) {
    throw mountTargetKernel(place.location.path);
  }
  if (place.isBase(target)) throw mountTargetRoot(place.location.path);
  attach(mount, target, context);
  if (step.source.in !== 'host') context.made.ownMounts.add(mountId(mount));
  return notes;
};

const copySource = (step: StepOf<'bind'>, context: StepContext): Fd => {
  if (step.propagation !== undefined) return takePropagated(step, context.made);
  using source = openSource(step, context);
  return openTree(source, {recursive: step.recursive});
};

/** The copy of the source, which is the step's to close from now on. */
const takePropagated = ({id}: StepOf<'bind'>, {propagated}: Made): Fd => {
  const copy = propagated?.get(id);
  if (copy === undefined) throw new Error(`nothing was copied for ${id}`);
  propagated?.delete(id);
  return copy;
};

/** What is at a place below the app's /sys, if that is its own name and no symlink of a volume there leads to it. */
const openInSys = (place: Place, directory: boolean): Fd | undefined => {
  const {location} = place;
  if (location.in !== 'rootfs' || !location.path.startsWith('/sys/')) return undefined;
  try {
    const file = place.open(location.path, O_PATH, {noSymlinks: true});
    if (fstatSync(file.number).isDirectory() === directory) return file;
    file.close();
    return undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP')) return undefined;
    throw error;
  }
};

/** What the pod gets shows its owners as the pod's ids. */
const mapIds = (mount: Fd, {source, target, recursive}: StepOf<'bind'>, context: StepContext): void => {
  const mapping = context.made.idMap;
  if (mapping === undefined || target.in === 'host') return;
  try {
    setMountAttributes(mount, {idMap: mapping.namespace, recursive});
  } catch (error) {
    throw isErrno(error, 'EINVAL', 'EPERM') ? bindNotMappable(source.path, recursive, error) : error;
  }
};

/** Whether the volume has been filled with what it hides. */
const hasContent = ({source, target}: StepOf<'bind'>, {pod}: StepContext): boolean =>
  target.in === 'rootfs' &&
  pod.volumes.some(
    (volume) =>
      volume.kind === 'empty' &&
      volume.directory === source.path &&
      volume.copyUp?.app === target.app &&
      volume.copyUp.path === target.path,
  );

const openDirectoryTarget = (place: Place, notes: string[], filled: boolean): Fd => {
  const {location} = place;
  if (location.in === 'host') return place.open(location.path, O_PATH | constants.O_DIRECTORY);
  const target = place.makeDirectory({
    onReplaced: (path) => notes.push(`${path} is a file of the image; a volume takes its place`),
  });
  if (location.in === 'rootfs' && !filled && !isEmpty(target))
    notes.push(`${location.path} is not empty; a volume hides what is there`);
  return target;
};

const isEmpty = (directory: Fd): boolean => {
  using listing = openBeneath(directory, '.', constants.O_RDONLY | constants.O_DIRECTORY);
  for (let entries = nextEntries(listing); entries !== undefined; entries = nextEntries(listing)) {
    if (entries.length > 0) return false;
  }
  return true;
};

const openIfPresent = (place: Place): Fd | undefined => {
  try {
    return place.open(place.location.path, O_PATH);
  } catch (error) {
    if (isErrno(error, 'ENOENT') && place.location.in !== 'host') return undefined;
    throw error;
  }
};

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

// A file of the image is covered; a symlink to one is followed inside the rootfs, one that leads nowhere is replaced.
const openFileTarget = (place: Place, source: string): Fd => {
  const {path} = place.location;
  const existing = openIfPresent(place);
  if (existing !== undefined) {
    if (!fstatSync(existing.number).isDirectory()) return existing;
    existing.close();
    throw bindTargetIsDirectory(source, path);
  }
  const {directory, name} = place.openParent({create: true});
  using _ = directory;
  place.assertChangeable(directory);
  removeIfPresent(directory, name);
  using _created = openEntry(directory, name, CREATE, {mode: 0o644});
  return openEntry(directory, name, O_PATH);
};
