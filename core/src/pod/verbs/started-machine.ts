import type {App, Pod, RunningPod} from '../../contract/pod.ts';
import {readExitCodes} from '../state/exit-codes.ts';
import {appPaths} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {readMark} from '../state/read-mark.ts';
import type {Supervisor} from '../state/supervisor.ts';
import {isReady} from './wait.ts';

/**
 * A pod whose apps are processes of another kernel: once they have been started, the launched program stands for each that has not ended, or may be started again. It alone can be asked about them.
 */
export const startedMachine = (entry: PodEntry, pod: Pod, {pid, startTime}: Supervisor): RunningPod => {
  const supervisor = {pid, startTime};
  const ended = readExitCodes(entry);
  const isAlive = ({name, restart = 'no'}: App): boolean =>
    !ended.has(name) || (restart !== 'no' && readMark(entry.path, appPaths(name).last) === undefined);
  const alive = isReady(entry) ? pod.apps.filter(isAlive) : [];
  return {...pod, supervisor, appProcesses: Object.fromEntries(alive.map(({name}) => [name, supervisor]))};
};
