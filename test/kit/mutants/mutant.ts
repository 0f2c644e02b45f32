import type {Flavor} from '@rkt/plugin-sdk';

/** Flavors that are made liars of. */
export type Victim = 'bubblewrap' | 'crun' | 'fly' | 'nspawn';

/** A flavor that breaks one promise and keeps all others. */
export interface Mutant {
  readonly name: string;
  /** What is promised, and broken. */
  readonly breaks: string;
  readonly flavors: readonly Victim[];
  /** Cases of the kit each of which catches it by itself; the first is the cheapest. */
  readonly cases: readonly string[];
  /** What every one of these says of it. */
  readonly says: RegExp;
  /** Tried by every `npm test` with the first of the flavors, not only by a long one. */
  readonly sample?: true;
  /** The flavor in which that is broken. */
  readonly mutate: (flavor: Flavor) => Flavor;
}

/** What no case tells from the flavor itself, because nobody could. */
export interface Equivalent {
  readonly name: string;
  readonly changes: string;
  readonly because: string;
}
