import type {LogSource} from '../find-logs.ts';
import type {Entry} from './entry.ts';
import {type Query, startJournalctl} from './journalctl.ts';

/** Where the last lines of a stream begin. */
export type Start = Pick<Entry, 'cursor' | 'time'>;

export interface Tail {
  /** Absent: at the beginning. */
  readonly starts: ReadonlyMap<LogSource, Start>;
  /** The newest entry of any of them. */
  readonly newest: Start | undefined;
}

const LINE_FEED = 10;

interface Progress {
  readonly source: LogSource;
  /** The oldest entry of it so far. */
  begin: Start | undefined;
  lines: number;
}

/** Looks for the last `lines` lines of each stream, from the end of the journal, and no further than it has to. */
export const findTail = async (
  {uuid, directory, apps, options}: Omit<Query, 'take'>,
  sources: readonly LogSource[],
  lines: number,
): Promise<Tail> => {
  const starts = new Map<LogSource, Start>();
  let newest: Start | undefined;
  let missing = sources.map((source): Progress => ({source, begin: undefined, lines: 0}));
  const take = (entry: Entry): void => {
    const {cursor, time} = entry;
    newest ??= {cursor, time};
    const progress = missing.find(({source}) => source.app === entry.app && source.stream === entry.stream);
    if (progress === undefined) return;
    // What ends here begins a line with whatever came next.
    if (progress.begin !== undefined && entry.bytes.at(-1) === LINE_FEED) {
      progress.lines++;
      if (progress.lines === lines) {
        starts.set(progress.source, progress.begin);
        missing = missing.filter((one) => one !== progress);
        if (missing.length === 0) reading.stop();
        return;
      }
    }
    progress.begin = {cursor, time};
    if (lines === 0) reading.stop();
  };
  const reading = startJournalctl({uuid, directory, apps, options: [...options, '--reverse'], take});
  await reading.ended;
  return {starts, newest};
};
