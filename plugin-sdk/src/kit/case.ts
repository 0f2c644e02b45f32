import {FEATURES, type Feature, type IsolatorName, isolatorNames, VERBS, type Verb} from '@rkt/core/contract';
import type {World} from './world.ts';

/** What a flavor declares: an isolator, a feature or a verb, by name. */
export type Need = Feature | IsolatorName | Verb;

/** One promise, and how it is tried. */
export interface Case {
  /** The requirement of appc or the class of attacks that it is about, or the verb, and what of it: `EX-48/retain`. Unique. */
  readonly id: string;
  /** What holds when it passes. */
  readonly title: string;
  /** It is about flavors that declare all of these, on hosts that have what they need. */
  readonly needs: readonly Need[];
  /** And none of these. */
  readonly without?: readonly Need[];
  /** It does something on the host that root alone can, besides what rkt does. Default false. */
  readonly root?: boolean;
  /** It waits, mostly: others are tried meanwhile, as if it were not there. Default false. */
  readonly idles?: boolean;
  /** Throws when it does not hold. */
  readonly attempt: (world: World) => Promise<void>;
}

/** A table of cases that is wrong in itself. */
export class TableError extends Error {
  override readonly name = 'TableError';
}

const NAMES: ReadonlySet<string> = new Set([...isolatorNames, ...FEATURES, ...VERBS]);
const ID = /^[A-Za-z][A-Za-z0-9-]*(\/[\w.-]+)+$/;

/**
 * A table whose every case can be told from the others and says what it is about.
 * @throws TableError
 */
export const makeTable = (cases: readonly Case[]): readonly Case[] => {
  const seen = new Set<string>();
  for (const {id, needs, without = []} of cases) {
    if (!ID.test(id)) throw new TableError(`case "${id}": not of the form REQUIREMENT/WHAT`);
    if (seen.has(id)) throw new TableError(`case "${id}" is there twice`);
    seen.add(id);
    if (needs.length === 0) throw new TableError(`case "${id}" is about nothing that a flavor declares`);
    for (const name of [...needs, ...without]) {
      if (!NAMES.has(name)) throw new TableError(`case "${id}": the contract has no "${name}"`);
      if (needs.includes(name) && without.includes(name))
        throw new TableError(`case "${id}" is about flavors with and without "${name}"`);
    }
  }
  return cases;
};
