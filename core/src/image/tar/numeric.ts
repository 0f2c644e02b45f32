/**
 * A number of a tar header: octal digits with blanks before and blanks or NULs after, or GNU's base-256 (first bit set, two's complement).
 * An empty field is 0. `undefined` for anything else; infinite for what is further from 0 than a double holds exactly.
 */
export const parseNumeric = (field: Buffer): number | undefined => {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) return parseBase256(field);
  let at = 0;
  while (at < field.length && field[at] === 0x20) at++;
  let value = 0;
  for (; at < field.length; at++) {
    const digit = (field[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < field.length; at++) if (field[at] !== 0 && field[at] !== 0x20) return undefined;
  return value;
};

const parseBase256 = (field: Buffer): number => {
  const bits = BigInt(field.length * 8 - 1);
  const raw = BigInt(`0x${field.toString('hex')}`) & ((1n << bits) - 1n);
  const value = Number(BigInt.asIntN(Number(bits), raw));
  return Number.isSafeInteger(value) ? value : value * Number.POSITIVE_INFINITY;
};
