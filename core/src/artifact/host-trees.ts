import {statSync} from 'node:fs';
import {basename} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {Plan} from '../contract/plan.ts';
import type {Step} from '../contract/step.ts';
import {holdImages, openStore} from '../image/store.ts';
import {readJsonIfWhole} from '../linux/read-json.ts';
import {textHash} from '../linux/text-hash.ts';

/** Trees of the host's own programs, for flavors that run them in a pod. */
export const hostTreesDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/host-trees` as HostPath;

export type HostTreeStep = Extract<Step, {do: 'host-tree'}>;

/** What a tree was made of: it is made again when one of these files is another one now. */
export interface TreeRecord {
  /** See {@link askedFor}. A record is found by a short hash of it, which flavors can make the same for two. */
  readonly asked: string;
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

/** What a step asks for, as text. */
export const askedFor = ({programs, directories}: Pick<HostTreeStep, 'programs' | 'directories'>): string =>
  JSON.stringify([programs, directories]);

/** How directories are called that are being made. */
export const MAKING = '.making-';

/** Whether the host still has the files of a tree. */
export const isCurrent = ({files}: TreeRecord): boolean => files.every(([path, state]) => fileState(path) === state);

/** `undefined` if there is none, or a crash of the machine has left a part of it. */
export const readTreeRecord = (file: string): TreeRecord | undefined => readJsonIfWhole(file);

/**
 * The trees of a plan's `host-tree` steps that are of the host, by the steps' ids; made if they are not there or the host has changed.
 * @param keep writes their names where those who collect trees look; until it returns, none is collected
 */
export const takeHostTrees = async (
  dataDir: HostPath,
  {filesystem, environment}: Pick<Plan, 'filesystem' | 'environment'>,
  keep: (trees: readonly string[]) => void,
): Promise<ReadonlyMap<string, HostPath>> => {
  const trees = new Map<string, HostPath>();
  const steps = [...filesystem, ...environment].filter((step) => step.do === 'host-tree' && step.tree === undefined);
  if (steps.length === 0) return trees;
  using _images = holdImages(openStore(dataDir));
  for (const step of steps) {
    if (step.do === 'host-tree') trees.set(step.id, await hostTree(hostTreesDirectory(dataDir), step));
  }
  keep([...trees.values()].map((tree) => basename(tree)));
  return trees;
};

const hostTree = async (directory: HostPath, step: HostTreeStep): Promise<HostPath> => {
  const asked = askedFor(step);
  const record = `${directory}/${textHash(asked)}.json` as HostPath;
  const known = readTreeRecord(record);
  if (known?.asked === asked && isCurrent(known)) return `${directory}/${known.tree}` as HostPath;
  const {buildHostTree} = await import('./build-host-tree.ts');
  return buildHostTree(directory, record, step);
};
