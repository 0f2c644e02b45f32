import {constants} from 'node:fs';
import {makeDirectory, removeIfPresent, setOwnership} from '../../linux/directory-entry.ts';
import type {Fd} from '../../linux/fd.ts';
import {procOf} from '../../linux/first-process.ts';
import {type FileSystemOptions, newFileSystem, setMountAttributes} from '../../linux/mount.ts';
import {mountId} from '../../linux/mount-id.ts';
import {O_PATH, openEntry} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import type {Notes, StepOf} from '../step-of.ts';

const DIRECTORY = O_PATH | constants.O_DIRECTORY;

/** Mounts a fresh instance of a kernel file system. */
export const perform = (step: StepOf<'mount'>, context: StepContext): Notes => {
  const notes: string[] = [];
  using place = new Place(step.target, context);
  using target = openTarget(place, notes);
  const options = Object.entries(ofPod(step, place)).map(([key, value]) => [key, value === '' ? true : value] as const);
  using mount = step.type === 'proc' ? newProc(options, step, context) : newFileSystem(step.type, options, step.flags);
  attach(mount, target, context);
  if (step.type === 'tmpfs') context.made.ownMounts.add(mountId(mount));
  return notes;
};

/** That of the pod's own pid namespace, if it has one: it has been made there. */
const newProc = (options: FileSystemOptions, {type, flags}: StepOf<'mount'>, context: StepContext): Fd => {
  const {firstProcess: first} = context.made;
  if (first === undefined) return newFileSystem(type, options, flags);
  if (options.length > 0) throw new Error('proc of a pid namespace of the pod takes no options');
  const mount = procOf(first);
  setMountAttributes(mount, {flags});
  return mount;
};

/** The options with the host's ids for those of the pod. */
const ofPod = ({type, options}: StepOf<'mount'>, {shift}: Place): StepOf<'mount'>['options'] => {
  if (shift === 0 || (type !== 'tmpfs' && type !== 'devpts')) return options;
  // A tmpfs belongs to root, the entries of a devpts to whoever opens them.
  const ids = type === 'tmpfs' ? {uid: '0', gid: '0', ...options} : options;
  const own = (key: string) => key === 'uid' || key === 'gid';
  return Object.fromEntries(
    Object.entries(ids).map(([key, value]) => [key, own(key) ? String(Number(value) + shift) : value]),
  );
};

// In a rootfs the directory must be real: through a symlink, /proc and /dev would be where the app does not look for them, or where it can move them.
const openTarget = (place: Place, notes: string[]): Fd => {
  const {location} = place;
  if (location.in !== 'rootfs' || location.path === '/') return place.open(location.path, DIRECTORY);
  const {directory, name} = place.openParent();
  using _ = directory;
  try {
    return openEntry(directory, name, DIRECTORY);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    place.assertChangeable(directory);
    if (!isErrno(error, 'ENOENT')) notes.push(`${location.path} was not a directory; it is one now`);
  }
  removeIfPresent(directory, name);
  makeDirectory(directory, name, 0o755);
  const created = openEntry(directory, name, DIRECTORY);
  setOwnership(created, {mode: 0o755, uid: place.shift, gid: place.shift});
  return created;
};
