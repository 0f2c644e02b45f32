import test from 'ava';
import {type Fields, parseExport} from '../../../../src/pod/streams/journal/parse-export.ts';

const WANTED = new Set(['MESSAGE', 'OTHER']);

/** Parses pieces; bytes as text, one character each. */
const parse = (pieces: readonly Buffer[], limit = 1000): Record<string, string>[] => {
  const found: Record<string, string>[] = [];
  const parser = parseExport(WANTED, limit, (fields: Fields) =>
    found.push(Object.fromEntries([...fields].map(([name, value]) => [name, value.toString('latin1')]))),
  );
  for (const piece of pieces) parser.push(piece);
  return found;
};
const binary = (name: string, value: Buffer, length = value.length): Buffer => {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, value, Buffer.from('\n')]);
};
const ALL_BYTES = Buffer.from(Array.from({length: 256}, (_, byte) => byte));
const JOURNAL = Buffer.concat([
  Buffer.from('__CURSOR=s=1\nMESSAGE=a=b\nOTHER=\n\n'),
  binary('MESSAGE', ALL_BYTES),
  binary('HIDDEN', Buffer.from('MESSAGE=forged\n\n')),
  Buffer.from('\nMESSAGE=last\n\n'),
]);
const ENTRIES = [{MESSAGE: 'a=b', OTHER: ''}, {MESSAGE: ALL_BYTES.toString('latin1')}, {MESSAGE: 'last'}];

test('entries with the fields that are wanted, byte for byte', (t) => {
  t.deepEqual(parse([JOURNAL]), ENTRIES);
});

test('the same in whatever pieces', (t) => {
  for (const size of [1, 2, 7, 64, 255]) {
    const pieces = Array.from({length: Math.ceil(JOURNAL.length / size)}, (_, index) =>
      JOURNAL.subarray(index * size, (index + 1) * size),
    );
    t.deepEqual(parse(pieces), ENTRIES, `${size} bytes`);
  }
});

test('a field that is too long is left out, and what follows is not', (t) => {
  const long = Buffer.alloc(3000, 'x\n');
  const journal = Buffer.concat([
    binary('MESSAGE', long),
    Buffer.from(`OTHER=1\n\nMESSAGE=${'y'.repeat(3000)}\nOTHER=2\n\nOTHER=3\n\n`),
  ]);
  for (const size of [journal.length, 100]) {
    const pieces = Array.from({length: Math.ceil(journal.length / size)}, (_, index) =>
      journal.subarray(index * size, (index + 1) * size),
    );
    t.deepEqual(parse(pieces), [{OTHER: '1'}, {OTHER: '2'}, {OTHER: '3'}]);
  }
});

test('an entry that is not whole is none', (t) => {
  t.deepEqual(parse([Buffer.from('MESSAGE=one\n\nMESSAGE=two\n')]), [{MESSAGE: 'one'}]);
});

test('what is no journal is refused without reading it all', (t) => {
  t.throws(() => parse([Buffer.alloc(2000, 'x')]), {instanceOf: RangeError});
  t.throws(() => parse([binary('MESSAGE', Buffer.from('longer'), 3)]), {instanceOf: RangeError});
});
