import type {Log} from '../pod/find-logs.ts';
import type {LogTaker} from '../pod/read-logs.ts';
import type {Output} from './context.ts';
import {cutLines, type LineCutter} from './cut-lines.ts';
import {escapeJson} from './escape-text.ts';

/** Longer lines come in parts, where lines matter. */
const MAX_LINE = 65_536;
const LINE_FEED = Buffer.from('\n');

/** Bytes as they are, each stream to its own. For the logs of one app. */
export const rawWriter = (output: Output): LogTaker => ({
  take: ({stream}, bytes) => output.raw(stream, bytes),
  end: () => {},
});

/** Whole lines, each after the name of its app, and each stream to its own. */
export const prefixWriter = (output: Output): LogTaker =>
  lineWriter(({app, stream}) => {
    const prefix = Buffer.from(`${app}: `);
    return {
      render: (line) => [prefix, line, LINE_FEED],
      print: (bytes) => output.raw(stream, bytes),
    };
  });

/** A JSON object for each line: `{app, stream, line}`, and `partial: true` if the line goes on in the next one of the same stream. */
export const jsonWriter = (output: Output): LogTaker =>
  lineWriter(({app, stream}) => ({
    render: (line, partial) => {
      const value = {app, stream, line: line.toString('utf8'), ...(partial ? {partial} : {})};
      return [Buffer.from(`${escapeJson(JSON.stringify(value))}\n`)];
    },
    print: (bytes) => output.raw('stdout', bytes),
  }));

interface LineStyle {
  readonly render: (line: Buffer, partial: boolean) => readonly Buffer[];
  readonly print: (bytes: Buffer) => boolean;
}

const lineWriter = (styleOf: (log: Log) => LineStyle): LogTaker => {
  const states = new Map<Log, {cutter: LineCutter; flush: () => boolean}>();
  const open = (log: Log) => {
    const {render, print} = styleOf(log);
    let rendered: Buffer[] = [];
    const cutter = cutLines(MAX_LINE, (line, partial) => rendered.push(...render(line, partial)));
    const flush = (): boolean => {
      const bytes = Buffer.concat(rendered);
      rendered = [];
      return print(bytes);
    };
    const state = {cutter, flush};
    states.set(log, state);
    return state;
  };
  return {
    take(log, bytes) {
      const {cutter, flush} = states.get(log) ?? open(log);
      cutter.push(bytes);
      return flush();
    },
    end(log) {
      const {cutter, flush} = states.get(log) ?? open(log);
      cutter.end();
      flush();
    },
  };
};
