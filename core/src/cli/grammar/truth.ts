import {parseBoolean} from '../read-flag.ts';
import {type Typed, wrong} from './checked.ts';

/** A boolean inside a flag's value. @throws RKT_FLAG_VALUE_INVALID */
export const parseTruth = (key: string, text: string, typed: Typed): boolean => {
  const value = parseBoolean(text);
  if (value === undefined) throw wrong(typed, `${key}=${text}: not true or false`);
  return value;
};
