import type {HostFacts} from '../../contract/host.ts';
import type {Settings} from '../../settings.ts';
import {gatherFlavorFacts} from '../facts/flavor-facts.ts';
import {rememberedIn} from '../facts/remembered-in.ts';
import type {FoundFlavor} from '../load/find.ts';
import {findingsOf} from '../negotiation/findings-of.ts';
import {type Abilities, abilitiesOf} from './abilities.ts';
import {type ChosenFlavor, withBuiltImage} from './choose-flavor.ts';
import {type Examination, examineFlavor} from './examine-flavor.ts';

/** A flavor against this host; with the image that has been built for it, if there is one. */
export const examineHere = async (
  settings: Settings,
  found: FoundFlavor,
): Promise<{readonly examination: Examination; readonly abilities: Abilities; readonly host: HostFacts}> => {
  const {flavor, stage1}: ChosenFlavor = (await withBuiltImage(settings, found)) ?? found;
  const host = await gatherFlavorFacts(settings, flavor.declaration, {
    tree: stage1?.tree,
    cacheDir: rememberedIn(settings),
  });
  const examination = examineFlavor(flavor.declaration, findingsOf(flavor, host), host);
  return {examination, abilities: abilitiesOf(flavor.declaration, examination), host};
};
