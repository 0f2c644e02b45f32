import type {Declaration, Feature} from '../../contract/declaration.ts';
import {isolatorNames} from '../../contract/isolators.ts';
import type {Examination} from './examine-flavor.ts';

/** What a flavor can do on a host, at a glance. */
export interface Abilities {
  /** Nothing is missing. */
  readonly usable: boolean;
  readonly ownKernel: boolean;
  /** `own`: always; `--private-users`: for a pod that asks for it. */
  readonly userIds: 'own' | '--private-users' | 'host';
  readonly network: 'own' | '--net=none' | 'host';
  readonly pids: 'own' | 'host';
  readonly ipc: 'own' | '--ipc=private' | 'host';
  /** Resources that can be limited here: `cpu`, `memory`, … */
  readonly limits: readonly string[];
  readonly rootless: boolean;
}

/** Isolators that limit a resource, by its name. */
const RESOURCE = 'resource/';

/** What a flavor can do on the host that it has been examined on. */
export const abilitiesOf = (declaration: Pick<Declaration, 'properties'>, examination: Examination): Abilities => {
  const has = (name: string): boolean => holdsHere(examination, name);
  const is = (property: Declaration['properties'][number]) => declaration.properties.includes(property);
  const asked = <A extends string>(gives: Feature, flag: A): A | 'host' => (has(gives) ? flag : 'host');
  return {
    usable: examination.usable,
    ownKernel: is('own-kernel'),
    // As for who prepares a pod with one and runs it with another (strengths.ts).
    userIds: is('own-user-ids') || is('own-kernel') ? 'own' : asked('user-namespace', '--private-users'),
    network: is('own-network') ? 'own' : asked('network/none', '--net=none'),
    pids: is('own-pid') || is('own-kernel') ? 'own' : 'host',
    ipc: is('own-ipc') || is('own-kernel') ? 'own' : asked('ipc/private', '--ipc=private'),
    limits: isolatorNames
      .filter((name) => name.startsWith(RESOURCE) && has(name))
      .map((name) => name.slice(RESOURCE.length)),
    rootless: is('rootless'),
  };
};

const holdsHere = ({verdicts}: Examination, name: string): boolean => {
  const here = verdicts.find((verdict) => verdict.name === name)?.here;
  return here === 'enforced' || here === 'equivalent';
};

/** How a flavor isolates, the strongest means first (kernel, user ids, processes, network, ipc): each always, on request, or not at all. */
const ranks = ({usable, ownKernel, userIds, pids, network, ipc, limits}: Abilities): number[] => [
  Number(usable),
  Number(ownKernel),
  rank(userIds),
  rank(pids),
  rank(network),
  rank(ipc),
  limits.length,
];

const rank = (kept: string): number => (kept === 'own' ? 2 : kept === 'host' ? 0 : 1);

/** Which of two isolates more, for sorting: the stronger first, and last what cannot run here. */
export const byStrength = (a: Abilities, b: Abilities): number => {
  const [left, right] = [ranks(a), ranks(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (right[at] ?? 0) - (left[at] ?? 0);
};
