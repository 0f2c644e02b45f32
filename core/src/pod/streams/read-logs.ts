import {readSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';
import type {Uuid} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {nextData} from '../../linux/holes.ts';
import type {Log, LogSource} from './find-logs.ts';
import {openLog} from './open-log.ts';
import {readableSize} from './readable-size.ts';
import {sinceOffset} from './since-offset.ts';
import {tailOffset} from './tail-offset.ts';

const POLL = 200;
const PIECE = 65_536;
const LINE_FEED = 10;

/** Where logs go to. */
export interface LogTaker {
  /**
   * Gets what was read, good until it returns: of a file at most 64 KiB.
   * @param time microseconds since 1970, where it is known
   */
  take(log: LogSource, bytes: Buffer, time?: number): void;
  /** Whether it wants more of this log. */
  wants(log: LogSource): boolean;
  /** That was all of this log. */
  end(log: LogSource): void;
}

export interface ReadLogs {
  readonly uuid: Uuid;
  /** The pod's directory. It may be moved or removed meanwhile. */
  readonly pod: Fd;
  readonly logs: readonly Log[];
  /** Only so many lines of what is there at first. */
  readonly tail: number | undefined;
  /** Only what may have been written since then, in milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly taker: LogTaker;
  /** Whether nothing more will be written. Asked before each look, so that the last one sees everything. */
  readonly isOver: () => boolean;
}

/**
 * Reads logs one after the other, each up to its present end, and again until they are over or nobody wants more. A log that has become shorter is
 * read from its beginning. After a hole, where the oldest lines were, comes the next whole line. What is no whole line yet is taken when it has stayed so for
 * a look: of a line that goes on, nothing is taken that a hole could part from its rest. One that was begun before a hole is ended.
 * @returns whether every log that is still wanted was there
 * @throws RKT_POD_LOG_UNUSABLE
 */
export const readLogs = async ({uuid, pod, logs, tail, since, taker, isOver}: ReadLogs): Promise<boolean> => {
  using open = new DisposableStack();
  const buffer = Buffer.allocUnsafe(PIECE);
  const readers = logs.map((log): Reader => ({log, file: undefined, offset: 0, seen: 0, begun: false, skips: false}));
  for (let first = true; ; first = false) {
    const last = isOver();
    for (const reader of readers) {
      if (!taker.wants(reader.log)) continue;
      if (reader.file === undefined) {
        reader.file = openLog(uuid, pod, reader.log);
        if (reader.file !== undefined) {
          open.use(reader.file);
          if (first) reader.offset = beginning(reader.file, {uuid, pod, log: reader.log, tail, since});
        }
      }
      if (reader.file !== undefined) readOn(reader, reader.file, {buffer, taker, last});
      if (last) taker.end(reader.log);
    }
    if (last || !logs.some((log) => taker.wants(log)))
      return readers.every(({log, file}) => file !== undefined || !taker.wants(log));
    await setTimeout(POLL);
  }
};

interface Reader {
  readonly log: Log;
  file: Fd | undefined;
  offset: number;
  /** Its size at the last look. */
  seen: number;
  /** Whether the last thing that was taken was no line feed. */
  begun: boolean;
  /** Whether the rest of a line whose beginning is gone comes next. */
  skips: boolean;
}

interface Wanted extends Pick<ReadLogs, 'uuid' | 'pod' | 'tail' | 'since'> {
  readonly log: Log;
}

const beginning = (file: Fd, {uuid, pod, log, tail, since}: Wanted): number =>
  Math.max(
    tail === undefined ? 0 : tailOffset(file.number, readableSize(file), tail),
    since === undefined ? 0 : sinceOffset(uuid, pod, log, file, since),
  );

interface Look {
  readonly buffer: Buffer;
  readonly taker: LogTaker;
  /** Nothing more will be written. */
  readonly last: boolean;
}

/** Up to the end as it is now: who writes faster than we do keeps nobody from the other logs. */
const readOn = (reader: Reader, file: Fd, {buffer, taker, last}: Look): void => {
  const {log, seen} = reader;
  const size = readableSize(file);
  reader.seen = size;
  if (size < reader.offset) {
    goTo(reader, 0, taker);
    reader.skips = false;
  }
  while (taker.wants(log) && reader.offset < size) {
    const {offset} = reader;
    const length = readSync(file.number, buffer, 0, Math.min(buffer.length, size - offset), offset);
    if (length === 0) return;
    // Asked afterwards: what was read before the hole was made is what was there.
    const data = Math.min(nextData(file.number, offset) ?? size, size);
    if (data > offset) {
      goTo(reader, data, taker);
      reader.skips = true;
      continue;
    }
    const read = buffer.subarray(0, length);
    const begin = reader.skips ? read.indexOf(LINE_FEED) + 1 : 0;
    const end = read.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      takeFrom(reader, read.subarray(begin, end), taker);
      reader.skips = false;
      reader.offset += end;
    } else if (reader.skips) {
      reader.offset += length;
    } else if (length === buffer.length || last || seen === size) {
      takeFrom(reader, read, taker);
      reader.offset += length;
    } else return;
  }
};

const takeFrom = (reader: Reader, bytes: Buffer, taker: LogTaker): void => {
  if (bytes.length === 0) return;
  reader.begun = bytes.at(-1) !== LINE_FEED;
  taker.take(reader.log, bytes);
};

/** What follows there does not belong to the line that was begun. */
const goTo = (reader: Reader, offset: number, taker: LogTaker): void => {
  if (reader.begun) taker.take(reader.log, Buffer.of(LINE_FEED));
  reader.begun = false;
  reader.offset = offset;
};
