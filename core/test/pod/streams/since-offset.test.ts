import {constants, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import {openHost} from '../../../src/linux/openat2.ts';
import {appPaths} from '../../../src/pod/state/layout.ts';
import type {Log} from '../../../src/pod/streams/find-logs.ts';
import {SLACK} from '../../../src/pod/streams/log-times.ts';
import {sinceOffset} from '../../../src/pod/streams/since-offset.ts';
import {scratch, uuidOf} from '../helpers.ts';

const uuid = uuidOf('a');
const web = 'web' as AppName;
const log: Log = {app: web, stream: 'stdout', path: appPaths(web).log('stdout')};

/** What comes of a log since a time that its marks are around. */
const since = (t: ExecutionContext, text: string, marks?: string) => {
  const directory = scratch(t);
  const file = path.join(directory, log.path);
  mkdirSync(path.dirname(file), {recursive: true});
  writeFileSync(file, text);
  if (marks !== undefined) writeFileSync(`${file}.times`, marks);
  const pod = openHost(directory, 0);
  const opened = openHost(file, constants.O_RDONLY);
  t.teardown(() => {
    pod.close();
    opened.close();
  });
  return {file, from: (time: number) => text.slice(sinceOffset(uuid, pod, log, opened, time))};
};
/** Long ago for the log, which was just written. */
const TIME = 2_000_000;
const OLD = TIME / 1000 - 60;

test('without marks all may be new', (t) => {
  t.is(since(t, 'one\ntwo\n').from(TIME), 'one\ntwo\n');
});

test('what was there at a mark is old, but for the line that was not whole', (t) => {
  const text = 'one\ntwo\nthree\n';
  t.is(since(t, text, `${OLD} 8\n`).from(TIME), 'three\n');
  t.is(since(t, text, `${OLD} 6\n`).from(TIME), 'two\nthree\n');
  t.is(since(t, text, `${OLD} 4\n${TIME} 8\n`).from(TIME), 'two\nthree\n');
});

test('of a line that is longer than a piece the rest comes', (t) => {
  const text = `${'x'.repeat(200_000)}\n`;
  t.is(since(t, text, `${OLD} 150000\n`).from(TIME).length, 50_001);
  t.is(since(t, text, `${OLD} 60000\n`).from(TIME).length, 200_001);
});

test('a mark beyond the end counts up to the end', (t) => {
  t.is(since(t, 'one\n', `${OLD} 999\n`).from(TIME), '');
});

test('nothing has been written since', (t) => {
  const {file, from} = since(t, 'one\n');
  const {ctimeMs} = statSync(file);
  t.is(from(ctimeMs + SLACK), 'one\n');
  t.is(from(ctimeMs + SLACK + 1), '');
});

test('only the newest marks are looked at, and links are not followed', (t) => {
  const {file, from} = since(t, 'one\ntwo\n', `${OLD} 4\n`.repeat(200_000));
  t.is(from(TIME), 'two\n');
  rmSync(`${file}.times`);
  symlinkSync('/etc/passwd', `${file}.times`);
  t.throws(() => from(TIME), {code: 'RKT_POD_LOG_UNUSABLE'});
});
