import {readFileSync} from 'node:fs';
import type {Result} from '../../helpers/result.ts';
import {until} from '../../helpers/until.ts';

const saved = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};

/** Waits like `until`, but no longer than the pod lives. */
export const untilOrEnd = async (
  ended: Promise<Result>,
  condition: () => boolean | Promise<boolean>,
): Promise<void> => {
  let over: Result | undefined;
  ended.then((result) => {
    over = result;
  });
  await until(async () => {
    if (await condition()) return true;
    if (over !== undefined) throw new Error(`the pod has ended with ${over.exitCode}: ${over.stderr}`);
    return false;
  }, 180_000);
};

/** The UUID that a pod on its way saves to a file. */
export const savedUuid = async (file: string, ended: Promise<Result>): Promise<string> => {
  await untilOrEnd(ended, () => saved(file) !== '');
  return saved(file);
};
