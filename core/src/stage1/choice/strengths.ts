import type {Declaration} from '../../contract/declaration.ts';
import type {Plan, ReportEntry} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';

/** The ways in which a pod can be kept apart from its host, in the words of policies. */
export const STRENGTHS = ['own-kernel', 'own-user-ids', 'no-shared-pid', 'no-shared-ipc', 'no-shared-network'] as const;
export type Strength = (typeof STRENGTHS)[number];

export const isStrength = (name: string): name is Strength => (STRENGTHS as readonly string[]).includes(name);

/** A pod as it has been negotiated. */
export interface Negotiated {
  /** Of its flavor. */
  readonly properties: Declaration['properties'];
  readonly pod: Pick<Pod, 'ipc' | 'network'>;
  readonly entries: readonly Pick<ReportEntry, 'name' | 'verdict'>[];
  readonly plan: Pick<Plan, 'filesystem' | 'environment'>;
}

/** The ways in which a pod is kept apart from its host. One with its own kernel shares no users, processes or ipc either. */
export const strengthsOf = ({properties, pod: {ipc, network}, entries, plan}: Negotiated): Strength[] => {
  const left = [...plan.filesystem, ...plan.environment].flatMap((step) =>
    step.do === 'namespace' ? step.unshare : [],
  );
  const is = (property: Declaration['properties'][number]) => properties.includes(property);
  const has = (feature: string) => entries.some(({name, verdict}) => name === feature && isKept(verdict));
  const holds: {readonly [S in Strength]: boolean} = {
    'own-kernel': is('own-kernel'),
    'own-user-ids': is('own-kernel') || is('own-user-ids') || has('user-namespace'),
    'no-shared-pid': is('own-kernel') || is('own-pid') || left.includes('pid'),
    'no-shared-ipc':
      is('own-kernel') ||
      (ipc === 'auto' ? is('own-ipc') || left.includes('ipc') : ipc === 'private' && has('ipc/private')),
    'no-shared-network': network.mode !== 'host' && has(`network/${network.mode}`),
  };
  return STRENGTHS.filter((name) => holds[name]);
};

/** Whether something that was asked for is there, and not just by somebody's word. */
export const isKept = (verdict: ReportEntry['verdict']): boolean => verdict === 'enforced' || verdict === 'modified';
