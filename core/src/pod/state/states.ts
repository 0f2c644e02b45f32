/**
 * Where a pod can be, in the order of its life. A pod only moves to the right, by `rename(2)`; a reader that looks in this order
 * therefore never misses one, however often it moves meanwhile.
 */
export const POD_DIRECTORIES = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'] as const;
export type PodDirectory = (typeof POD_DIRECTORIES)[number];
/** Where a pod can be moved to: it begins as an embryo. */
export type PodDestination = Exclude<PodDirectory, 'embryo'>;

export const POD_STATES = [
  'embryo',
  'preparing',
  'aborted prepare',
  'prepared',
  'running',
  'exited',
  'exited deleting',
  'exited garbage',
  'deleting',
  'garbage',
] as const;
export type PodState = (typeof POD_STATES)[number];

/** State of a pod by its directory, when somebody holds it (an exclusive lock, or processes of the pod) and when nobody does. */
const STATES: {readonly [D in PodDirectory]: {readonly held: PodState; readonly free: PodState}} = {
  embryo: {held: 'embryo', free: 'embryo'},
  prepare: {held: 'preparing', free: 'aborted prepare'},
  prepared: {held: 'prepared', free: 'prepared'},
  run: {held: 'running', free: 'exited'},
  'exited-garbage': {held: 'exited deleting', free: 'exited garbage'},
  garbage: {held: 'deleting', free: 'garbage'},
};

/**
 * What state a pod is in.
 * @param locked somebody holds the exclusive lock of its directory
 * @param alive processes of the pod exist: they count in `run` only, where the lock ends with the launched program's `execve`
 */
export const stateOf = (directory: PodDirectory, {locked, alive}: {locked: boolean; alive: boolean}): PodState =>
  STATES[directory][locked || (alive && directory === 'run') ? 'held' : 'free'];

export type PodOperation = 'prepare' | 'run' | 'run-prepared' | 'mark' | 'expire' | 'abort' | 'remove';

/**
 * Every move that exists, who makes it and under which lock. Marking takes a shared lock, so that a reader which looks at the same moment
 * does not take the marker for the owner; `rename` alone decides between two markers.
 */
export const TRANSITIONS = [
  {from: 'embryo', to: 'prepare', lock: 'exclusive', by: ['prepare', 'run']},
  {from: 'prepare', to: 'prepared', lock: 'exclusive', by: ['prepare']},
  {from: 'prepare', to: 'run', lock: 'exclusive', by: ['run']},
  {from: 'prepared', to: 'run', lock: 'exclusive', by: ['run-prepared']},
  {from: 'run', to: 'exited-garbage', lock: 'shared', by: ['mark', 'run', 'run-prepared']},
  {from: 'prepare', to: 'garbage', lock: 'exclusive', by: ['abort', 'prepare', 'run']},
  {from: 'prepared', to: 'garbage', lock: 'exclusive', by: ['expire', 'remove', 'prepare']},
] as const satisfies readonly {
  from: PodDirectory;
  to: PodDestination;
  lock: 'exclusive' | 'shared';
  by: readonly PodOperation[];
}[];

/** Directories in which a pod may be deleted, under its exclusive lock. An embryo is empty and goes at once. */
export const DELETABLE: readonly PodDirectory[] = ['embryo', 'exited-garbage', 'garbage'];

/** Whether the pod has run and is over, whatever became of it since. */
export const isFinished = (state: PodState): boolean =>
  state === 'exited' || state === 'exited garbage' || state === 'exited deleting';
