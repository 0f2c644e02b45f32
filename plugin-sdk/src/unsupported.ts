import {type Declaration, FEATURES, isolatorNames, type Support, VERBS} from '@rkt/core/contract';
import {impossible} from './support.ts';

/**
 * A declaration that promises nothing: every isolator, feature and verb is `impossible`, for the given reason. It is a start for a flavor, which then says what it can do: `{...rest.isolators, 'resource/memory':
 * enforced('…')}`. Names that a later contract brings are `impossible` automatically. For a flavor that is maintained a complete declaration is better, because it no longer compiles when there is something new.
 */
export const unsupported = (
  consequence = 'not implemented by this flavor',
): Pick<Declaration, 'isolators' | 'features' | 'verbs'> => {
  const support = impossible(consequence);
  const all = <K extends string>(names: readonly K[]): {readonly [N in K]: Support} =>
    Object.fromEntries(names.map((name) => [name, support])) as {readonly [N in K]: Support}; // each of them
  return {isolators: all(isolatorNames), features: all(FEATURES), verbs: all(VERBS)};
};
