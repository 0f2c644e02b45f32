import {makeInPlace, makeSymlink} from '../../linux/directory-entry.ts';
import type {Fd} from '../../linux/fd.ts';
import {O_PATH, openEntry} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Makes a symlink in the place of whatever file had its name, or only where there is none. */
export const perform = ({target, to, ifAbsent}: StepOf<'symlink'>, context: StepContext): Notes => {
  using place = new Place(target, context);
  const {directory, name} = place.openParent();
  using _ = directory;
  if (ifAbsent && isPresent(directory, name)) return NOTHING;
  place.assertChangeable(directory);
  makeInPlace(directory, name, () => makeSymlink(directory, name, to));
  return NOTHING;
};

const isPresent = (directory: Fd, name: string): boolean => {
  try {
    openEntry(directory, name, O_PATH).close();
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
};
