import type {Declaration, Feature, Property} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Support} from '../../contract/support.ts';
import {unmet} from '../negotiation/host-can.ts';
import {valueBeyondPod} from '../negotiation/pod-can.ts';
import {NOT_SHARED} from './requirements.ts';

/** A pod on a host with a flavor. */
export interface Case {
  readonly declaration: Pick<Declaration, 'properties' | 'isolators' | 'features' | 'verbs'>;
  readonly host: HostFacts;
  readonly pod: Pod;
}

/** Why the flavor does not keep a promise on this host; `undefined` if it does. */
const broken = (support: Support | undefined, host: HostFacts): string | undefined => {
  if (support === undefined) return 'it does not know it';
  if (support.level === 'impossible') return support.consequence;
  if (support.level === 'unproved') return 'it is its word alone, which nobody can check';
  if (support.level === 'not-applicable') return undefined;
  return (support.requires ?? []).map((requirement) => unmet(requirement, host)).find((each) => each !== undefined);
};

/** Whether the flavor gives what the pod asks for by a feature. That it does not apply is no promise that it is so. */
const has = ({declaration, host}: Case, name: Feature): boolean => {
  const support = declaration.features[name];
  return support?.level !== 'not-applicable' && broken(support, host) === undefined;
};
const declares = ({declaration}: Case, property: Property): boolean => declaration.properties.includes(property);

const hasOwnIds = (each: Case): boolean =>
  each.pod.userNamespace &&
  has(each, 'user-namespace') &&
  valueBeyondPod({kind: 'feature', name: 'user-namespace', value: true}, each.pod) === undefined;

/** What a pod has of each property: what its flavor declares, and what the pod asks for that the flavor gives on this host. */
const properties: {readonly [P in Property]: (each: Case) => boolean} = {
  'host-ipc': (each) => !ownIpc(each),
  'host-network': ({pod}) => pod.network.mode === 'host',
  'host-pid': (each) => declares(each, 'host-pid') && !hasOwnPids(each),
  'own-ipc': (each) => ownIpc(each),
  'own-kernel': (each) => declares(each, 'own-kernel'),
  'own-network': (each) => each.pod.network.mode !== 'host' && has(each, `network/${each.pod.network.mode}`),
  'own-pid': (each) => declares(each, 'own-pid') || hasOwnPids(each),
  'own-user-ids': (each) => declares(each, 'own-user-ids') || hasOwnIds(each),
  rootless: (each) => declares(each, 'rootless') && each.host.rootless !== undefined,
};

/** A pod of an ordinary user has, if any can. */
const hasOwnPids = (each: Case): boolean => ofUser(each, 'pid/private');

const ofUser = (each: Case, name: Feature): boolean => each.host.rootless !== undefined && has(each, name);

const ownIpc = (each: Case): boolean => {
  switch (each.pod.ipc) {
    case 'private':
      return has(each, 'ipc/private');
    case 'host':
      return false;
    default:
      return declares(each, 'own-ipc') || ofUser(each, 'ipc/private');
  }
};

/** Why a pod would not have what a rule requires; `undefined` if it has. */
export const lackOf = (requirement: string, each: Case): string | undefined => {
  if (isKey(properties, requirement)) return properties[requirement](each) ? undefined : 'the pod would not have it';
  if (isKey(NOT_SHARED, requirement)) {
    return NOT_SHARED[requirement].some((property) => properties[property](each))
      ? undefined
      : "the pod would share the host's";
  }
  const {isolators, features, verbs} = each.declaration;
  const promised: Readonly<Record<string, Support>> = {...isolators, ...features, ...verbs};
  return broken(Object.hasOwn(promised, requirement) ? promised[requirement] : undefined, each.host);
};

const isKey = <T extends object>(table: T, name: string): name is keyof T & string => Object.hasOwn(table, name);

/** A flag by which a pod gets something that it would otherwise lack. */
interface Way {
  readonly flag: string;
  readonly gives: Feature;
  /** For a prepared pod the flag is given when it runs. */
  readonly whenRun: boolean;
  readonly change: (pod: Pod) => Pod;
}

const WAYS: readonly Way[] = [
  {
    flag: '--net=none',
    gives: 'network/none',
    whenRun: true,
    change: (pod) => ({...pod, network: {mode: 'none', names: []}}),
  },
  {flag: '--ipc=private', gives: 'ipc/private', whenRun: true, change: (pod) => ({...pod, ipc: 'private'})},
  {
    flag: '--private-users',
    gives: 'user-namespace',
    whenRun: false,
    change: (pod) => ({...pod, userNamespace: true, idMap: pod.idMap ?? {base: 0, count: 65_536}}),
  },
];

/** The flag by which the pod would have what is required, if there is one. */
export const wayTo = (requirement: string, each: Case): Way | undefined =>
  WAYS.find(
    ({gives, change}) => has(each, gives) && lackOf(requirement, {...each, pod: change(each.pod)}) === undefined,
  );
