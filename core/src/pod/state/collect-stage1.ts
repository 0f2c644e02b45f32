import {existsSync, writeFileSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {callEntrypoint, restoringMountNamespace} from '../../executor/call-entrypoint.ts';
import {Made} from '../../executor/made.ts';
import {performSteps} from '../../executor/perform-steps.ts';
import {RktError} from '../../rkt-error.ts';
import {ENTRYPOINT_ENVIRONMENT} from '../../stage1/aci/aci-flavor.ts';
import {gcArguments} from '../../stage1/aci/gc-arguments.ts';
import {entrypointPlaces, mountStage1} from '../../stage1/aci/layout.ts';
import {entrypointFailed} from '../errors.ts';
import {seccompCache} from './layout.ts';
import {readStored} from './stored.ts';
import {readSummary} from './summary.ts';

/** In the pod's directory: the entrypoint has failed once. */
const FAILED = 'gc-failed';

/**
 * Has the `gc` entrypoint of a stage1 made for rkt take away what it has made outside of the pod's directory, with its image mounted as it was. One that fails keeps the pod once: whoever
 * removes it then does so without.
 * @param directory where the pod is now
 * @throws RKT_STAGE1_ENTRYPOINT_FAILED
 */
export const collectStage1 = (dataDir: HostPath, directory: HostPath, uuid: Uuid): void => {
  const entrypoints = readSummary(directory)?.flavor.entrypoints;
  if (entrypoints?.gc === undefined || existsSync(`${directory}/${FAILED}`)) return;
  const [stored, facts, plan] = [
    readStored(directory, 'frozen'),
    readStored(directory, 'facts'),
    readStored(directory, 'plan'),
  ];
  const places = stored && entrypointPlaces(stored, directory, entrypoints.gc);
  if (!stored?.stage1 || !facts || !plan || !places) return;
  const pod = {...stored, directory};
  const {tree} = stored.stage1;
  const failure = restoringMountNamespace(() => {
    try {
      performSteps(mountStage1(pod, tree), {pod, facts, caches: {seccomp: seccompCache(dataDir)}, made: new Made()});
    } catch (error) {
      if (error instanceof RktError) return `what it was called with cannot be mounted again: ${error.message}`;
      throw error;
    }
    return callEntrypoint(places.stored, gcArguments(pod, entrypoints.version, plan.launch.process.argv), {
      directory,
      env: ENTRYPOINT_ENVIRONMENT,
    });
  });
  if (failure === undefined) return;
  writeFileSync(`${directory}/${FAILED}`, '');
  throw entrypointFailed(uuid, 'gc', failure);
};
