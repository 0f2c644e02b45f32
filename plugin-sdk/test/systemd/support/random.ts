/** Random text from what has a meaning somewhere in a unit; the same for a seed (mulberry32). */
export const randomTexts = (seed: number) => {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const character = (alphabet: readonly string[]) => alphabet[below(alphabet.length)] ?? '';
  const text = (alphabet: readonly string[], longest = 12) =>
    Array.from({length: below(longest + 1)}, () => character(alphabet)).join('');
  return {below, text};
};

const ascii = Array.from({length: 95}, (_, index) => String.fromCodePoint(32 + index));
const special = [
  '"',
  "'",
  '\\',
  '%',
  '$',
  '{',
  '}',
  ';',
  '#',
  '@',
  '!',
  '-',
  ' ',
  '  ',
  '=',
  ':',
  '/',
  'x41',
  'n',
  'ü',
  '世',
  '🚀',
  '\u00a0',
];
const control = ['\n', '\r', '\t', '\u0001', '\u001b', '\u007f', '\n[Service]\n'];

export const ANYTHING: readonly string[] = [...special, ...special, ...control, ...ascii];
export const PRINTABLE: readonly string[] = [...special, ...special, ...ascii];
