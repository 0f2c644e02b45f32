import {findDefinition} from './definitions.ts';

interface Entry {
  readonly name: string;
  readonly value: unknown;
}

/** The isolators of an image with those of flags in their place: one replaces its namesake and what it cannot stand beside. */
export const overrideIsolators = <T extends Entry, U extends Entry>(
  image: readonly T[] | null | undefined,
  flags: readonly U[],
): (T | U)[] => {
  const replaced = new Set(flags.flatMap(({name}) => [name, findDefinition(name)?.excludes ?? name]));
  return [...(image ?? []).filter(({name}) => !replaced.has(name)), ...flags];
};
