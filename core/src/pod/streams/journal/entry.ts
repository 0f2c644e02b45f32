import type {LogStream} from '../../state/layout.ts';
import type {Fields} from './parse-export.ts';

/** A line of an app in the journal of its pod, or a part of one. */
export interface Entry {
  readonly app: string;
  readonly stream: LogStream;
  /** Where it is in the journal. */
  readonly cursor: string;
  /** Microseconds since 1970. */
  readonly time: number;
  /** With the line feed, if it had one. */
  readonly bytes: Buffer;
}

/** What {@link readEntry} needs. */
export const ENTRY_FIELDS = ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', '_LINE_BREAK'] as const;
/** These come always. */
const ADDRESS_FIELDS = ['__CURSOR', '__REALTIME_TIMESTAMP'] as const;
export const WANTED_FIELDS: ReadonlySet<string> = new Set([...ENTRY_FIELDS, ...ADDRESS_FIELDS]);

/** As journals write it; it becomes an argument. */
const CURSOR = /^[0-9a-z=;]+$/;
const ERROR = '3';

/**
 * journald ends a line also where another process of the app goes on writing, and then leaves out whether there was a line feed; `line-max` is in the middle of
 * a long line, and `eof` is the end of what the app wrote.
 */
const ENDS: Readonly<Record<string, string>> = {nul: '\0', 'line-max': '', eof: ''};

/** `undefined` for what is no line of an app, or one that is too long for anyone to have written it. */
export const readEntry = (fields: Fields): Entry | undefined => {
  const text = (name: string): string | undefined => fields.get(name)?.toString('latin1');
  const [app, cursor, time] = [text('SYSLOG_IDENTIFIER'), text('__CURSOR'), text('__REALTIME_TIMESTAMP')];
  if (app === undefined || cursor === undefined || !CURSOR.test(cursor)) return undefined;
  if (time === undefined || !/^\d{1,16}$/.test(time)) return undefined;
  const message = fields.get('MESSAGE') ?? Buffer.alloc(0);
  const end = ENDS[text('_LINE_BREAK') ?? ''] ?? '\n';
  return {
    app,
    stream: text('PRIORITY') === ERROR ? 'stderr' : 'stdout',
    cursor,
    time: Number(time),
    bytes: Buffer.concat([message, Buffer.from(end)]),
  };
};
