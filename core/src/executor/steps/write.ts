import {compiledFilter} from '../../linux/compiled-filter.ts';
import type {StepContext} from '../context.ts';
import {contentTooLong} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';
import {writeNew} from '../write-new.ts';

/** Bytes of UTF-8. */
const MAX_CONTENT = 1024 * 1024;

/** Writes a new file in the place of whatever had its name. */
export const perform = (step: StepOf<'write'>, context: StepContext): Notes => {
  const {target} = step;
  const content = filled(step, context);
  const length = Buffer.byteLength(content);
  if (length > MAX_CONTENT) throw contentTooLong(target.path, length, MAX_CONTENT);
  writeNew(target, content, step, context);
  return NOTHING;
};

/** The content with the programs of its filters. */
const filled = ({target, content, filters}: StepOf<'write'>, {caches}: StepContext): string => {
  if (filters === undefined) return content;
  const [first = '', ...rest] = content.split('\0');
  if (rest.length !== filters.length)
    throw new Error(`${target.path}: ${rest.length} places for ${filters.length} filters`);
  const programs = filters.map((filter) => compiledFilter(filter, caches.seccomp).toString('base64'));
  return [first, ...rest.map((text, index) => `${programs[index]}${text}`)].join('');
};
