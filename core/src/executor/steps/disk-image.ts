import {constants} from 'node:fs';
import {O_PATH, openEntry} from '../../linux/openat2.ts';
import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Attaches the file that was made for this step. */
export const perform = ({id, target}: StepOf<'disk-image'>, context: StepContext): Notes => {
  const image = context.diskImages?.get(id);
  if (image === undefined) throw new Error(`nobody made the image of step ${id}`);
  using place = new Place({in: 'pod', path: target}, context);
  const {directory, name} = place.openParent({create: true});
  using _ = directory;
  using _created = openEntry(directory, name, CREATE, {mode: 0o444});
  using file = openEntry(directory, name, O_PATH);
  attach(image, file, context);
  return NOTHING;
};
