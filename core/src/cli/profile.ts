import {writeFileSync} from 'node:fs';
import {Session} from 'node:inspector';
import {writeHeapSnapshot} from 'node:v8';
import {errnoText} from '../linux/errno-text.ts';
import {fileUnusable} from './errors.ts';

/**
 * Starts what `--cpuprofile` and `--memprofile` ask for.
 * @returns writes the files, also of a command that fails; never called when the process is replaced by a pod
 */
export const startProfile = (cpuFile: string | undefined, memoryFile: string | undefined): (() => void) => {
  for (const [flag, file] of [
    ['cpuprofile', cpuFile],
    ['memprofile', memoryFile],
  ] as const)
    makeFile(flag, file);
  const session = new Session();
  if (cpuFile !== undefined) {
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.start');
  }
  return () => {
    if (cpuFile !== undefined) {
      session.post('Profiler.stop', (_, {profile}) => writeFileSync(cpuFile, JSON.stringify(profile)));
    }
    if (memoryFile !== undefined) writeHeapSnapshot(memoryFile);
  };
};

/** Before there is anything to lose. */
const makeFile = (flag: string, file: string | undefined): void => {
  if (file === undefined) return;
  try {
    writeFileSync(file, '');
  } catch (error) {
    throw fileUnusable(flag, file, errnoText(error) ?? 'cannot be written', error);
  }
};
