import {type Typed, wrong} from './checked.ts';

/** `NAME=VALUE`; the value may be empty and hold further `=`. @throws RKT_FLAG_VALUE_INVALID */
const parseNameValue = (typed: Typed): [name: string, value: string] => {
  const {value} = typed;
  const equals = value.indexOf('=');
  if (equals === -1) throw wrong(typed, 'not NAME=VALUE');
  if (equals === 0) throw wrong(typed, 'the name is empty');
  return [value.slice(0, equals), value.slice(equals + 1)];
};

/** Several of them, each name once. @throws RKT_FLAG_VALUE_INVALID */
export const parseNameValues = (
  flag: string,
  example: string,
  values: readonly string[],
  check: (name: string, value: string, typed: Typed) => void = () => {},
): Record<string, string> => {
  const pairs = new Map<string, string>();
  for (const value of values) {
    const typed: Typed = {flag, value, example};
    const [name, text] = parseNameValue(typed);
    check(name, text, typed);
    if (pairs.has(name)) throw wrong(typed, `"${name}" is set twice`);
    pairs.set(name, text);
  }
  // Defines `__proto__` as a name like any other.
  return Object.fromEntries(pairs);
};
