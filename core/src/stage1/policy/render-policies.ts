import type {Layer, Rule} from './policy.ts';

/** The rules of one policy file, as it has them, single values as lists of one. */
interface RenderedPolicy {
  readonly layer: Layer;
  readonly file: string;
  readonly rules: readonly Omit<Rule, 'layer' | 'file'>[];
}

/** The policies in effect, file by file in the order of the rules: what `rkt config` prints. */
export const renderPolicies = (rules: readonly Rule[]): RenderedPolicy[] =>
  [...Map.groupBy(rules, ({file}) => file)].flatMap(([file, its]) =>
    its.slice(0, 1).map(({layer}) => ({layer, file, rules: its.map(({layer: _layer, file: _file, ...rule}) => rule)})),
  );
