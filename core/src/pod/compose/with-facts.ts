import type {HostFacts} from '../../contract/host.ts';
import type {Settings} from '../../settings.ts';
import type {ChosenFlavor} from '../../stage1/choice/choose-flavor.ts';
import {gatherFlavorFacts} from '../../stage1/facts/flavor-facts.ts';

/**
 * A flavor with what the host has for it.
 * @throws RKT_STAGE1_IMAGE_INVALID if the image of its programs is none for this host
 */
export const withFacts = async (
  settings: Settings,
  found: ChosenFlavor,
  cacheDir: string | undefined,
): Promise<{readonly found: ChosenFlavor; readonly facts: HostFacts}> => {
  const {stage1, flavor} = found;
  const facts = await gatherFlavorFacts(settings, flavor.declaration, {tree: stage1?.tree, cacheDir});
  if (stage1 !== undefined) (await import('../../stage1/choice/stage1-image.ts')).checkPrograms(found, facts);
  return {found, facts};
};
