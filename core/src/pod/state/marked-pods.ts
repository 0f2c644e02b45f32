import {existsSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {podDirectory} from './layout.ts';
import {uuidsIn} from './list.ts';

/** The directories of pods that have been started, and in which something is. */
export const markedPods = (dataDir: HostPath, mark: string): HostPath[] =>
  (['run', 'exited-garbage'] as const).flatMap((state) =>
    uuidsIn(dataDir, state)
      .map((uuid) => podDirectory(dataDir, state, uuid))
      .filter((directory) => existsSync(`${directory}/${mark}`)),
  );
