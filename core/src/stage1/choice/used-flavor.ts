import {existsSync, mkdirSync, rmSync} from 'node:fs';
import path from 'node:path';
import {configuredStage1} from '../../config/config.ts';
import {entriesOf} from '../../config/entries-of.ts';
import {readFile} from '../../config/read-file.ts';
import type {HostPath} from '../../contract/names.ts';
import {atomicWrite, removeUnfinished} from '../../linux/atomic-write.ts';
import {fsyncDirectory} from '../../linux/fsync.ts';
import {flavorUseConflict, flavorUseNothing} from '../errors.ts';

/** What `rkt flavor use` has chosen for a host. */
export interface UsedFlavor {
  /** As the configuration has it; `null`: the file says nothing, and what is configured elsewhere, or rkt's default, holds. */
  readonly flavor: string | null;
  /** What a rollback goes back to. */
  readonly previous: string | null;
}

/** What a choice has come to. */
interface Used extends UsedFlavor {
  /** The file said something else before. */
  readonly changed: boolean;
}

/** The file that is written: one of the administrator's layer, beside those that people write. */
const usedFlavorFile = (localConfig: HostPath): string => path.join(localConfig, 'stage1.d', 'flavor-use.json');

/** @throws RKT_CONFIG_… if the file is there and is not right */
const readUsed = (file: string): UsedFlavor | undefined => {
  if (!existsSync(file)) return undefined;
  const content = readFile(file);
  if (content.rktKind !== 'stage1') throw new TypeError(`${file} is of another kind`);
  return {flavor: content.flavor ?? null, previous: content.previous ?? null};
};

/**
 * Chooses the flavor of pods for which nobody names one, by one rename after fsync: whoever runs a pod meanwhile gets the one or the other.
 * @returns what the file says now
 * @throws RKT_FLAVOR_USE_CONFLICT, RKT_CONFIG_…
 */
export const useFlavor = (localConfig: HostPath, flavor: string): Used => {
  const file = usedFlavorFile(localConfig);
  const directory = path.dirname(file);
  refuseOthers(directory, file);
  const before = readUsed(file);
  if (before?.flavor === flavor) return {...before, changed: false};
  mkdirSync(directory, {recursive: true, mode: 0o755});
  return {...writeUsed(file, {flavor, previous: before?.flavor ?? null}), changed: true};
};

/**
 * Takes the last choice back: the one before it is the choice again; none, if there was none.
 * @throws RKT_FLAVOR_USE_NOTHING, RKT_CONFIG_…
 */
export const rollBackFlavor = (localConfig: HostPath): UsedFlavor => {
  const file = usedFlavorFile(localConfig);
  const before = readUsed(file);
  if (before === undefined) throw flavorUseNothing(file);
  if (before.previous !== null) return writeUsed(file, {flavor: before.previous, previous: before.flavor});
  rmSync(file);
  fsyncDirectory(path.dirname(file));
  return {flavor: null, previous: before.flavor};
};

const writeUsed = (file: string, used: UsedFlavor): UsedFlavor => {
  removeUnfinished(path.dirname(file), path.basename(file));
  atomicWrite(file, `${JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', ...used})}\n`);
  return used;
};

const refuseOthers = (directory: string, file: string): void => {
  for (const entry of entriesOf(directory)) {
    const other = path.join(directory, entry.name);
    if (other === file || !entry.isFile() || !entry.name.endsWith('.json')) continue;
    const content = readFile(other);
    if (content.rktKind === 'stage1' && configuredStage1(chosen(content)) !== undefined)
      throw flavorUseConflict(file, other);
  }
};

/** Where it is, alone, only says where a name comes from; a file with nothing else is replaced by whatever is chosen. */
const chosen = ({flavor, name}: {readonly flavor?: string | undefined; readonly name?: string | undefined}) => ({
  ...(flavor ? {flavor} : {}),
  ...(name ? {name} : {}),
});
