import {constants, existsSync} from 'node:fs';
import type {HostPath, Uuid} from '../contract/names.ts';
import {undo} from '../executor/undo.ts';
import {detachBelow} from '../linux/detach-below.ts';
import {openHost} from '../linux/openat2.ts';
import {removeTree} from '../linux/remove-tree.ts';
import {RktError} from '../rkt-error.ts';
import {podFault} from './fault-points.ts';
import {podDirectory, podsDirectory} from './layout.ts';
import type {PodDirectory} from './states.ts';
import {readStored} from './stored.ts';

/**
 * Takes back what a pod left in the kernel, then removes its directory. The caller holds its exclusive lock. May be interrupted anywhere and
 * repeated. `false`: it was not there.
 */
export const deletePod = (dataDir: HostPath, from: PodDirectory, uuid: Uuid): boolean => {
  const directory = podDirectory(dataDir, from, uuid);
  if (!existsSync(directory)) return false;
  // The plan is among the files: it has to be taken back before they go.
  undoPlan(directory);
  podFault('pod.delete');
  using pods = openHost(podsDirectory(dataDir, from), constants.O_RDONLY | constants.O_DIRECTORY);
  removeTree(pods, uuid);
  podFault('pod.deleted');
  return true;
};

/** Takes back what the plan of the pod in `directory` has done, as far as there is one. */
export const undoPlan = (directory: HostPath): void => {
  const stored = whole(() => ({
    plan: readStored(directory, 'plan'),
    pod: readStored(directory, 'frozen'),
    facts: readStored(directory, 'facts'),
  }));
  if (stored?.plan && stored.pod && stored.facts) {
    undo(stored.plan, {pod: stored.pod, facts: stored.facts, directory});
  } else detachBelow(directory);
};

/** A machine that crashed has left half a file, and nothing in the kernel. */
const whole = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof RktError) return undefined;
    throw error;
  }
};
