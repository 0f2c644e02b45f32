import {flagValueInvalid} from './errors.ts';

/** The time of all files of what is built, in seconds since 1970; 0 by default (https://reproducible-builds.org/specs/source-date-epoch). */
export const sourceDateEpoch = (): number => {
  const text = process.env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return 0;
  if (/^[0-9]{1,10}$/.test(text)) return Number(text);
  throw flagValueInvalid('SOURCE_DATE_EPOCH', text, 'is not a number of seconds', 'SOURCE_DATE_EPOCH=1700000000');
};
