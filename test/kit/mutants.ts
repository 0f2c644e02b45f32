import type {Flavor} from '@rkt/plugin-sdk';
import {declarationMutants} from './mutants/declarations.ts';
import {exampleMutants} from './mutants/examples.ts';
import {fileMutants} from './mutants/files.ts';
import type {Mutant} from './mutants/mutant.ts';
import {nspawnMutants} from './mutants/nspawn.ts';
import {processMutants} from './mutants/processes.ts';
import {relayMutants} from './mutants/relays.ts';
import {verbMutants} from './mutants/verbs.ts';

export {equivalents} from './mutants/equivalents.ts';
export type {Mutant, Victim} from './mutants/mutant.ts';

/** Every lie that the kit has to see through. */
export const mutants: readonly Mutant[] = [
  ...fileMutants,
  ...processMutants,
  ...declarationMutants,
  ...verbMutants,
  ...nspawnMutants,
  ...exampleMutants,
  ...relayMutants,
];

/** What the package of a liar is loaded from: `undefined` changes nothing. */
export const liar = (name: string | undefined, flavor: Flavor): Flavor => {
  if (name === undefined) return flavor;
  const mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`no mutant "${name}"`);
  return mutant.mutate(flavor);
};
