import {readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {isSystemError} from '../linux/syscall-error.ts';
import {wordsOf} from '../linux/text-hash.ts';
import {writeCache} from '../linux/write-cache.ts';

/** Texts that are remembered at most; a further one takes the place of another. */
const SLOTS = 256;

/**
 * Checks a text unless this very build of rkt has found the very same one right before. The schemas take longer to load than a pod to start, and most
 * runs repeat what has run before. What is remembered is the whole text, in a directory that only root can write.
 * @param directory `undefined` remembers nothing
 * @param kind what it is checked as
 * @param text everything that the check depends on
 * @param check throws if the text is not right
 */
export const checkedOnce = async (
  directory: string | undefined,
  kind: string,
  text: string,
  check: () => Promise<void>,
): Promise<void> => {
  if (directory === undefined) return check();
  const {size, mtimeMs} = statSync(fileURLToPath(import.meta.url));
  const known = `${size} ${mtimeMs} ${kind}\n${text}`;
  const file = path.join(directory, String(slotOf(known)));
  if (readIfPresent(file) === known) return;
  await check();
  writeCache(file, known);
};

/** A number below {@link SLOTS} takes half of what a whole hash does. */
const slotOf = (text: string): number => {
  const words = wordsOf(text);
  let mixed = words.length;
  for (let index = 0; index < words.length; index++) {
    mixed = Math.imul(mixed ^ (words[index] ?? 0), 0x9e37_79b1);
    mixed ^= mixed >>> 15;
  }
  return (mixed >>> 0) % SLOTS;
};

const readIfPresent = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
};
