import {isDeepStrictEqual} from 'node:util';
import type {HostFacts} from '../../contract/host.ts';
import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {FoundFlavor} from '../load/find.ts';
import {draftPlan} from '../negotiation/draft-plan.ts';
import type {Check} from './evidence.ts';

/** Places of a plan that a check shows at most. */
const SHOWN = 8;

/** Asks the flavor again for the plan of the same pod on the same host: it has to be the one that was performed, or will be. */
export const planAgain = (
  found: Pick<FoundFlavor, 'flavor' | 'digest'>,
  {pod, facts, plan}: {readonly pod: Pod; readonly facts: HostFacts; readonly plan: Plan},
): Check => {
  // What is stored has been through JSON.
  const again: Plan = JSON.parse(JSON.stringify(draftPlan(found, pod, facts)));
  const places = differencesOf(plan, again);
  const shown = places.length > SHOWN ? [...places.slice(0, SHOWN), `and ${places.length - SHOWN} more`] : places;
  return {
    name: 'plan',
    app: null,
    expected: 'the same plan again',
    actual: places.length === 0 ? 'the same plan again' : `another: ${shown.join(', ')}`,
    holds: places.length === 0,
  };
};

/** Where two plans differ: steps by their ids, the rest by field. Values may be secrets. */
const differencesOf = (before: Plan, after: Plan): string[] => [
  ...(['contract', 'flavor', 'pod'] as const).filter((field) => !isDeepStrictEqual(before[field], after[field])),
  ...(['filesystem', 'environment'] as const).flatMap((stage) => stepsOf(stage, before[stage], after[stage])),
  ...fieldsOf('launch', before.launch, after.launch),
];

const stepsOf = (stage: string, before: Plan['filesystem'], after: Plan['filesystem']): string[] => {
  const ids = [...new Set([...before, ...after].map(({id}) => id))];
  const find = (steps: Plan['filesystem'], wanted: string) => steps.find(({id}) => id === wanted);
  const changed = ids.filter((id) => !isDeepStrictEqual(find(before, id), find(after, id)));
  if (changed.length > 0) return changed.map((id) => `${stage}.${id}`);
  return isDeepStrictEqual(before, after) ? [] : [`${stage}: the order of its steps`];
};

const fieldsOf = (where: string, before: object, after: object): string[] => {
  const [one, other] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return names
    .filter((name) => !isDeepStrictEqual(one.get(name), other.get(name)))
    .flatMap((name) =>
      name === 'process' ? fieldsOf(`${where}.${name}`, one.get(name), other.get(name)) : [`${where}.${name}`],
    );
};
