import {readFileSync} from 'node:fs';
import {callProgram, type ProgramCall} from '../../core/src/linux/call-program.ts';
import type {ImageSpec} from './image.ts';

type Call = Pick<ProgramCall, 'name' | 'args' | 'parent'>;

/** A program that makes system calls which busybox cannot: says `no` on standard error after the first that fails, else `yes`. */
export const callsProgram = (calls: readonly Call[]): Buffer => {
  using file = callProgram([
    ...calls.map((call) => ({...call, otherwise: {say: 'no\n', status: 0}})),
    // Nothing to be read there: the end.
    {name: 'read', args: [-1, 0, 0], otherwise: {say: 'yes\n', status: 0}},
  ]);
  return readFileSync(file.path);
};

/** busybox and that program, as `/calls`. */
export const callImage = (calls: readonly Call[]): ImageSpec => ({
  // Held as text in the key of the image's cache.
  files: {'/calls': {content: callsProgram(calls), mode: 0o755}},
});
