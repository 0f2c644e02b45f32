import {type Declaration, FEATURES, isolatorNames, type Support, VERBS} from '@rkt/core/contract';
import {impossible} from './support.ts';

/**
 * A declaration that promises nothing: every isolator, feature and verb is `impossible`, because of this. A start for a flavor, of which it then says what it can:
 * `{...rest.isolators, 'resource/memory': enforced('…')}`. A name that a later contract has is `impossible` by itself then, too: a complete declaration, which no longer compiles when
 * something is new, is better for a flavor that is kept.
 */
export const unsupported = (
  consequence = 'not implemented by this flavor',
): Pick<Declaration, 'isolators' | 'features' | 'verbs'> => {
  const support = impossible(consequence);
  const all = <K extends string>(names: readonly K[]): {readonly [N in K]: Support} =>
    Object.fromEntries(names.map((name) => [name, support])) as {readonly [N in K]: Support}; // each of them
  return {isolators: all(isolatorNames), features: all(FEATURES), verbs: all(VERBS)};
};
