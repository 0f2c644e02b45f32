import {closeSync, openSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {tailOffset} from '../../../src/pod/streams/tail-offset.ts';
import {scratch} from '../helpers.ts';

const PIECE = 65_536;

/** What tail says of a text, against what splitting it says. */
const tails = (file: string, text: string, lines: number): string => {
  writeFileSync(file, text);
  const opened = openSync(file, 'r');
  try {
    return text.slice(tailOffset(opened, text.length, lines));
  } finally {
    closeSync(opened);
  }
};

const expected = (text: string, lines: number): string => {
  const all = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines === 0 ? '' : all.slice(-lines).join('');
};

test('the last lines of small files, with and without a last line feed', (t) => {
  const file = `${scratch(t)}/log`;
  for (const text of ['', '\n', '\n\n', 'a', 'a\n', 'a\nb', 'a\nb\n', '\na', 'a\n\n\nb\n\n']) {
    for (const lines of [0, 1, 2, 3, 100]) {
      t.is(tails(file, text, lines), expected(text, lines), `${lines} of ${JSON.stringify(text)}`);
    }
  }
});

test('the last lines across the borders of pieces', (t) => {
  const file = `${scratch(t)}/log`;
  for (const length of [PIECE - 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1]) {
    const long = `first\n${'x'.repeat(length)}\n`;
    for (const text of [long, `${long}y`, `${long}\n`, '\n'.repeat(length), 'line\n'.repeat(length / 4)]) {
      for (const lines of [1, 2, 3, PIECE]) {
        t.true(tails(file, text, lines) === expected(text, lines), `${lines} of ${text.length} bytes`);
      }
    }
  }
});

test('bytes after the size that counts do not', (t) => {
  const file = `${scratch(t)}/log`;
  writeFileSync(file, 'a\nb\nc\n');
  const opened = openSync(file, 'r');
  t.teardown(() => closeSync(opened));
  t.is(tailOffset(opened, 4, 1), 2);
});
