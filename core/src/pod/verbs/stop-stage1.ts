import type {StopStep} from '../../contract/step.ts';
import {callEntrypoint, goToEntrypoint, restoringMountNamespace} from '../../executor/call-entrypoint.ts';
import {performStop} from '../../executor/perform-stop.ts';
import {ENTRYPOINT_ENVIRONMENT} from '../../stage1/aci/aci-flavor.ts';
import {entrypointPlaces} from '../../stage1/aci/layout.ts';
import {entrypointFailed} from '../errors.ts';
import type {PodEntry} from '../state/load.ts';

type Running = Parameters<typeof performStop>[1];

const PATIENCE = 10_000;
const AFTERWARDS: readonly StopStep[] = [{do: 'await-exit', milliseconds: PATIENCE}, {do: 'kill'}];

/**
 * Has the `stop` entrypoint of a stage1 made for rkt end the pod. What is still there after that, and ten seconds, is killed.
 * @throws RKT_STAGE1_ENTRYPOINT_FAILED; with `force` only when everything has been killed
 */
export const stopStage1 = (
  {uuid, path}: Pick<PodEntry, 'uuid' | 'path'>,
  running: Running,
  stop: string,
  force: boolean,
): void => {
  const places = entrypointPlaces(running.pod, path, stop);
  if (places === undefined) throw new Error(`pod ${uuid} has no stage1 image`);
  const failure = restoringMountNamespace(() => {
    goToEntrypoint(running.pod.supervisor, places);
    return callEntrypoint(places.stored, [...(force ? ['--force'] : []), uuid], {
      directory: path,
      env: ENTRYPOINT_ENVIRONMENT,
    });
  });
  if (failure === undefined || force) performStop(force ? [{do: 'kill'}] : AFTERWARDS, running);
  if (failure !== undefined) throw entrypointFailed(uuid, 'stop', failure);
};
