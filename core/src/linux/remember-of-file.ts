import {readFileSync, statSync} from 'node:fs';
import {isSystemError} from './syscall-error.ts';
import {writeCache} from './write-cache.ts';

/**
 * Milliseconds. Kernels before 6.13 give a file the time of their last tick, of which there are a hundred in a second at least: until the next one it can be written again and keep its
 * change time.
 */
const SETTLED = 20;

/**
 * What has been found out of a file, found out again only when it has another inode, size or change time: no file gets those back that it had.
 * @param cache where it is kept; `undefined` keeps nothing
 * @param find what it finds is not kept if it is empty, or of a file that has changed just now
 * @param now milliseconds since 1970
 */
export const rememberOfFile = (
  file: string,
  cache: string | undefined,
  find: () => string,
  now = Date.now(),
): string => {
  if (cache === undefined) return find();
  const {dev, ino, size, mtimeNs, ctimeNs} = statSync(file, {bigint: true});
  const key = [file, dev, ino, size, mtimeNs, ctimeNs].join('\n');
  const [known, value] = remembered(cache);
  if (known === key && value !== undefined) return value;
  const fresh = find();
  const isSettled = BigInt(now) - ctimeNs / 1_000_000n >= SETTLED;
  if (fresh !== '' && isSettled) writeCache(cache, `${key}\n\n${fresh}`);
  return fresh;
};

const remembered = (cache: string): readonly (string | undefined)[] => {
  try {
    const [key, value] = readFileSync(cache, 'utf8').split('\n\n');
    return [key, value];
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
};
