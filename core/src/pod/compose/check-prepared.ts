import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Pod} from '../../contract/pod.ts';
import {imageManifestOf} from '../../image/manifest.ts';
import {openStore} from '../../image/store.ts';
import type {Settings} from '../../settings.ts';
import {type RuleName, ruleName} from '../../stage1/choice/flavor-choice.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import type {FoundFlavor} from '../../stage1/load/find.ts';
import {combine} from '../../stage1/policy/combine.ts';
import {degradeForbidden, flavorRefused} from '../../stage1/policy/errors.ts';
import type {PolicyFile} from '../../stage1/policy/find-policy-files.ts';
import {judge} from '../../stage1/policy/judge.ts';
import {loadPolicy} from '../../stage1/policy/load-policy.ts';
import {namesOf} from '../../stage1/policy/names-of.ts';
import {programsIn} from '../../stage1/policy/programs-in.ts';
import {policySubject} from './policy-subject.ts';
import {refuseAccepting} from './refuse-accepting.ts';

interface Prepared {
  readonly found: FoundFlavor;
  readonly facts: HostFacts;
  readonly manifest: PodManifest;
  /** As it was asked for. */
  readonly asked: Pod;
  /** As it will run. */
  readonly pod: Pod;
  readonly allowDegraded: readonly string[];
  readonly accepted: Parameters<typeof refuseAccepting>[0];
}

/**
 * Refuses to run a prepared pod if rules exclude it: they may be newer than the pod, and some look at flags that are only given when it runs.
 * @returns the rules that restrict which flavor may run it
 * @throws RKT_POLICY_FLAVOR_REFUSED, RKT_POLICY_DEGRADE_FORBIDDEN, RKT_POLICY_ACCEPT_FORBIDDEN, RKT_CONFIG_…
 */
export const checkPrepared = async (
  settings: Settings,
  files: readonly PolicyFile[],
  {found, facts, manifest, asked, pod, allowDegraded, accepted}: Prepared,
): Promise<readonly RuleName[]> => {
  const rules = await loadPolicy(files);
  const store = openStore(settings.dataDir);
  const images = pod.apps.map(({image}) => ({manifest: imageManifestOf(store, image.id)}));
  const policy = combine(rules, policySubject(manifest, images, asked), gatherHostFacts(programsIn(rules)));
  const {declaration} = found.flavor;
  const names = namesOf(found.source, policy.restrictions, await flavorOptions(settings));
  const candidate = {name: declaration.name, ...names, declaration, findings: [], host: facts, pod};
  const reasons = judge(policy, candidate);
  if (reasons.length > 0) throw flavorRefused({name: declaration.name, reasons}, []);
  for (const name of allowDegraded) {
    const rule = policy.degrade.forbiddenBy(name);
    if (rule !== undefined) throw degradeForbidden(name, rule);
  }
  refuseAccepting(accepted, policy.accept);
  return policy.restrictions.map(ruleName);
};
