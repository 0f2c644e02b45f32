import type {RunningPod} from '../../contract/pod.ts';
import {sleep} from '../../linux/sleep.ts';
import {appNotRunning} from '../../stage1/errors.ts';
import {readExitCodes} from '../state/exit-codes.ts';
import {hasProcesses} from '../state/liveness.ts';
import type {PodEntry} from '../state/load.ts';

const POLL = 20;
const PATIENCE = 30_000;

/**
 * Looks at a running pod until an app of it has a process: right after `run` the app may be about to start. Not for one that has ended, nor for long.
 * @throws RKT_POD_APP_NOT_RUNNING
 */
export const whenStarted = (
  {uuid, path, summary, supervisor}: PodEntry,
  app: string,
  look: () => RunningPod,
): RunningPod => {
  for (const end = Date.now() + PATIENCE; ; sleep(POLL)) {
    const pod = look();
    if (pod.appProcesses[app] !== undefined) return pod;
    const isOver = readExitCodes({path, summary}).has(app) || !hasProcesses(supervisor);
    if (isOver || Date.now() >= end) throw appNotRunning(uuid, app);
  }
};
