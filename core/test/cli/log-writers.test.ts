import test from 'ava';
import type {Output} from '../../src/cli/context.ts';
import {jsonWriter, prefixWriter, rawWriter} from '../../src/cli/log-writers.ts';
import type {AppName} from '../../src/contract/names.ts';
import type {LogStream} from '../../src/pod/state/layout.ts';
import type {Log} from '../../src/pod/streams/find-logs.ts';

const logOf = (app: string, stream: LogStream): Log => ({app: app as AppName, stream, path: `${app}.${stream}`});
const [out, err, other] = [logOf('a', 'stdout'), logOf('a', 'stderr'), logOf('b', 'stdout')];

/** An output that keeps what it gets; `gone` has no reader. */
const memory = (gone?: LogStream) => {
  const written: Record<LogStream, string> = {stdout: '', stderr: ''};
  const raw: Output['raw'] = (stream, bytes) => {
    written[stream] += Buffer.from(bytes as Uint8Array).toString('latin1');
    return stream !== gone;
  };
  // Logs use nothing else of it.
  return {written, output: {raw} as Output};
};

test('raw: bytes as they are, to the stream they came from', (t) => {
  const {written, output} = memory();
  const writer = rawWriter(output);
  writer.take(out, Buffer.from([0xff, 0, 0x1b, 0x80]));
  writer.take(err, Buffer.from('no line'));
  writer.end(out);
  writer.end(err);
  t.deepEqual(written, {stdout: '\xff\0\x1b\x80', stderr: 'no line'});
});

test('prefix: whole lines of several apps, whenever their parts come', (t) => {
  const {written, output} = memory();
  const writer = prefixWriter(output);
  writer.take(out, Buffer.from('on'));
  writer.take(other, Buffer.from('two\xff\nth', 'latin1'));
  writer.take(err, Buffer.from('error\n'));
  writer.take(out, Buffer.from('e\n\n'));
  writer.end(out);
  writer.end(other);
  t.deepEqual(written, {stdout: 'b: two\xff\na: one\na: \nb: th\n', stderr: 'a: error\n'});
});

test('JSON: one object for each line, all on standard output', (t) => {
  const {written, output} = memory();
  const writer = jsonWriter(output);
  writer.take(out, Buffer.from('a "b"\nno\xff\x1b\n', 'latin1'));
  writer.take(err, Buffer.from('last'));
  writer.end(out);
  writer.end(err);
  t.is(written.stderr, '');
  // Standard output was read as latin1 above.
  const lines = Buffer.from(written.stdout, 'latin1').toString().trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {app: 'a', stream: 'stdout', line: 'a "b"'},
      {app: 'a', stream: 'stdout', line: 'no\ufffd\x1b'},
      {app: 'a', stream: 'stderr', line: 'last'},
    ],
  );
});

test('JSON: a very long line comes in parts that say so', (t) => {
  const {written, output} = memory();
  const writer = jsonWriter(output);
  const line = 'x'.repeat(150_000);
  for (let at = 0; at < line.length; at += 50_000) writer.take(out, Buffer.from(line.slice(at, at + 50_000)));
  writer.end(out);
  const parts = written.stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as {line: string; partial?: true});
  t.deepEqual(
    parts.map(({partial}) => partial),
    [true, true, undefined],
  );
  t.is(parts.map((part) => part.line).join(''), line);
});

test('JSON: a line has its time where that is known, to the microsecond', (t) => {
  const {written, output} = memory();
  const writer = jsonWriter(output);
  writer.take(out, Buffer.from('one\ntw'), 1_795_895_155_000_071);
  writer.take(err, Buffer.from('none\n'));
  writer.take(out, Buffer.from('o'), 1_795_895_155_471_231);
  writer.end(out);
  t.deepEqual(
    written.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {time: '2026-11-28T19:45:55.000071Z', app: 'a', stream: 'stdout', line: 'one'},
      {app: 'a', stream: 'stderr', line: 'none'},
      {time: '2026-11-28T19:45:55.471231Z', app: 'a', stream: 'stdout', line: 'two'},
    ],
  );
});

test('S26 JSON has no controls', (t) => {
  const {written, output} = memory();
  jsonWriter(output).take(out, Buffer.from('\x1b[2J\u202e\u0085\n'));
  t.regex(written.stdout, /^[ -~]+\n$/);
});

test('of what nobody reads nothing is wanted', (t) => {
  for (const [open, wantsErrors] of [
    [rawWriter, true],
    [prefixWriter, true],
    [jsonWriter, false],
  ] as const) {
    const writer = open(memory('stdout').output);
    t.true(writer.wants(out));
    writer.take(out, Buffer.from('x\n'));
    t.false(writer.wants(out));
    t.is(writer.wants(err), wantsErrors);
  }
});
