import {type Typed, wrong} from './checked.ts';

/** A whole number in decimal digits, as typed. @throws RKT_FLAG_VALUE_INVALID */
export const parseNumber = (text: string, typed: Typed, key?: string): number => {
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw wrong(typed, `${key === undefined ? '' : `${key}=`}${text}: not a whole number`);
  return Number(text);
};
