import type {HostFacts} from '../../contract/host.ts';
import type {ChosenFlavor} from '../../stage1/choice/choose-flavor.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {findingsOf} from '../../stage1/negotiation/findings-of.ts';

/**
 * A flavor with what the host has for it.
 * @throws RKT_STAGE1_IMAGE_INVALID if the image of its programs is none for this host
 */
export const withFacts = async (
  found: ChosenFlavor,
  cacheDir: string | undefined,
): Promise<{readonly found: ChosenFlavor; readonly facts: HostFacts}> => {
  const {stage1, flavor} = found;
  const facts = gatherHostFacts(flavor.declaration.programs ?? [], stage1?.tree, cacheDir);
  if (stage1 !== undefined)
    (await import('../../stage1/choice/stage1-image.ts')).checkPrograms(stage1, findingsOf(flavor, facts));
  return {found, facts};
};
