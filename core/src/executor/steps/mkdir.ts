import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import type {Notes, StepOf} from '../step-of.ts';

/** Creates a directory; a file in its place makes room, and so does a symlink where it has to be a directory itself. */
export const perform = ({target, mode, uid, gid, real}: StepOf<'mkdir'>, context: StepContext): Notes => {
  const notes: string[] = [];
  using place = new Place(target, context);
  if (real && place.removeSymlink()) notes.push(`${target.path} was a symbolic link; it is a directory now`);
  const onReplaced = (path: string) => notes.push(`${path} was a file; it is a directory now`);
  using _ = place.makeDirectory({mode, uid, gid, ...(target.in === 'rootfs' ? {onReplaced} : {})});
  return notes;
};
