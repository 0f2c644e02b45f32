import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {errnoText} from './errno-text.ts';
import {scratchUnusable} from './errors.ts';

/** A new directory for what is needed for a while, where TMPDIR says. @throws RKT_SCRATCH_UNUSABLE */
export const scratchDirectory = (prefix: string): HostPath => {
  const parent = tmpdir();
  try {
    return mkdtempSync(join(parent, prefix)) as HostPath;
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw scratchUnusable(parent, because, error);
  }
};
