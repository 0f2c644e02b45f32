import type {Context} from '../cli/context.ts';
import {flavorOptions} from '../cli/flavor-options.ts';
import {configuredStage1} from '../config/config.ts';
import {loadConfig} from '../config/load.ts';
import {log} from '../debug.ts';
import {RktError} from '../rkt-error.ts';
import {flavorNotFound, flavorReplaced} from '../stage1/errors.ts';
import {DEFAULT_FLAVORS, type FoundFlavor, findFlavor} from '../stage1/find.ts';
import {gatherHostFacts} from '../stage1/host-facts.ts';
import type {Summary} from './summary.ts';

const debug = log('pod');

/** The flavor that was asked for, else the configured one (`rktKind: stage1`), else the first that is installed and can run on this host. */
export const chooseFlavor = async (
  context: Context,
  selection: string | undefined,
  remember: boolean,
): Promise<FoundFlavor> => {
  const wanted = selection ?? (await configured(context));
  const options = await flavorOptions(context, remember);
  return wanted === undefined ? defaultFlavor(options) : findFlavor(wanted, options);
};

const defaultFlavor = async (options: Parameters<typeof findFlavor>[1]): Promise<FoundFlavor> => {
  for (const name of DEFAULT_FLAVORS) {
    try {
      const found = await findFlavor(name, options);
      const lacks = found.flavor
        .probe(gatherHostFacts(found.flavor.declaration.programs))
        .filter(({severity}) => severity === 'missing');
      if (lacks.length === 0) return found;
      debug('%s is not the default here: %o', name, lacks);
    } catch (error) {
      if (!(error instanceof RktError) || error.code !== 'RKT_FLAVOR_NOT_FOUND') throw error;
      debug('%s is not installed', name);
    }
  }
  throw flavorNotFound('default', DEFAULT_FLAVORS);
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
