import {word} from './arguments.ts';
import {call} from './call.ts';
import type {CallOptions} from './requests.ts';

export interface FetchOptions {
  /** When it is looked for outside of the store. Default: `update`. */
  readonly pullPolicy?: 'never' | 'new' | 'update';
  /** Detached signature: a file. */
  readonly signature?: string;
}

/**
 * Takes an image into the store.
 * @param image a path, or an ID or a name that is in the store
 * @returns its ID, `sha512-…`
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, and every error of `rkt fetch`
 */
export const fetch = async (
  image: string,
  {pullPolicy, signature}: FetchOptions = {},
  options: CallOptions = {},
): Promise<string> => {
  const args = [
    ...(pullPolicy === undefined ? [] : [`--pull-policy=${pullPolicy}`]),
    ...word('image', image),
    ...(signature === undefined ? [] : [`--signature=${signature}`]),
  ];
  // As the command prints them: one for each image.
  const [{id}] = (await call(['fetch', ...args], options)) as [{readonly id: string}];
  return id;
};
