import test from 'ava';
import {readEntry} from '../../../../src/pod/streams/journal/entry.ts';

const entryOf = (more: Readonly<Record<string, string>> = {}) =>
  readEntry(
    new Map(
      Object.entries({
        __CURSOR: 's=ab;i=1',
        __REALTIME_TIMESTAMP: '1795895155471231',
        SYSLOG_IDENTIFIER: 'web',
        MESSAGE: 'x',
        ...more,
      }).map(([name, value]) => [name, Buffer.from(value, 'latin1')]),
    ),
  );

test('an app by the identifier, a stream by the priority', (t) => {
  t.like(entryOf(), {app: 'web', stream: 'stdout', cursor: 's=ab;i=1', time: 1_795_895_155_471_231});
  t.is(entryOf({PRIORITY: '6'})?.stream, 'stdout');
  t.is(entryOf({PRIORITY: '3'})?.stream, 'stderr');
});

for (const [how, bytes] of [
  [undefined, 'x\n'],
  ['nul', 'x\0'],
  ['line-max', 'x'],
  ['eof', 'x'],
  // Whether there was a line feed, the journal does not say.
  ['pid-change', 'x\n'],
] as const) {
  test(`a line ends as it did: ${how ?? 'with a line feed'}`, (t) => {
    t.is(entryOf(how === undefined ? {} : {_LINE_BREAK: how})?.bytes.toString(), bytes);
  });
}

test('bytes stay what they are', (t) => {
  t.is(entryOf({MESSAGE: '\xff\0\x1b['})?.bytes.toString('latin1'), '\xff\0\x1b[\n');
});

test('what could become another argument, or has no time, is no entry', (t) => {
  t.is(entryOf({__CURSOR: '--file=/etc/shadow'}), undefined);
  t.is(entryOf({__CURSOR: ''}), undefined);
  t.is(entryOf({__REALTIME_TIMESTAMP: 'x'}), undefined);
});
