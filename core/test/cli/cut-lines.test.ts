import test from 'ava';
import {cutLines} from '../../src/cli/cut-lines.ts';

/** Everything that comes out, parts of lines with a `+` behind them. */
const cut = (pieces: readonly (string | Uint8Array)[], limit = 8): string[] => {
  const lines: string[] = [];
  const cutter = cutLines(limit, (line, partial) => lines.push(`${line.toString('latin1')}${partial ? '+' : ''}`));
  for (const piece of pieces) cutter.push(Buffer.from(piece));
  cutter.end();
  return lines;
};

test('lines come out whole, wherever the pieces were cut', (t) => {
  const text = 'one\n\ntwo\nthree';
  for (let at = 0; at <= text.length; at++) {
    t.deepEqual(cut([text.slice(0, at), text.slice(at)]), ['one', '', 'two', 'three'], String(at));
  }
  t.deepEqual(cut([...text]), ['one', '', 'two', 'three']);
  t.deepEqual(cut(['one\n']), ['one']);
  t.deepEqual(cut([]), []);
});

test('a line as long as the limit is whole, a longer one comes in parts', (t) => {
  t.deepEqual(cut(['12345678\nx\n']), ['12345678', 'x']);
  t.deepEqual(cut(['123456789\nx\n']), ['12345678+', '9', 'x']);
  t.deepEqual(cut([...'12345678901234567']), ['12345678+', '90123456+', '7']);
});

test('nothing is lost of any bytes', (t) => {
  const bytes = Uint8Array.from({length: 256}, (_, index) => index).filter((byte) => byte !== 10);
  t.is(
    cut([bytes])
      .map((line) => line.replace(/\+$/, ''))
      .join(''),
    Buffer.from(bytes).toString('latin1'),
  );
});

test('a part ends between two characters', (t) => {
  const parts: string[] = [];
  const cutter = cutLines(8, (line) => parts.push(line.toString('utf8')));
  cutter.push(Buffer.from('1234567€890123😀x'));
  cutter.end();
  t.deepEqual(parts, ['1234567', '€89012', '3😀x']);
});

test('what only looks like the middle of characters is cut at the limit', (t) => {
  t.deepEqual(
    cut([Buffer.alloc(10, 0x80)]).map(({length}) => length),
    [9, 2],
  );
});
