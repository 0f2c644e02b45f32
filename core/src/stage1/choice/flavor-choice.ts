import type {Rule} from '../policy/policy.ts';
import type {Considered} from './consider.ts';

export type RuleName = Pick<Rule, 'name' | 'layer' | 'file'>;

/** How a pod came to its flavor, as it is kept with the pod. What does not apply is left out. */
export interface FlavorChoice {
  /** What named it: the line, a rule, a file of `stage1.d`, or nobody. */
  readonly by: 'asked' | 'rule' | 'configured' | 'default';
  /** The rule that named it. */
  readonly rule?: RuleName;
  /** Every rule that restricted which flavor may run the pod. */
  readonly restrictions?: readonly RuleName[];
  /** Those before it, and why none of them runs the pod. */
  readonly passedOver?: readonly {readonly flavor: string; readonly because: readonly string[]}[];
  /** The flavor that the pod was prepared with, and what the pod had more with that one. */
  readonly instead?: {readonly flavor: string; readonly version: string; readonly less: readonly string[]};
}

interface Chosen {
  readonly by: FlavorChoice['by'];
  readonly considered: readonly Considered[];
  readonly chosen?: Considered;
}

/** What is kept of a choice under the rules of a host. */
export const flavorChoice = (
  {by, considered, chosen}: Chosen,
  {order, restrictions}: {readonly order?: Rule; readonly restrictions: readonly Rule[]} = {restrictions: []},
): FlavorChoice => {
  const passed = chosen === undefined ? [] : considered.slice(0, considered.indexOf(chosen));
  return {
    by,
    ...(by === 'rule' && order !== undefined ? {rule: ruleName(order)} : {}),
    ...(restrictions.length === 0 ? {} : {restrictions: restrictions.map(ruleName)}),
    ...(passed.length === 0
      ? {}
      : {passedOver: passed.map(({name, reasons}) => ({flavor: name, because: reasons.map(({because}) => because)}))}),
  };
};

export const ruleName = ({name, layer, file}: Rule): RuleName => ({name, layer, file});
