import type {Finding, HostFacts} from '../../contract/host.ts';
import {flavorFailed, flavorHostLacks} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {unmet} from './host-can.ts';

/**
 * What a host lacks for a flavor: what its probe finds, and what its promise to run pods requires. If that is root, nothing else is told: what an ordinary user sees of a host is not what root would have.
 * @throws RKT_FLAVOR_FAILED, RKT_FLAVOR_TIMED_OUT
 */
export const findingsOf = (flavor: FoundFlavor['flavor'], host: HostFacts): Finding[] => {
  const {name, verbs} = flavor.declaration;
  const {run} = verbs;
  const lacking = rootLacking(flavor.declaration, host);
  if (lacking !== undefined) return [lacking];
  const lacks = 'requires' in run ? (run.requires ?? []).flatMap((requirement) => unmet(requirement, host) ?? []) : [];
  return [...found(name, () => flavor.probe(host)), ...lacks.map((what) => ({severity: 'missing', what}) as const)];
};

/** Those without which a flavor runs no pod. */
export const missingOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({severity}) => severity === 'missing');

/** @throws RKT_FLAVOR_HOST_LACKS if the host lacks what a flavor runs no pod without */
export const refuseLacking = (flavor: string, findings: readonly Finding[]): void => {
  const missing = missingOf(findings);
  if (missing.length > 0) throw flavorHostLacks(flavor, missing);
};

/** That a flavor runs pods of root alone, and rkt runs as an ordinary user. */
export const rootLacking = (
  {verbs: {run}}: FoundFlavor['flavor']['declaration'],
  host: HostFacts,
): Finding | undefined => {
  const what = 'requires' in run && run.requires?.includes('root') ? unmet('root', host) : undefined;
  return what === undefined ? undefined : {severity: 'missing', what, fix: AS_ROOT};
};

const AS_ROOT =
  'run rkt as root of the host, or choose a flavor that runs pods of ordinary users: --stage1=fly (see "rkt flavor list")';

const found = (name: string, probe: () => Finding[]): Finding[] => {
  try {
    return probe();
  } catch (cause) {
    throw flavorFailed(name, 'probe', cause);
  }
};
