import {makeSymlink} from '../../linux/directory-entry.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import {removeIfPresent} from '../remove-if-present.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Makes a symlink in the place of whatever file had its name. */
export const perform = ({target, to}: StepOf<'symlink'>, context: StepContext): Notes => {
  using place = new Place(target, context);
  const {directory, name} = place.openParent();
  using _ = directory;
  place.assertChangeable(directory);
  removeIfPresent(directory, name);
  makeSymlink(directory, name, to);
  return NOTHING;
};
