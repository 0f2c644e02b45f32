import {constants} from 'node:fs';
import type {Flavor} from '../../contract/flavor.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath, Uuid} from '../../contract/names.ts';
import type {Pod, RunningPod} from '../../contract/pod.ts';
import type {StopStep} from '../../contract/step.ts';
import {log} from '../../debug.ts';
import {performStop} from '../../executor/perform-stop.ts';
import type {Fd} from '../../linux/fd.ts';
import {lockFd} from '../../linux/lock.ts';
import {openHost} from '../../linux/openat2.ts';
import {isAlive} from '../../linux/process-identity.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {flavorFailed} from '../../stage1/errors.ts';
import {podNotInState, podUnknown} from '../errors.ts';
import {locatePod, seePod} from '../state/find.ts';
import {POD_FILES} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {recordKilled} from '../state/record-killed.ts';
import {recordOomKills} from '../state/record-oom-kills.ts';
import {runningPod} from '../state/running-pod.ts';
import {isFinished} from '../state/states.ts';
import {readStored} from '../state/stored.ts';
import type {Supervisor} from '../state/supervisor.ts';

const debug = log('pod');

const PATIENCE = 10_000;

/**
 * What the contract says a flavor without `stop` gets: its main process is asked, and what is there after its end, or after the time, is killed. What has been left
 * behind by a main process that is gone is asked itself.
 */
const defaultStop = (force: boolean, hasSupervisor: boolean): StopStep[] => {
  if (force) return [{do: 'kill'}];
  return hasSupervisor
    ? [
        {do: 'signal', to: 'supervisor', signal: 'SIGTERM'},
        {do: 'await-exit', milliseconds: PATIENCE, of: 'supervisor'},
        {do: 'kill'},
      ]
    : [{do: 'signal', to: 'pod', signal: 'SIGTERM'}, {do: 'await-exit', milliseconds: PATIENCE}, {do: 'kill'}];
};

/**
 * Ends a running pod, and returns when it has ended.
 * @returns whether it was running; one that is over already is no error
 * @throws RKT_POD_NOT_KILLED, RKT_POD_STATE if it has never run, RKT_POD_UNKNOWN
 */
export const stop = async (settings: Settings, uuid: Uuid, force: boolean): Promise<boolean> => {
  const {dataDir} = settings;
  if (locatePod(dataDir, uuid) === undefined) throw podUnknown(uuid);
  using seen = seeRunning(dataDir, uuid);
  if (seen === undefined) return false;
  if (force) {
    await end(settings, seen, force);
    return true;
  }
  // To a supervisor that is asked twice it may mean to hurry: the second waits for the first, whom it then finds to have ended.
  using _turn = waitForTurn(seen.directory);
  using now = seeRunning(dataDir, uuid);
  if (now !== undefined) await end(settings, now, force);
  return true;
};

interface Seen extends Disposable {
  readonly entry: PodEntry;
  /** Is the pod's wherever it is moved. */
  readonly directory: Fd;
  readonly supervisor: Supervisor;
  readonly pod: Pod;
  readonly facts: HostFacts;
}

/** `undefined`: it is over, or gone. */
const seeRunning = (dataDir: HostPath, uuid: Uuid): Seen | undefined => {
  for (;;) {
    const entry = seePod(dataDir, uuid);
    if (entry === undefined || isFinished(entry.state)) return undefined;
    const {state, supervisor} = entry;
    if (state !== 'running')
      throw podNotInState(uuid, state, 'running', `it does not run; to remove it: rkt rm ${uuid}`);
    const directory = openIfThere(entry.path);
    if (directory === undefined) continue;
    const pod = readStored(directory.path, 'frozen');
    const facts = readStored(directory.path, 'facts');
    if (supervisor !== undefined && pod !== undefined && facts !== undefined)
      return {entry, directory, supervisor, pod, facts, [Symbol.dispose]: () => directory.close()};
    directory.close();
    if (locatePod(dataDir, uuid) === entry.directory)
      throw podNotInState(uuid, 'only just starting', 'running', 'try again in a moment');
  }
};

const openIfThere = (path: string, flags = constants.O_DIRECTORY): Fd | undefined => {
  try {
    return openHost(path, constants.O_RDONLY | flags);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

const end = async (settings: Settings, seen: Seen, force: boolean): Promise<void> => {
  const {entry, directory, supervisor, pod, facts} = seen;
  const {entrypoints} = supervisor.summary.flavor;
  const {first} = supervisor;
  if (entrypoints?.stop !== undefined) {
    const {stopStage1} = await import('./stop-stage1.ts');
    const running = runningPod(pod, facts, supervisor, undefined);
    stopStage1(entry, {pod: running, facts, first}, entrypoints.stop, force);
    return;
  }
  const flavor = await flavorOf(settings, entry);
  const ask = (of: Flavor | undefined) => {
    const running = runningPod(pod, facts, supervisor, of);
    return {running, steps: stepsOf(of, running, force) ?? defaultStop(force, isAlive(supervisor))};
  };
  const {running, steps} = force ? orWithout(settings, flavor, ask) : ask(flavor);
  performStop(steps, {pod: running, facts, first, force, note: settings.note});
  if (force) recordKilled(directory, entry.summary);
  recordOomKills({path: directory.path as HostPath, supervisor});
};

const stepsOf = (flavor: Flavor | undefined, pod: RunningPod, force: boolean): StopStep[] | undefined => {
  try {
    return flavor?.stop?.(pod, force);
  } catch (cause) {
    throw flavorFailed(flavor?.declaration.name ?? '', 'stop', cause);
  }
};

/** By force a pod ends whatever its flavor makes of it. */
const orWithout = <T>({note}: Settings, flavor: Flavor | undefined, ask: (flavor: Flavor | undefined) => T): T => {
  try {
    return ask(flavor);
  } catch (error) {
    if (flavor === undefined || !(error instanceof RktError)) throw error;
    note(`the pod is killed without its flavor: ${error.message}`);
    return ask(undefined);
  }
};

/** `undefined`: the pod is being removed, and there is nothing to wait for. */
const waitForTurn = (directory: Fd): Fd | undefined => {
  const turn = openIfThere(`${directory.path}/${POD_FILES.frozen}`, 0);
  if (turn !== undefined) lockFd(turn, 'exclusive', {wait: true});
  return turn;
};

/** The very flavor of the pod, if it is still there. A pod must be able to end without it. */
const flavorOf = async (settings: Settings, {summary}: PodEntry): Promise<Flavor | undefined> => {
  if (summary === undefined) return undefined;
  try {
    const {pinnedFlavor} = await import('../../stage1/choice/choose-flavor.ts');
    return (await pinnedFlavor(settings, summary.flavor)).flavor;
  } catch (error) {
    debug('the default way, because the flavor is not what it was: %o', error);
    return undefined;
  }
};
