import type {HostFacts} from '../../contract/host.ts';
import type {Settings} from '../../settings.ts';
import {gatherHostFacts} from '../facts/host-facts.ts';
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
  const host = gatherHostFacts(flavor.declaration.programs ?? [], stage1?.tree);
  const examination = examineFlavor(flavor.declaration, findingsOf(flavor, host), host);
  return {examination, abilities: abilitiesOf(flavor.declaration, examination), host};
};
