import {constants, fchmodSync, fchownSync, writeFileSync} from 'node:fs';
import {compiledFilter} from '../../linux/compiled-filter.ts';
import {makeInPlace} from '../../linux/directory-entry.ts';
import {openEntry} from '../../linux/openat2.ts';
import type {StepContext} from '../context.ts';
import {contentTooLong} from '../errors.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Bytes of UTF-8. */
const MAX_CONTENT = 1024 * 1024;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Writes a new file in the place of whatever had its name. */
export const perform = (step: StepOf<'write'>, context: StepContext): Notes => {
  const {target, mode, uid, gid} = step;
  const content = filled(step, context);
  const length = Buffer.byteLength(content);
  if (length > MAX_CONTENT) throw contentTooLong(target.path, length, MAX_CONTENT);
  using place = new Place(target, context);
  const {directory, name} = place.openParent();
  using _ = directory;
  place.assertChangeable(directory);
  using file = makeInPlace(directory, name, () => openEntry(directory, name, CREATE, {mode: 0o600}));
  writeFileSync(file.number, content);
  fchownSync(file.number, uid + place.shift, gid + place.shift);
  fchmodSync(file.number, mode);
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
