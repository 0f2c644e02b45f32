import type {PodManifest} from '../../appc/pod-manifest.ts';
import {type Declaration, FEATURES} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Support} from '../../contract/support.ts';
import type {Settings} from '../../settings.ts';
import {type Choice, chooseByPolicy} from '../../stage1/choice/choose-by-policy.ts';
import type {ChosenFlavor} from '../../stage1/choice/choose-flavor.ts';
import type {Decision} from '../../stage1/choice/decide.ts';
import {type FlavorChoice, flavorChoice} from '../../stage1/choice/flavor-choice.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {combine, type EffectivePolicy} from '../../stage1/policy/combine.ts';
import {degradeForbidden} from '../../stage1/policy/errors.ts';
import type {PolicyFile} from '../../stage1/policy/find-policy-files.ts';
import {loadPolicy} from '../../stage1/policy/load-policy.ts';
import {programsIn} from '../../stage1/policy/programs-in.ts';
import type {PodRequest} from '../request.ts';
import type {PodImage} from './find-images.ts';
import {policySubject} from './policy-subject.ts';

/** Which rules are about a pod, and which flavor they leave it. */
export interface Explanation {
  readonly policy: EffectivePolicy;
  readonly decision: Decision;
}

export interface ChosenForPod {
  readonly found: ChosenFlavor;
  readonly facts: HostFacts;
  readonly policy: EffectivePolicy;
  readonly choice: FlavorChoice;
  /** By the operator and by rules. */
  readonly allowDegraded: readonly string[];
}

interface Options extends Pick<Choice, 'remember' | 'pullPolicy' | 'later'> {
  readonly files: readonly PolicyFile[];
  readonly manifest: PodManifest;
  readonly images: readonly PodImage[];
  /** The pod with a flavor of these features. */
  readonly freeze: (features: Declaration['features'], stage1: ChosenFlavor['stage1']) => Pod;
  /** Told before anything is refused. */
  readonly explain?: ((explanation: Explanation) => void) | undefined;
}

/**
 * The flavor that the rules of a host give a pod.
 * @throws RKT_POLICY_DEGRADE_FORBIDDEN, RKT_POLICY_FLAVOR_REFUSED, RKT_POLICY_NO_FLAVOR, RKT_CONFIG_…, what choosing throws
 */
export const chooseForPod = async (
  settings: Settings,
  {stage1, allowDegraded}: Pick<PodRequest, 'stage1' | 'allowDegraded'>,
  {files, manifest, images, freeze, explain, ...how}: Options,
): Promise<ChosenForPod> => {
  const rules = await loadPolicy(files);
  const subject = policySubject(manifest, images, freeze(NO_FEATURES, undefined));
  const policy = combine(rules, subject, gatherHostFacts(programsIn(rules)));
  const draft = ({flavor, stage1: image}: ChosenFlavor) => freeze(flavor.declaration.features, image);
  const decision = await chooseByPolicy(settings, stage1, {...how, policy, draft, all: explain !== undefined});
  explain?.({policy, decision});
  for (const name of allowDegraded) {
    const rule = policy.degrade.forbiddenBy(name);
    if (rule !== undefined) throw degradeForbidden(name, rule);
  }
  if (decision.error !== undefined) throw decision.error;
  const {chosen} = decision;
  if (chosen === undefined) throw new TypeError('a decision is a flavor or an error');
  const {flavor: found, facts} = chosen;
  if (found.stage1 !== undefined) (await import('../../stage1/choice/stage1-image.ts')).checkPrograms(found, facts);
  return {
    found,
    facts,
    policy,
    choice: flavorChoice(decision, policy),
    allowDegraded: [...new Set([...allowDegraded, ...policy.degrade.allowed.map(({name}) => name)])],
  };
};

const NOTHING: Support = {level: 'impossible', consequence: 'no flavor has been chosen yet'};

/** Users and isolators are the same with every flavor. */
const NO_FEATURES = Object.fromEntries(FEATURES.map((name) => [name, NOTHING])) as Declaration['features'];
