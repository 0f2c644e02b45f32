/** Choices that are the same for a seed (mulberry32 on a hash of it). */
export interface Random {
  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  /** True once in `times`. */
  once(times: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Up to `longest` of what `make` makes. */
  list<T>(longest: number, make: () => T): T[];
  text(alphabet: readonly string[], longest: number): string;
}

export const makeRandom = (seed: string): Random => {
  let state = 0;
  for (const character of seed) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const pick = <T>(from: readonly T[]): T => {
    const [first] = from;
    if (first === undefined && from.length === 0) throw new TypeError('nothing to pick from');
    return from[below(from.length)] as T; // there is one, see above
  };
  const list = <T>(longest: number, make: () => T) => Array.from({length: below(longest + 1)}, make);
  return {
    below,
    pick,
    list,
    once: (times) => below(times) === 0,
    text: (alphabet, longest) => list(longest, () => pick(alphabet)).join(''),
  };
};
