import {fstatSync, readSync} from 'node:fs';
import type {Uuid} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import type {Log} from './find-logs.ts';
import {offsetBefore, SLACK, timesPath} from './log-times.ts';
import {openLog} from './open-log.ts';
import {readableSize} from './readable-size.ts';

/** The newest marks that are looked at: a month of them, one a minute. */
const MAX_MARKS = 1_048_576;
const PIECE = 65_536;
const LINE_FEED = 10;

/**
 * Where the lines begin that may have been written since then, in milliseconds since 1970. Never after one that was.
 * @throws RKT_POD_LOG_UNUSABLE
 */
export const sinceOffset = (uuid: Uuid, pod: Fd, log: Log, file: Fd, since: number): number => {
  const {ctimeMs} = fstatSync(file.number);
  const size = readableSize(file);
  // The kernel sets it with every write; nobody else can.
  if (ctimeMs + SLACK < since) return size;
  const offset = Math.min(offsetBefore(readMarks(uuid, pod, log), since), size);
  return lineStart(file, offset);
};

const readMarks = (uuid: Uuid, pod: Fd, log: Log): string => {
  using file = openLog(uuid, pod, {...log, path: timesPath(log.path)});
  if (file === undefined) return '';
  const size = readableSize(file);
  const buffer = Buffer.alloc(Math.min(size, MAX_MARKS));
  return buffer.toString('latin1', 0, readSync(file.number, buffer, 0, buffer.length, size - buffer.length));
};

/** The beginning of the line that `offset` is in: its end may be later than the mark. */
const lineStart = (file: Fd, offset: number): number => {
  const start = Math.max(0, offset - PIECE);
  const buffer = Buffer.alloc(offset - start);
  const length = readSync(file.number, buffer, 0, buffer.length, start);
  // A line that is longer than this comes without its beginning.
  return start === 0 || buffer.includes(LINE_FEED) ? start + buffer.lastIndexOf(LINE_FEED, length - 1) + 1 : offset;
};
