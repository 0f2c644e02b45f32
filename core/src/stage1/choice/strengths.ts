import type {Declaration} from '../../contract/declaration.ts';
import type {ReportEntry} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';

/** In what a pod can be apart from its host, in the words of policies. */
export const STRENGTHS = ['own-kernel', 'own-user-ids', 'no-shared-pid', 'no-shared-ipc', 'no-shared-network'] as const;
export type Strength = (typeof STRENGTHS)[number];

export const isStrength = (name: string): name is Strength => (STRENGTHS as readonly string[]).includes(name);

/** A pod as it has been negotiated. */
export interface Negotiated {
  /** Of its flavor. */
  readonly properties: Declaration['properties'];
  readonly pod: Pick<Pod, 'ipc' | 'network'>;
  readonly entries: readonly Pick<ReportEntry, 'name' | 'verdict'>[];
}

/** What a pod keeps apart from its host. Whose kernel is its own shares no users, processes or ipc either. */
export const strengthsOf = ({properties, pod: {ipc, network}, entries}: Negotiated): Strength[] => {
  const is = (property: Declaration['properties'][number]) => properties.includes(property);
  const has = (feature: string) => entries.some(({name, verdict}) => name === feature && isKept(verdict));
  const holds: {readonly [S in Strength]: boolean} = {
    'own-kernel': is('own-kernel'),
    'own-user-ids': is('own-kernel') || is('own-user-ids') || has('user-namespace'),
    'no-shared-pid': is('own-kernel') || is('own-pid'),
    'no-shared-ipc': is('own-kernel') || (ipc === 'auto' ? is('own-ipc') : ipc === 'private' && has('ipc/private')),
    'no-shared-network': network.mode !== 'host' && has(`network/${network.mode}`),
  };
  return STRENGTHS.filter((name) => holds[name]);
};

/** Whether what was asked for is there, and more than somebody's word for it. */
export const isKept = (verdict: ReportEntry['verdict']): boolean => verdict === 'enforced' || verdict === 'modified';
