import {flagValueInvalid} from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const WHOLE = /^\+?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;

/**
 * A duration as rkt writes it, `1h30m` or `0`, in milliseconds.
 * @throws RKT_FLAG_VALUE_INVALID
 */
export const parseDuration = (flag: string, value: string): number => {
  if (value === '0') return 0;
  if (value.length > 64 || !WHOLE.test(value)) {
    throw flagValueInvalid(flag, value, 'is not a duration', `for example --${flag}=1h30m or --${flag}=10s`);
  }
  let total = 0;
  for (const [, number, unit = ''] of value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit] ?? 0);
  }
  return total;
};

/**
 * A flag that is a boolean or a duration, as `--wait` of `rkt status`: `undefined` does not wait, `Infinity` waits for ever.
 * @throws RKT_FLAG_VALUE_INVALID
 */
export const parseWait = (flag: string, value: string | undefined): number | undefined => {
  if (value === undefined) return undefined;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return undefined;
  if (/^(|1|t|T|true|TRUE|True)$/.test(value)) return Number.POSITIVE_INFINITY;
  const duration = parseDuration(flag, value);
  return duration === 0 ? undefined : duration;
};
