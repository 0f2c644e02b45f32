import {readFileSync, rmSync} from 'node:fs';

/** Removes the directory of a test run, unless something is still mounted below it. Returns what is wrong. */
export const cleanUp = (directory: string): string | undefined => {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${directory}/`));
  if (mounted.length > 0) return `left mounted: ${mounted.join(', ')}`;
  rmSync(directory, {recursive: true, force: true, maxRetries: 3});
  return undefined;
};
