import {RktError} from '../rkt-error.ts';
import type {ImageGroup} from './command.ts';

const CODES = ['RKT_IMAGE_FILE_UNUSABLE', 'RKT_IMAGE_NOT_FOUND', 'RKT_IMAGE_REFERENCE_INVALID', 'RKT_IMAGE_UNSIGNED'];

/** Does what takes images. When the second is none, it was perhaps meant as a program of the first, as other tools have it. */
export const withImageHint = async <T>(
  command: string,
  [first, second]: readonly ImageGroup[],
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof RktError) || first === undefined || second === undefined) throw error;
    const {code, message, fields, cause, exitCode} = error;
    const word = second.image;
    const isWord = fields.image === word || fields.path === word;
    if (!CODES.includes(code) || !isWord || first.args.length > 0) throw error;
    const hint = `to run ${word} of ${first.image}: rkt ${command} ${first.image} --exec=${word} -- ARGS…`;
    throw new RktError(code, message, {...fields, cause, exitCode, hint});
  }
};
