import {constants, existsSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod} from '../../contract/pod.ts';
import {undo} from '../../executor/undo.ts';
import {detachBelow} from '../../linux/detach-below.ts';
import {openHost} from '../../linux/openat2.ts';
import {removeTree} from '../../linux/remove-tree.ts';
import {collectStage1} from './collect-stage1.ts';
import {podFault} from './fault-points.ts';
import {releaseRange} from './id-ranges.ts';
import {podDirectory, podsDirectory} from './layout.ts';
import {releaseName} from './pod-names.ts';
import {readIfWhole} from './read-if-whole.ts';
import type {PodDirectory} from './states.ts';

/**
 * Takes back what a pod left in the kernel, then removes its directory. The caller holds its exclusive lock. May be interrupted anywhere and
 * repeated. `false`: it was not there.
 */
export const deletePod = (dataDir: HostPath, from: PodDirectory, uuid: Uuid): boolean => {
  const directory = podDirectory(dataDir, from, uuid);
  if (!existsSync(directory)) return false;
  if (from === 'exited-garbage') collectStage1(dataDir, directory, uuid);
  // The plan is among the files: it has to be taken back before they go.
  const idMap = undoPlan(directory)?.idMap;
  releaseName(dataDir, directory, uuid);
  podFault('pod.delete');
  using pods = openHost(podsDirectory(dataDir, from), constants.O_RDONLY | constants.O_DIRECTORY);
  removeTree(pods, uuid);
  if (idMap !== undefined) releaseRange(dataDir, uuid, idMap);
  podFault('pod.deleted');
  return true;
};

/** Takes back what the plan of the pod in `directory` has done, as far as there is one: a machine that crashed has left half a file, and nothing in the kernel. Returns the pod, if that much of it is there. */
export const undoPlan = (directory: HostPath): Pod | undefined => {
  const plan = readIfWhole(directory, 'plan');
  const pod = readIfWhole(directory, 'frozen');
  const facts = readIfWhole(directory, 'facts');
  if (plan && pod && facts) undo(plan, {pod, facts, directory});
  else detachBelow(directory);
  return pod;
};
