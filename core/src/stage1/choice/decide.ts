import type {RktError} from '../../rkt-error.ts';
import {flavorNotFound} from '../errors.ts';
import type {EffectivePolicy} from '../policy/combine.ts';
import {flavorRefused, noFlavorFits} from '../policy/errors.ts';
import type {Reason} from '../policy/host-reasons.ts';
import {place} from '../policy/policy.ts';
import {type Considered, consider, passedOver, type Seen} from './consider.ts';
import {tellWeaker} from './default-flavor.ts';
import {findOrReason} from './find-or-reason.ts';
import type {FlavorChoice} from './flavor-choice.ts';

/** What has become of the choice of a flavor. */
export interface Decision {
  /** What named the flavors that were considered: the line, a rule, a file of `stage1.d`, or nobody. */
  readonly by: FlavorChoice['by'];
  /** In order. */
  readonly considered: readonly Considered[];
  readonly chosen?: Seen;
  /** Why there is none. */
  readonly error?: RktError;
}

export interface Ways {
  /** As `--stage1` has it. */
  readonly asked: string | undefined;
  /** What `stage1.d` says, if it is needed. */
  readonly configured: () => Promise<string | undefined>;
  /** Names of the flavors that may run unasked, the one that isolates most first. */
  readonly defaults: readonly string[];
  /** Names of all that come with rkt. */
  readonly own: readonly string[];
  /** Finds a flavor and judges it. */
  readonly look: (name: string) => Promise<Seen>;
  /** Tells the operator. */
  readonly note: (text: string) => void;
  /** Also look at flavors after the chosen one. The choice is the same. */
  readonly all: boolean;
}

/**
 * The flavor of a pod under the rules of a host. Which are considered: the one of `--stage1`; else those of the first rule that names some; else the configured one;
 * else rkt's defaults and then, if a rule restricts anything, its other flavors. The first that no rule excludes and that can run here runs the pod. What the line or
 * a file of `stage1.d` names and what cannot run here is not replaced: planning refuses it.
 * @throws what finding and loading a flavor throws; that rules leave none is the decision's `error`
 */
export const decide = async (
  {order, restrictions}: Pick<EffectivePolicy, 'order' | 'restrictions'>,
  {asked, configured, defaults, own, look, note, all}: Ways,
): Promise<Decision> => {
  const orWhyNot = async (name: string): Promise<Considered> => {
    const seen = await findOrReason(name, look);
    return 'kind' in seen ? {name, reasons: [seen]} : seen;
  };
  const unasked = restrictions.length === 0 ? defaults : [...new Set([...defaults, ...own])];

  if (asked !== undefined) {
    const seen = await look(asked);
    if (!isExcluded(seen)) return {by: 'asked', considered: [seen], chosen: seen};
    const {considered} = await consider(order?.flavors ?? unasked, orWhyNot, {all: true});
    const others = besides(seen, considered);
    const error = flavorRefused({...seen, reasons: seen.reasons.filter(isOfRule)}, others);
    return {by: 'asked', considered: all ? [seen, ...others] : [seen], error};
  }

  if (order?.flavors !== undefined) {
    const consideration = await consider(order.flavors, orWhyNot, {all});
    const {chosen, considered} = consideration;
    if (chosen === undefined) return {by: 'rule', considered, error: noFlavorFits(considered)};
    const passed = passedOver(consideration, (reason) => !isOfRule(reason));
    if (passed !== undefined) note(`the pod gets the flavor "${chosen.name}" by ${place(order)}: ${passed}`);
    return {by: 'rule', considered, chosen};
  }

  const wanted = await configured();
  const preferred = wanted === undefined ? undefined : await look(wanted);
  if (preferred !== undefined && !isExcluded(preferred)) {
    return {by: 'configured', considered: [preferred], chosen: preferred};
  }
  const consideration = await consider(unasked, orWhyNot, {all});
  const considered =
    preferred === undefined ? consideration.considered : [preferred, ...besides(preferred, consideration.considered)];
  const {chosen} = consideration;
  if (chosen === undefined) {
    const error = restrictions.length === 0 ? flavorNotFound('default', unasked) : noFlavorFits(considered);
    return {by: 'default', considered, error};
  }
  if (preferred !== undefined)
    note(`the pod gets the flavor "${chosen.name}" (choose one by --stage1): ${passedOver({considered, chosen})}`);
  else if (defaults.includes(chosen.name)) tellWeaker(chosen, passedOver(consideration), note);
  return {by: 'default', considered, chosen};
};

/** The others, under whatever names they have been looked at. */
const besides = ({flavor: {source}}: Seen, considered: readonly Considered[]): Considered[] =>
  considered.filter(({flavor}) => flavor?.source !== source);

const isOfRule = ({kind}: Reason): boolean => kind === 'policy';
const isExcluded = ({reasons}: Considered): boolean => reasons.some(isOfRule);
