import {parseDuration} from './duration.ts';
import {flagValueInvalid} from './errors.ts';

/** RFC 3339, section 5.6. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * A time of --since, as RFC 3339 has it or as a duration before `now`. Milliseconds since 1970.
 * @throws RKT_FLAG_VALUE_INVALID
 */
export const parseSince = (value: string, now: number): number => {
  if (!/^\d{4}-/.test(value)) return now - parseDuration('since', value);
  const time = TIME.test(value) ? Date.parse(value.toUpperCase().replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) {
    throw flagValueInvalid('since', value, 'is not a time', 'for example --since=10m or --since=2026-01-31T12:00:00Z');
  }
  return time;
};
