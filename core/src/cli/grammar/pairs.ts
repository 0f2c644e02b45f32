import {type Typed, wrong} from './checked.ts';

/**
 * Reads `key=value,key=value`, each key once. Values are percent-decoded as in rkt (a comma is `%2C`), except that `+` stays `+`.
 * @throws RKT_FLAG_VALUE_INVALID
 */
export const parsePairs = (text: string, keys: readonly string[], typed: Typed): ReadonlyMap<string, string> => {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals === -1) throw wrong(typed, `"${part}" is not KEY=VALUE`);
    const key = part.slice(0, equals);
    if (!keys.includes(key)) throw wrong(typed, `"${key}" is not one of ${keys.join(', ')}`);
    if (pairs.has(key)) throw wrong(typed, `"${key}" is there twice`);
    pairs.set(key, decode(part.slice(equals + 1), typed));
  }
  return pairs;
};

const decode = (text: string, typed: Typed): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(typed, `"${text}" has a % that begins no escape; write %25 for a percent sign`);
  }
};
