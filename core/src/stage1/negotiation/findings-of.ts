import type {Finding, HostFacts} from '../../contract/host.ts';
import {flavorFailed} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {unmet} from './host-can.ts';

/**
 * What a host lacks for a flavor: what its probe finds, and what its promise to run pods requires.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_TIMED_OUT
 */
export const findingsOf = (flavor: FoundFlavor['flavor'], host: HostFacts): Finding[] => {
  const {name, verbs} = flavor.declaration;
  const {run} = verbs;
  const lacks = 'requires' in run ? (run.requires ?? []).flatMap((requirement) => unmet(requirement, host) ?? []) : [];
  return [...found(name, () => flavor.probe(host)), ...lacks.map((what) => ({severity: 'missing', what}) as const)];
};

const found = (name: string, probe: () => Finding[]): Finding[] => {
  try {
    return probe();
  } catch (cause) {
    throw flavorFailed(name, 'probe', cause);
  }
};
