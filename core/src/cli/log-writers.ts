import type {LogStream} from '../pod/state/layout.ts';
import type {LogSource} from '../pod/streams/find-logs.ts';
import type {LogTaker} from '../pod/streams/read-logs.ts';
import type {Output} from './context.ts';
import {cutLines, type LineCutter} from './cut-lines.ts';
import {escapeJson} from './escape-text.ts';

/** Longer lines come in parts, where lines matter. */
const MAX_LINE = 65_536;
const LINE_FEED = Buffer.from('\n');

/** Bytes as they are, each stream to its own. For the logs of one app. */
export const rawWriter = (output: Output): LogTaker => {
  const {print, isRead} = printer(output);
  return {
    take: ({stream}, bytes) => print(stream, bytes),
    wants: ({stream}) => isRead(stream),
    end: () => {},
  };
};

/** Whole lines, each after the name of its app, and each stream to its own. */
export const prefixWriter = (output: Output): LogTaker =>
  lineWriter(
    output,
    ({stream}) => stream,
    ({app}, line) => Buffer.concat([Buffer.from(`${app}: `), line, LINE_FEED]),
  );

/**
 * A JSON object for each line: `{app, stream, line}`, with `time` where it is known, and with `partial: true` if the line goes on in the next one of the same
 * stream.
 */
export const jsonWriter = (output: Output): LogTaker =>
  lineWriter(
    output,
    () => 'stdout',
    ({app, stream}, line, partial, time) => {
      const value = {
        ...(time === undefined ? {} : {time: timeText(time)}),
        app,
        stream,
        line: line.toString('utf8'),
        ...(partial ? {partial} : {}),
      };
      return Buffer.from(`${escapeJson(JSON.stringify(value))}\n`);
    },
  );

/** RFC 3339 with the microseconds that a journal has. */
const timeText = (microseconds: number): string =>
  new Date(microseconds / 1000).toISOString().replace(/\.\d+Z$/, `.${String(microseconds % 1e6).padStart(6, '0')}Z`);

/** Prints, and remembers where nobody reads any more. */
const printer = (output: Output) => {
  const gone = new Set<LogStream>();
  return {
    print: (stream: LogStream, bytes: Uint8Array): void => {
      if (!output.raw(stream, bytes)) gone.add(stream);
    },
    isRead: (stream: LogStream): boolean => !gone.has(stream),
  };
};

/** Prints what comes at once at once, line by line. */
const lineWriter = (
  output: Output,
  targetOf: (log: LogSource) => LogStream,
  render: (log: LogSource, line: Buffer, partial: boolean, time: number | undefined) => Buffer,
): LogTaker => {
  const {print, isRead} = printer(output);
  const cutters = new Map<LogSource, LineCutter>();
  /** Of the newest that came of each. */
  const times = new Map<LogSource, number>();
  let rendered: Buffer[] = [];
  const cutterOf = (log: LogSource): LineCutter => {
    const known = cutters.get(log);
    if (known !== undefined) return known;
    const cutter = cutLines(MAX_LINE, (line, partial) => rendered.push(render(log, line, partial, times.get(log))));
    cutters.set(log, cutter);
    return cutter;
  };
  const flush = (log: LogSource): void => {
    if (rendered.length > 0) print(targetOf(log), Buffer.concat(rendered));
    rendered = [];
  };
  return {
    take(log, bytes, time) {
      if (time !== undefined) times.set(log, time);
      cutterOf(log).push(bytes);
      flush(log);
    },
    wants: (log) => isRead(targetOf(log)),
    end(log) {
      cutterOf(log).end();
      flush(log);
    },
  };
};
