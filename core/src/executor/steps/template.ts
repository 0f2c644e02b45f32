import {attach} from '../attach.ts';
import type {StepContext} from '../context.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Attaches what was made for this step. Where it could not be made there is nothing. */
export const perform = ({id, target}: StepOf<'template'>, context: StepContext): Notes => {
  const template = context.templates?.get(id);
  if (template === undefined) return NOTHING;
  using place = new Place({in: 'pod', path: target}, context);
  using directory = place.makeDirectory();
  attach(template, directory, context);
  return NOTHING;
};
