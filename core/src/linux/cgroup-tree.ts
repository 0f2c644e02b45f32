import {constants, readFileSync} from 'node:fs';
import {removeDirectory} from './directory-entry.ts';
import type {Fd} from './fd.ts';
import {nextEntries} from './list-directory.ts';
import {openEntry, openHost} from './openat2.ts';
import {isErrno} from './syscall-error.ts';

/*
 * Root of a pod may make cgroups below its own: of any name, which need not be UTF-8, as deep as no path reaches and no stack, and with threads instead of processes. None of that keeps rkt from
 * seeing, ending or removing them (S10): it goes from one to the next by descriptor, with one of them open, whatever the depth.
 */

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** A cgroup and all below it, open until the next one is asked for; nothing where it is gone. */
export function* cgroupTree(directory: string): Generator<Fd> {
  let here = ifThere(() => openHost(directory, DIRECTORY));
  /** Of each cgroup on the way here, those below it that have not been visited. */
  const left: Buffer[][] = [];
  try {
    while (here !== undefined) {
      yield here;
      left.push(below(here));
      here = next(here, left);
    }
  } finally {
    here?.close();
  }
}

const next = (from: Fd, left: Buffer[][]): Fd | undefined => {
  let here = from;
  for (let names = left.at(-1); names !== undefined; names = left.at(-1)) {
    const name = names.pop();
    const found = name === undefined ? undefined : ifThere(() => openEntry(here, name, DIRECTORY));
    if (found !== undefined) {
      here.close();
      return found;
    }
    if (name !== undefined) continue;
    left.pop();
    if (left.length > 0) here = up(here);
  }
  here.close();
  return undefined;
};

/** Also from one that has been removed: it keeps its place. */
const up = (from: Fd): Fd => {
  using here = from;
  return openHost(`${here.path}/..`, DIRECTORY);
};

const below = (directory: Fd): Buffer[] => [...chunksBelow(directory)].flat();

const chunksBelow = function* (directory: Fd): Generator<Buffer[]> {
  for (;;) {
    const entries = ifThere(() => nextEntries(directory));
    if (entries === undefined) return;
    yield entries.filter(({type}) => type === 'directory').map(({name}) => name);
  }
};

const firstBelow = (directory: Fd): Buffer | undefined => {
  for (const [first] of chunksBelow(directory)) if (first !== undefined) return first;
  return undefined;
};

/**
 * Removes all cgroups below one, the deepest first.
 * @param mayTryAgain asked with the error of one that is not empty; it waits, and throws when it has waited enough
 */
export const removeCgroupsBelow = (directory: string, mayTryAgain: (error: unknown) => void): void => {
  let here = ifThere(() => openHost(directory, DIRECTORY));
  const names: Buffer[] = [];
  try {
    while (here !== undefined) {
      const child = firstBelow(here);
      const inside: Fd | undefined = child && enter(here, child);
      if (child !== undefined) {
        if (inside === undefined) {
          here = again(here);
          continue;
        }
        names.push(child);
        here.close();
        here = inside;
        continue;
      }
      const name = names.pop();
      if (name === undefined) return;
      here = up(here);
      try {
        removeDirectory(here, name);
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) mayTryAgain(error);
      }
    }
  } finally {
    here?.close();
  }
};

const enter = (directory: Fd, name: Buffer): Fd | undefined => ifThere(() => openEntry(directory, name, DIRECTORY));

/** To be read from its beginning. */
const again = (from: Fd): Fd => {
  using here = from;
  return openHost(here.path, DIRECTORY);
};

/** Processes of a cgroup itself. One that has threads has none to show: they are those of the cgroup above it that the threads are of. */
export const processesIn = (cgroup: Fd): number[] =>
  textIn(cgroup, 'cgroup.procs')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);

/** A file of a cgroup; empty where that is gone, has been removed while it was open, or does not show it (cgroups(7), "thread mode"). */
const textIn = (cgroup: Fd, file: string): string => {
  try {
    return readFileSync(`${cgroup.path}/${file}`, 'latin1');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTSUP', 'EOPNOTSUPP')) return '';
    throw error;
  }
};

/** `undefined` where a cgroup is gone, was removed while a file of it was open, or has no such file. */
export const ifThere = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
};
