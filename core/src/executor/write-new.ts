import {constants, fchmodSync, fchownSync, writeFileSync} from 'node:fs';
import type {Location} from '../contract/location.ts';
import {makeInPlace} from '../linux/directory-entry.ts';
import {openEntry} from '../linux/openat2.ts';
import type {StepContext} from './context.ts';
import {Place} from './location.ts';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Writes a new file in the place of whatever had its name. */
export const writeNew = (
  target: Location,
  content: string | Uint8Array,
  {mode, uid, gid}: {readonly mode: number; readonly uid: number; readonly gid: number},
  context: StepContext,
): void => {
  using place = new Place(target, context);
  const {directory, name} = place.openParent();
  using _ = directory;
  place.assertChangeable(directory);
  using file = makeInPlace(directory, name, () => openEntry(directory, name, CREATE, {mode: 0o600}));
  writeFileSync(file.number, content);
  fchownSync(file.number, uid + place.shift, gid + place.shift);
  fchmodSync(file.number, mode);
};
