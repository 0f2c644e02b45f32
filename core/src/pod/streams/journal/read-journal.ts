import {setTimeout} from 'node:timers/promises';
import type {Fd} from '../../../linux/fd.ts';
import type {LogSource} from '../find-logs.ts';
import type {LogTaker, ReadLogs} from '../read-logs.ts';
import type {Entry} from './entry.ts';
import {findTail, type Start} from './find-tail.ts';
import {type Query, type Reading, runJournalctl, startJournalctl} from './journalctl.ts';
import {hasFiles, openJournal} from './open-journal.ts';

const POLL = 200;

export interface ReadJournal extends Pick<ReadLogs, 'uuid' | 'pod' | 'tail' | 'since' | 'isOver'> {
  readonly sources: readonly LogSource[];
  readonly taker: LogTaker;
}

/**
 * Reads these streams from the journal of a pod, in the order in which they were written, and goes on until the pod is over or nobody wants more.
 * @returns whether it was there to the end, unless nobody wants more
 * @throws RKT_POD_JOURNAL_TOOL_MISSING, RKT_POD_JOURNAL_UNREADABLE
 */
export const readJournal = async (request: ReadJournal): Promise<boolean> => {
  const {sources, taker} = request;
  using directory = await awaitJournal(request);
  const wasThere = directory !== undefined && (await readFrom(request, directory));
  for (const source of sources) taker.end(source);
  return wasThere;
};

const awaitJournal = async ({uuid, pod, isOver}: ReadJournal): Promise<Fd | undefined> => {
  for (;;) {
    const last = isOver();
    const directory = openJournal(uuid, pod);
    if (directory !== undefined || last) return directory;
    await setTimeout(POLL);
  }
};

const readFrom = async (request: ReadJournal, directory: Fd): Promise<boolean> => {
  const {uuid, sources, tail, since, taker, isOver} = request;
  const query = {uuid, directory, apps: [...new Set(sources.map(({app}) => app))]};
  const fromTime = since === undefined ? [] : [sinceOption(Math.floor(since * 1000))];
  const found = tail === undefined ? undefined : await findTail({...query, options: fromTime}, sources, tail);
  const isWanted = () => sources.some((source) => taker.wants(source));
  const give = giver(request, found?.starts);
  let last = tail === 0 ? found?.newest?.cursor : undefined;
  const take: Query['take'] = (entry) => {
    last = entry.cursor;
    give(entry);
  };
  const rest = (): Pick<Query, 'options' | 'take'> => ({
    options: last === undefined ? (tailOption(found?.starts, sources) ?? fromTime) : [`--after-cursor=${last}`],
    take,
  });
  if (!isOver()) {
    const {options} = rest();
    const reading = startJournalctl({...query, take, options: [...options, '--follow', '--no-tail']});
    await follow(reading, () => isOver() || !isWanted());
  }
  if (!isWanted()) return true;
  // What came between the last look and the end. Of a pod that is removed there is nothing left.
  if (!hasFiles(directory)) return false;
  await runJournalctl({...query, ...rest()});
  return hasFiles(directory);
};

/** Passes on what belongs to a stream, from where its tail begins. */
const giver = ({sources, since = 0, taker}: ReadJournal, starts?: ReadonlyMap<LogSource, Start>) => {
  const waiting = new Map(starts);
  return (entry: Entry): void => {
    const source = sources.find(({app, stream}) => app === entry.app && stream === entry.stream);
    if (source === undefined || entry.time < since * 1000 || !taker.wants(source)) return;
    const start = waiting.get(source);
    // Later: the oldest may have been removed meanwhile, to make room.
    if (start !== undefined && entry.cursor !== start.cursor && entry.time <= start.time) return;
    waiting.delete(source);
    taker.take(source, entry.bytes, entry.time);
  };
};

/** The earliest that is wanted, where that is not the beginning. */
const tailOption = (
  starts: ReadonlyMap<LogSource, Start> | undefined,
  sources: readonly LogSource[],
): string[] | undefined =>
  starts !== undefined && starts.size > 0 && starts.size === sources.length
    ? [sinceOption(Math.min(...Array.from(starts.values(), ({time}) => time)))]
    : undefined;

const sinceOption = (microseconds: number): string => {
  const time = Math.max(0, microseconds);
  return `--since=@${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
};

/** Ends the reading once it is over. */
const follow = async ({ended, stop}: Reading, isOver: () => boolean): Promise<void> => {
  let reads = true;
  const end = ended.finally(() => {
    reads = false;
  });
  try {
    while (reads && !isOver()) await Promise.race([end, setTimeout(POLL)]);
    // By itself it ends only when somebody ended it. What follows is read when the pod has ended.
    while (!isOver()) await setTimeout(POLL);
  } finally {
    stop();
  }
  await end;
};
