const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 12 * MONTH;

/** From the longest on: what fits first is taken. */
const UNITS = [
  [YEAR, 'year'],
  [MONTH, 'month'],
  [WEEK, 'week'],
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
  [SECOND, 'second'],
] as const;

/** How long ago something was, as rkt's tables show it: `now`, `1 minute ago`, `3 weeks ago`. Times in milliseconds since 1970. */
export const ago = (time: number, now: number): string => {
  const elapsed = now - time;
  const unit = UNITS.find(([length]) => elapsed >= length);
  if (unit === undefined) return 'now';
  const count = Math.floor(elapsed / unit[0]);
  return `${count} ${unit[1]}${count === 1 ? '' : 's'} ago`;
};

const pad = (number: number, width = 2): string => String(number).padStart(width, '0');

/** A time in full, in rkt's layout `2006-01-02 15:04:05.999 -0700 MST`. Milliseconds since 1970. */
export const fullTime = (time: number): string => {
  const date = new Date(time);
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  // The layout leaves out zeros at the end.
  const fraction = `.${pad(date.getMilliseconds(), 3)}`.replace(/\.?0+$/, '');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`;
  return `${day} ${clock}${fraction} ${zone} ${zoneName(date, zone)}`;
};

// Intl costs more than the whole command; most servers are on UTC.
const zoneName = (date: Date, zone: string): string =>
  zone === '+0000'
    ? 'UTC'
    : (new Intl.DateTimeFormat('en-US', {timeZoneName: 'short'})
        .formatToParts(date)
        .find(({type}) => type === 'timeZoneName')?.value ?? zone);
