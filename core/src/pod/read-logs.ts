import {fstatSync, readSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';
import type {Uuid} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import type {Log} from './find-logs.ts';
import {openLog} from './open-log.ts';
import {tailOffset} from './tail-offset.ts';

const POLL = 200;
const PIECE = 65_536;

/** Where logs go to. */
export interface LogTaker {
  /** Gets what was read, at most 64 KiB, good until it returns. */
  take(log: Log, bytes: Buffer): void;
  /** Whether it wants more of this log. */
  wants(log: Log): boolean;
  /** That was all of this log. */
  end(log: Log): void;
}

export interface ReadLogs {
  readonly uuid: Uuid;
  /** The pod's directory. It may be moved or removed meanwhile. */
  readonly pod: Fd;
  readonly logs: readonly Log[];
  /** Only so many lines of what is there at first. */
  readonly tail: number | undefined;
  readonly taker: LogTaker;
  /** Whether nothing more will be written. Asked before each look, so that the last one sees everything. */
  readonly isOver: () => boolean;
}

/**
 * Reads logs one after the other, each up to its present end, and again until they are over or nobody wants more. A log that has become shorter is
 * read from its beginning.
 * @throws RKT_POD_LOG_UNUSABLE
 */
export const readLogs = async ({uuid, pod, logs, tail, taker, isOver}: ReadLogs): Promise<void> => {
  using open = new DisposableStack();
  const buffer = Buffer.allocUnsafe(PIECE);
  const readers = logs.map((log): Reader => ({log, file: undefined, offset: 0}));
  for (let first = true; ; first = false) {
    const last = isOver();
    for (const reader of readers) {
      if (!taker.wants(reader.log)) continue;
      if (reader.file === undefined) {
        reader.file = openLog(uuid, pod, reader.log);
        if (reader.file !== undefined) {
          open.use(reader.file);
          if (first && tail !== undefined) reader.offset = tailOffset(reader.file.number, sizeOf(reader.file), tail);
        }
      }
      if (reader.file !== undefined) readOn(reader, reader.file, buffer, taker);
      if (last) taker.end(reader.log);
    }
    if (last || !logs.some((log) => taker.wants(log))) return;
    await setTimeout(POLL);
  }
};

interface Reader {
  readonly log: Log;
  file: Fd | undefined;
  offset: number;
}

const sizeOf = (file: Fd): number => fstatSync(file.number).size;

/** Up to the end as it is now: who writes faster than we do keeps nobody from the other logs. */
const readOn = (reader: Reader, file: Fd, buffer: Buffer, taker: LogTaker): void => {
  const size = sizeOf(file);
  if (size < reader.offset) reader.offset = 0;
  while (taker.wants(reader.log) && reader.offset < size) {
    const length = readSync(file.number, buffer, 0, Math.min(buffer.length, size - reader.offset), reader.offset);
    if (length === 0) return;
    reader.offset += length;
    taker.take(reader.log, buffer.subarray(0, length));
  }
};
