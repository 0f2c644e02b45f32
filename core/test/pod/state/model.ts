import type {Instruction, Script} from '../../../src/pod/state/life-cycle.ts';
import {DELETABLE, POD_DIRECTORIES, type PodDirectory, TRANSITIONS} from '../../../src/pod/state/states.ts';

/*
 * One pod on an ideal disk, with flock and rename as the kernel has them, and any number of processes of which a scheduler
 * lets one make one step at a time. Broken promises are thrown.
 */

/** What a process of the model can do besides the life cycle's own instructions. */
export type ModelInstruction =
  | Instruction
  /** The work of prepare, in two halves so that a crash can fall between. */
  | {readonly do: 'fill'; readonly half: 1 | 2}
  /** execve: the app lives from here, and the lock ends in the same instant. */
  | {readonly do: 'launch'}
  /** Signals to every process of the pod. */
  | {readonly do: 'kill'}
  /** Looks whether the pod is in a directory. */
  | {readonly do: 'look'; readonly in: PodDirectory}
  /** Closes the directory, and with it the lock. */
  | {readonly do: 'close'};
export type Program = Generator<ModelInstruction, boolean | string | undefined, boolean>;

interface Process {
  readonly name: string;
  readonly program: Program;
  next: ModelInstruction | undefined;
  opened: boolean;
}

export interface World {
  place: PodDirectory | 'nowhere' | 'deleted';
  /** 0 nothing, 1 half, 2 all that prepare writes. */
  content: number;
  /** A deletion has begun. */
  damaged: boolean;
  alive: boolean;
  launches: number;
  claims: number;
  exclusive: Process | undefined;
  readonly shared: Set<Process>;
  readonly processes: Process[];
}

const promise = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

export const world = (): World => ({
  place: 'nowhere',
  content: 0,
  damaged: false,
  alive: false,
  launches: 0,
  claims: 0,
  exclusive: undefined,
  shared: new Set(),
  processes: [],
});

const unlock = (w: World, process: Process): void => {
  if (w.exclusive === process) w.exclusive = undefined;
  w.shared.delete(process);
};

const end = (w: World, process: Process): void => {
  unlock(w, process);
  w.processes.splice(w.processes.indexOf(process), 1);
};

const advance = (w: World, process: Process, answer: boolean): void => {
  const {done, value} = process.program.next(answer);
  if (done) end(w, process);
  else process.next = value;
};

export const start = (w: World, name: string, program: Program): void => {
  const process: Process = {name, program, next: undefined, opened: false};
  w.processes.push(process);
  advance(w, process, true);
};

/** SIGKILL: nothing more is done, the kernel closes what was open. */
export const crash = (w: World, process: Process): void => end(w, process);

const canLock = (w: World, process: Process, kind: 'exclusive' | 'shared'): boolean =>
  (w.exclusive === undefined || w.exclusive === process) &&
  (kind === 'shared' || [...w.shared].every((holder) => holder === process));

export const blocked = (w: World, process: Process): boolean =>
  process.next?.do === 'lock' && process.next.wait && !canLock(w, process, process.next.kind);

const move = (w: World, process: Process, from: PodDirectory, to: PodDirectory): boolean => {
  if (w.place !== from) return false;
  const transition = TRANSITIONS.find((candidate) => candidate.from === from && candidate.to === to);
  promise(transition !== undefined, `${process.name}: ${from} to ${to} is no transition`);
  promise(
    w.exclusive === process || (transition?.lock === 'shared' && w.shared.has(process)),
    `${process.name} moves from ${from} to ${to} without the lock`,
  );
  promise(!(from === 'run' && w.alive), `${process.name} moves a running pod away`);
  if (from === 'prepared') {
    w.claims += 1;
    promise(w.claims === 1, 'two owners left prepared');
  }
  if (to === 'prepared' || to === 'run') promise(w.content === 2 && !w.damaged, `${to} holds an incomplete pod`);
  w.place = to;
  return true;
};

const erase = (w: World, process: Process, from: PodDirectory): boolean | undefined => {
  if (w.place !== from) return false;
  promise(DELETABLE.includes(from), `${process.name} deletes in ${from}`);
  promise(w.exclusive === process, `${process.name} deletes without the lock`);
  promise(!w.alive, `${process.name} deletes a running pod`);
  promise(from !== 'embryo' || w.content === 0, 'an embryo was not empty');
  if (w.content > 0) {
    w.damaged = true;
    w.content -= 1;
    return undefined;
  }
  w.place = 'deleted';
  return true;
};

/** Does one instruction; `undefined`: it takes more steps. */
const answer = (w: World, process: Process, instruction: ModelInstruction): boolean | undefined => {
  switch (instruction.do) {
    case 'create':
      promise(w.place === 'nowhere', 'a UUID was used twice');
      w.place = 'embryo';
      return true;
    case 'open':
      unlock(w, process);
      process.opened = w.place === instruction.in;
      return process.opened;
    case 'lock': {
      promise(process.opened, `${process.name} locks what it has not opened`);
      if (!canLock(w, process, instruction.kind)) return false;
      unlock(w, process);
      if (instruction.kind === 'exclusive') w.exclusive = process;
      else w.shared.add(process);
      return true;
    }
    case 'alive':
      return w.alive;
    case 'rename':
      return move(w, process, instruction.from, instruction.to);
    case 'delete':
      // Not one instant: files go one by one, and the process may be stopped between.
      return erase(w, process, instruction.from);
    case 'fill':
      promise(w.place === 'prepare' && !w.damaged, 'a pod was taken away from its preparer');
      w.content = instruction.half;
      return true;
    case 'launch':
      promise(w.place === 'run', `launched in ${w.place}`);
      promise(w.exclusive === process, 'launched without the lock');
      promise(w.content === 2 && !w.damaged, 'launched an incomplete pod');
      w.launches += 1;
      promise(w.launches === 1, 'launched twice');
      w.alive = true;
      unlock(w, process);
      return true;
    case 'kill':
      w.alive = false;
      return true;
    case 'look':
      return w.place === instruction.in;
    case 'close':
      process.opened = false;
      unlock(w, process);
      return true;
  }
};

/** Lets `process` make its next step. */
export const step = (w: World, process: Process): void => {
  if (process.next === undefined) return;
  const answered = answer(w, process, process.next);
  if (answered !== undefined) advance(w, process, answered);
};

/** Looks for the pod as every reader does, in the order of a pod's life. */
export function* reader(w: World): Program {
  const before = w.place;
  for (const directory of POD_DIRECTORIES) if (yield {do: 'look', in: directory}) return;
  promise(before === 'nowhere' || w.place === 'deleted', `a reader missed the pod, which is in ${w.place}`);
}

/** A script of the life cycle as a whole process. */
export function* only<Outcome extends string>(script: Script<Outcome>): Program {
  const outcome = yield* script;
  yield {do: 'close'};
  return outcome;
}
