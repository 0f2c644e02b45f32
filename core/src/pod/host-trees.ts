import {readFileSync, statSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Plan} from '../contract/plan.ts';
import type {Step} from '../contract/step.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {textHash} from '../linux/text-hash.ts';
import {hostTreesDirectory} from './layout.ts';

export type HostTreeStep = Extract<Step, {do: 'host-tree'}>;

/** What a tree was made of: it is made again when one of these files is another one now. */
export interface TreeRecord {
  /** Name of the tree's directory beside the record. */
  readonly tree: string;
  /** Each file of the host that is in it, as {@link fileState} saw it. */
  readonly files: readonly (readonly [path: string, state: string])[];
}

/** Tells a file from another one that takes its place. */
export const fileState = (path: string): string => {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats === undefined ? 'absent' : `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
};

/** The trees of a plan's `host-tree` steps, by the steps' ids; made if they are not there or the host has changed. */
export const hostTreesOf = async (
  dataDir: HostPath,
  {filesystem, environment}: Pick<Plan, 'filesystem' | 'environment'>,
): Promise<ReadonlyMap<string, HostPath>> => {
  const trees = new Map<string, HostPath>();
  for (const step of [...filesystem, ...environment]) {
    if (step.do === 'host-tree') trees.set(step.id, await hostTree(hostTreesDirectory(dataDir), step));
  }
  return trees;
};

const hostTree = async (directory: HostPath, {programs, directories}: HostTreeStep): Promise<HostPath> => {
  const record = `${directory}/${textHash(JSON.stringify([programs, directories]))}.json` as HostPath;
  const known = read(record);
  if (known?.files.every(([path, state]) => fileState(path) === state)) return `${directory}/${known.tree}` as HostPath;
  const {buildHostTree} = await import('./build-host-tree.ts');
  return buildHostTree(directory, record, {programs, directories});
};

const read = (file: string): TreeRecord | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TreeRecord;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};
