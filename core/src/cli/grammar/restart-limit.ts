import {isRestartLimit, type RestartLimit} from '../../appc/restart.ts';
import {RktError} from '../../rkt-error.ts';
import {parseDuration} from '../duration.ts';
import {wrong} from './checked.ts';
import {parseNumber} from './number.ts';

/** How often within which time: `5/10m`. @throws RKT_FLAG_VALUE_INVALID */
export const parseRestartLimit = (value: string): RestartLimit => {
  const typed = {flag: 'restart-limit', value, example: '5/10m'};
  const [times = '', duration, ...more] = value.split('/');
  if (duration === undefined || more.length > 0) throw wrong(typed, 'is no number and duration with a "/" between');
  const limit = {times: parseNumber(times, typed), seconds: secondsOf(duration, () => wrong(typed, 'is no duration'))};
  if (!isRestartLimit(limit)) throw wrong(typed, 'at least 1, in at least a second, both whole, at most 1000000');
  return limit;
};

const secondsOf = (duration: string, invalid: () => RktError): number => {
  try {
    return parseDuration('restart-limit', duration) / 1000;
  } catch (error) {
    if (error instanceof RktError) throw invalid();
    throw error;
  }
};
