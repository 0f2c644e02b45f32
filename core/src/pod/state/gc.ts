import {chmodSync, statSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {ageSince} from '../../linux/age-since.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {collectUnfinished} from './collect-unfinished.ts';
import {collectRanges} from './id-ranges.ts';
import {podDirectory} from './layout.ts';
import {abandon, mark, type Outcome, type Script, sweep} from './life-cycle.ts';
import {uuidsIn} from './list.ts';
import {loadPod, type PodEntry} from './load.ts';
import {Place} from './place.ts';
import {collectNames} from './pod-names.ts';
import {recordOomKills} from './record-oom-kills.ts';
import type {PodDirectory, PodState} from './states.ts';
import {readSummary} from './summary.ts';

export interface GcOptions {
  /** Milliseconds that an exited pod stays after it was marked. */
  readonly gracePeriod: number;
  /** Milliseconds that a prepared pod waits to be run. */
  readonly expirePrepared: number;
  /** Only move pods, delete none. */
  readonly markOnly: boolean;
  /** Only say what would be done. */
  readonly dryRun: boolean;
}

export interface GcAction {
  readonly uuid: Uuid;
  readonly state: PodState;
  readonly action: 'mark' | 'discard' | 'remove' | 'keep';
  /** Why: one phrase. */
  readonly reason: string;
  /** What kept it from being done; the next gc tries again. */
  readonly error?: unknown;
}

/**
 * Collects pods: what is over is marked, what is marked long enough is removed. Takes no pod from its owner and fails for none because of another.
 *
 * A pod whose directory somebody has removed by hand is none to it, and its cgroup stays, empty, as long as the host runs: what is in a cgroup's name is the UUID of its pod and not the data
 * directory, and one without processes that no pod here has may be that of a pod which rkt is just starting from another data directory.
 */
export const gc = (dataDir: HostPath, options: GcOptions): GcAction[] => {
  const done = new Map<Uuid, GcAction>();
  const pass = (directory: PodDirectory, decide: (uuid: Uuid) => Decision | undefined): void => {
    for (const uuid of uuidsIn(dataDir, directory)) {
      const decision = decide(uuid);
      const entry = loadPod(dataDir, directory, uuid);
      if (decision === undefined || entry === undefined) continue;
      const result = carryOut(dataDir, directory, entry, decision, options);
      if (result !== undefined) done.set(uuid, result);
    }
  };
  const age = (directory: PodDirectory, uuid: Uuid): number | undefined => {
    const path = podDirectory(dataDir, directory, uuid);
    const stats = statSync(path, {throwIfNoEntry: false});
    // rename(2) sets it: since then the pod is where it is.
    return stats && ageSince(stats.ctimeMs, () => options.dryRun || changeAnew(path, stats.mode));
  };
  pass('run', () => ({action: 'mark', script: mark, reason: 'it has exited'}));
  pass('prepare', () => ({
    action: 'discard',
    script: () => abandon('prepare'),
    reason: 'its preparation was interrupted',
  }));
  if (options.markOnly) return [...done.values()];
  pass('prepared', (uuid) => {
    const waiting = age('prepared', uuid);
    if (waiting === undefined) return undefined;
    return waiting < options.expirePrepared
      ? {action: 'keep', reason: 'it waits to be run'}
      : {action: 'discard', script: () => abandon('prepared'), reason: 'it has waited too long to be run'};
  });
  pass('exited-garbage', (uuid) => {
    const marked = age('exited-garbage', uuid);
    if (marked === undefined) return undefined;
    if (readSummary(podDirectory(dataDir, 'exited-garbage', uuid))?.removeOnExit)
      return {
        action: 'remove',
        script: () => sweep('exited-garbage'),
        reason: 'it was to be removed when it has exited',
      };
    return marked < options.gracePeriod
      ? {action: 'keep', reason: 'it is within the grace period'}
      : {action: 'remove', script: () => sweep('exited-garbage'), reason: 'its grace period is over'};
  });
  pass('garbage', () => ({action: 'remove', script: () => sweep('garbage'), reason: 'it never ran'}));
  pass('embryo', () => ({action: 'remove', script: () => sweep('embryo'), reason: 'its creation was interrupted'}));
  if (!options.dryRun) {
    collectRanges(dataDir);
    collectNames(dataDir);
    collectUnfinished(dataDir);
  }
  return [...done.values()];
};

/** Sets the change time, and nothing else. */
const changeAnew = (path: HostPath, mode: number): void => {
  try {
    chmodSync(path, mode & 0o7777);
  } catch (error) {
    // It has moved on meanwhile.
    if (!isErrno(error, 'ENOENT')) throw error;
  }
};

interface Decision {
  readonly action: GcAction['action'];
  readonly script?: () => Script<Outcome>;
  readonly reason: string;
}

const HELD: {readonly [S in PodState]?: string} = {
  running: 'it is running',
  preparing: 'it is being prepared',
  deleting: 'another rkt is removing it',
  'exited deleting': 'another rkt is removing it',
};

const carryOut = (
  dataDir: HostPath,
  directory: PodDirectory,
  entry: PodEntry,
  {action, script, reason}: Decision,
  {dryRun}: GcOptions,
): GcAction | undefined => {
  const {uuid, state} = entry;
  const held = HELD[state];
  if (held !== undefined) return {uuid, state, action: 'keep', reason: held};
  if (script === undefined || dryRun) return {uuid, state, action, reason};
  using place = new Place(dataDir, uuid, directory);
  try {
    if (action === 'mark') recordOomKills(entry);
    const outcome = place.perform(script());
    if (outcome === 'done') return {uuid, state, action, reason};
    // Another rkt was faster, or is just looking at it.
    return outcome === 'lost' ? undefined : {uuid, state, action: 'keep', reason: 'another rkt is using it'};
  } catch (error) {
    return {uuid, state, action: 'keep', reason: 'it could not be cleaned up', error};
  }
};
