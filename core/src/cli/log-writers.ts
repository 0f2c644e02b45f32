import type {Log} from '../pod/find-logs.ts';
import type {LogStream} from '../pod/layout.ts';
import type {LogTaker} from '../pod/read-logs.ts';
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

/** A JSON object for each line: `{app, stream, line}`, and `partial: true` if the line goes on in the next one of the same stream. */
export const jsonWriter = (output: Output): LogTaker =>
  lineWriter(
    output,
    () => 'stdout',
    ({app, stream}, line, partial) => {
      const value = {app, stream, line: line.toString('utf8'), ...(partial ? {partial} : {})};
      return Buffer.from(`${escapeJson(JSON.stringify(value))}\n`);
    },
  );

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
  targetOf: (log: Log) => LogStream,
  render: (log: Log, line: Buffer, partial: boolean) => Buffer,
): LogTaker => {
  const {print, isRead} = printer(output);
  const cutters = new Map<Log, LineCutter>();
  let rendered: Buffer[] = [];
  const cutterOf = (log: Log): LineCutter => {
    const known = cutters.get(log);
    if (known !== undefined) return known;
    const cutter = cutLines(MAX_LINE, (line, partial) => rendered.push(render(log, line, partial)));
    cutters.set(log, cutter);
    return cutter;
  };
  const flush = (log: Log): void => {
    if (rendered.length > 0) print(targetOf(log), Buffer.concat(rendered));
    rendered = [];
  };
  return {
    take(log, bytes) {
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
