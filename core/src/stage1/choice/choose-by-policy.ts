import {configuredStage1} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import type {Pod} from '../../contract/pod.ts';
import type {FetchOptions} from '../../image/fetch.ts';
import type {Settings} from '../../settings.ts';
import {gatherFlavorFacts} from '../facts/flavor-facts.ts';
import {defaultOrder, ownFlavors} from '../load/own-flavors.ts';
import {findingsOf} from '../negotiation/findings-of.ts';
import type {EffectivePolicy} from '../policy/combine.ts';
import {judge} from '../policy/judge.ts';
import {namesOf} from '../policy/names-of.ts';
import {type ChosenFlavor, chooseFlavor} from './choose-flavor.ts';
import type {Seen} from './consider.ts';
import {type Decision, decide} from './decide.ts';
import {flavorOptions} from './flavor-options.ts';

export interface Choice {
  readonly remember: boolean;
  readonly pullPolicy: FetchOptions['pullPolicy'] | 'stored';
  readonly policy: Pick<EffectivePolicy, 'order' | 'restrictions'>;
  /** The pod as it would be with a flavor. */
  readonly draft: (flavor: ChosenFlavor) => Pod;
  /** The pod is prepared, and how it runs is said when it runs. */
  readonly later: boolean;
  /** Also look at flavors after the chosen one. */
  readonly all: boolean;
}

/** The flavor of a pod under the rules of this host. @throws what finding and loading a flavor throws */
export const chooseByPolicy = async (
  settings: Settings,
  asked: string | undefined,
  {policy, draft, later, remember, pullPolicy, all}: Choice,
): Promise<Decision> => {
  const options = await flavorOptions(settings, remember);
  const own = ownFlavors();
  const look = async (selection: string): Promise<Seen> => {
    const found = await chooseFlavor(settings, selection, {remember, pullPolicy});
    const {declaration} = found.flavor;
    const {name} = declaration;
    const {cacheDir} = options;
    const facts = await gatherFlavorFacts(settings, declaration, {tree: found.stage1?.tree, cacheDir});
    const names = namesOf(found.source, policy.restrictions, options);
    const findings = findingsOf(found.flavor, facts);
    const candidate = {name, ...names, declaration, findings, host: facts, pod: draft(found)};
    return {name, flavor: found, facts, reasons: judge(policy, candidate, {later})};
  };
  return decide(policy, {
    asked,
    configured: async () => configuredStage1((await loadConfig(settings, ['stage1'])).stage1),
    defaults: defaultOrder(own),
    own: own.map(({name}) => name),
    look,
    note: settings.note,
    all,
  });
};
