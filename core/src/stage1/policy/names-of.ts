import {locateFlavor} from '../load/find.ts';
import type {Rule} from './policy.ts';

/** What rules call the flavor that is loaded from a file: a flavor that merely calls itself so is not meant by a list of those that may run a pod. */
export const namesOf = (
  source: string,
  rules: readonly Rule[],
  options: Parameters<typeof locateFlavor>[1],
): string[] => {
  const listed = new Set(rules.flatMap(({flavors = [], forbid = []}) => [...flavors, ...forbid]));
  return [...listed].filter((name) => locateFlavor(name, options) === source);
};
