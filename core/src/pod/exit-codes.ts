import {readFileSync} from 'node:fs';
import {isErrno} from '../linux/syscall-error.ts';
import {appPaths} from './layout.ts';
import type {PodEntry} from './load.ts';
import type {ExitCodes} from './view.ts';

/** What the pod's supervisor recorded. Nothing under a flavor whose declaration says so: there the caller of `run` has the status. */
export const readExitCodes = ({path, summary}: PodEntry): ExitCodes => {
  const codes = new Map<string, number>();
  for (const {name} of summary?.apps ?? []) {
    const code = readCode(`${path}/${appPaths(name).status}`);
    if (code !== undefined) codes.set(name, code);
  }
  return codes;
};

const readCode = (file: string): number | undefined => {
  try {
    const text = readFileSync(file, 'latin1').trim();
    return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
};
