import {writeFileSync} from 'node:fs';
import {Session} from 'node:inspector';
import {writeHeapSnapshot} from 'node:v8';

/**
 * Starts what `--cpuprofile` and `--memprofile` ask for.
 * @returns writes the files; never called when the process is replaced by a pod
 */
export const startProfile = (cpuFile: string | undefined, memoryFile: string | undefined): (() => void) => {
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
