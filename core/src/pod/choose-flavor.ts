import type {Context} from '../cli/context.ts';
import {flavorOptions} from '../cli/flavor-options.ts';
import {configuredStage1} from '../config/config.ts';
import {loadConfig} from '../config/load.ts';
import {flavorReplaced} from '../stage1/errors.ts';
import {type FoundFlavor, findFlavor} from '../stage1/find.ts';
import type {Summary} from './summary.ts';

/** The flavor that was asked for, else the configured one (`rktKind: stage1`), else the first that is installed. */
export const chooseFlavor = async (
  context: Context,
  selection: string | undefined,
  remember: boolean,
): Promise<FoundFlavor> => {
  const wanted = selection ?? (await configured(context));
  return findFlavor(wanted, await flavorOptions(context, remember));
};

const configured = async (context: Context): Promise<string | undefined> => {
  const {stage1} = await loadConfig(context, ['stage1']);
  return configuredStage1(stage1);
};

/**
 * The very flavor that a pod was prepared with.
 * @throws RKT_FLAVOR_REPLACED, RKT_FLAVOR_NOT_FOUND
 */
export const pinnedFlavor = async (
  context: Context,
  {name, source, digest}: Summary['flavor'],
): Promise<FoundFlavor> => {
  const found = await findFlavor(source, await flavorOptions(context));
  if (found.digest !== digest) throw flavorReplaced(name, digest, found.digest);
  return found;
};
