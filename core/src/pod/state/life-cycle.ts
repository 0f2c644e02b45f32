import {type PodDestination, type PodDirectory, TRANSITIONS} from './states.ts';

/*
 * The moves of a pod as scripts of system calls, each answered by yes or no. `place.ts` performs them on the disk; the model test
 * interleaves the very same scripts in every order and stops them anywhere.
 */

export type Instruction =
  /** Makes the empty directory of a new pod in `embryo`. */
  | {readonly do: 'create'}
  /** Opens the pod's directory; no: it is not (or no longer) there. */
  | {readonly do: 'open'; readonly in: PodDirectory}
  /** Locks what was opened, wherever it has moved meanwhile; no: somebody else has it. */
  | {readonly do: 'lock'; readonly kind: 'exclusive' | 'shared'; readonly wait: boolean}
  /** Whether processes of the pod exist. */
  | {readonly do: 'alive'}
  /** Moves the pod; no: it was not there any more. */
  | {readonly do: 'rename'; readonly from: PodDirectory; readonly to: PodDestination}
  /** Removes everything below the pod's directory, then the directory. */
  | {readonly do: 'delete'; readonly from: PodDirectory};

export type Script<Outcome> = Generator<Instruction, Outcome, boolean>;

/** `done`: the caller holds the lock and the pod is where the script says. `lost`: another was first. `busy`: somebody holds it. */
export type Outcome = 'done' | 'lost' | 'busy';

const rename = (from: PodDirectory, to: PodDestination): Instruction => {
  if (!TRANSITIONS.some((transition) => transition.from === from && transition.to === to))
    throw new TypeError(`a pod does not move from ${from} to ${to}`);
  return {do: 'rename', from, to};
};

/** embryo → prepare. `lost`: gc took the empty embryo before it was locked; try again with another UUID. */
export function* create(): Script<Outcome> {
  if (!(yield {do: 'create'})) return 'lost';
  if (!(yield {do: 'open', in: 'embryo'})) return 'lost';
  // gc may hold it for a moment; the rename tells who won.
  yield {do: 'lock', kind: 'exclusive', wait: true};
  return (yield rename('embryo', 'prepare')) ? 'done' : 'lost';
}

/** prepare → prepared or run, by the owner, who holds the lock since `create`. */
export function* finishPreparing(to: 'prepared' | 'run'): Script<Outcome> {
  return (yield rename('prepare', to)) ? 'done' : 'lost';
}

/** prepared → run. Of several claimants one gets `done`. */
export function* claim(): Script<Outcome> {
  if (!(yield {do: 'open', in: 'prepared'})) return 'lost';
  // Whoever holds it is either about to move it, or only looks: wait for both.
  yield {do: 'lock', kind: 'exclusive', wait: true};
  return (yield rename('prepared', 'run')) ? 'done' : 'lost';
}

/** run → exited-garbage, if the pod is over. */
export function* mark(): Script<Outcome> {
  if (!(yield {do: 'open', in: 'run'})) return 'lost';
  if (!(yield {do: 'lock', kind: 'shared', wait: false})) return 'busy';
  // After the lock: the launched program is in its cgroup before the lock ends, so one of the two always shows.
  if (yield {do: 'alive'}) return 'busy';
  return (yield rename('run', 'exited-garbage')) ? 'done' : 'lost';
}

/** prepare or prepared → garbage: a preparation that died, or a pod that nobody wants to run any more. */
export function* abandon(from: 'prepare' | 'prepared'): Script<Outcome> {
  if (!(yield {do: 'open', in: from})) return 'lost';
  if (!(yield {do: 'lock', kind: 'exclusive', wait: false})) return 'busy';
  return (yield rename(from, 'garbage')) ? 'done' : 'lost';
}

/** Deletes a pod that is of no use to anybody, under its exclusive lock. */
export function* sweep(from: 'embryo' | 'exited-garbage' | 'garbage'): Script<Outcome> {
  if (!(yield {do: 'open', in: from})) return 'lost';
  if (!(yield {do: 'lock', kind: 'exclusive', wait: false})) return 'busy';
  return (yield {do: 'delete', from}) ? 'done' : 'lost';
}

/** run → exited-garbage, by the owner of a pod that could not be launched. It stays to be looked at until gc takes it. */
export function* retire(): Script<Outcome> {
  return (yield rename('run', 'exited-garbage')) ? 'done' : 'lost';
}

/** The owner gives up before anything ran: out of sight first, then away. */
export function* discard(from: 'prepare' | 'prepared' | 'run'): Script<Outcome> {
  const to = from === 'run' ? 'exited-garbage' : 'garbage';
  if (!(yield rename(from, to))) return 'lost';
  return (yield {do: 'delete', from: to}) ? 'done' : 'lost';
}
