import test from 'ava';
import {parseJson} from '../../src/appc/json.ts';
import {MANIFEST_LIMITS} from '../../src/appc/json-limits.ts';
import {randomNumbers, refused} from './support.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const limits = {bytes: 100, depth: 3, entries: 5};

const faults: readonly (readonly [text: string, kind: string, path: string])[] = [
  ['{"a":1,"a":2}', 'duplicate-key', 'a'],
  ['{"a":1,"\\u0061":2}', 'duplicate-key', 'a'],
  ['{"x":[0,{"b":{},"c":1,"b":2}]}', 'duplicate-key', 'x[1].b'],
  ['{"a":{"k":1},"b":{"k":1},"a":0}', 'duplicate-key', 'a'],
  ['{"__proto__":{}}', 'forbidden-key', '__proto__'],
  ['{"a":{"\\u005f_proto__":1}}', 'forbidden-key', 'a.__proto__'],
  ['[1e999]', 'number', '[0]'],
  ['[9007199254740993]', 'number', '[0]'],
  ['{"a":"\\ud800"}', 'text', 'a'],
  ['', 'syntax', '$'],
  ['{', 'syntax', '$'],
  ['{"a":1,}', 'syntax', '$'],
  ["{'a':1}", 'syntax', '$'],
  ['// c\n1', 'syntax', '$'],
  ['\ufeff{}', 'syntax', '$'],
  ['{} {}', 'syntax', '$'],
  ['[01]', 'syntax', '$'],
  ['["\u0000"]', 'syntax', '$'],
];
for (const [text, kind, path] of faults) {
  test(`S23 ${JSON.stringify(text)} is refused: ${kind}`, (t) => {
    const fields = refused(t, 'RKT_JSON_INVALID', () => parse(text));
    t.like(fields, {kind, path});
  });
}

for (const bytes of [
  [0x22, 0xff, 0x22],
  [0x22, 0xc0, 0x80, 0x22],
  [0x22, 0xed, 0xa0, 0x80, 0x22],
  [0xff, 0xfe, 0x7b, 0x00],
]) {
  test(`S23 bytes that are not UTF-8 are refused: ${bytes.join(' ')}`, (t) => {
    t.is(refused(t, 'RKT_JSON_INVALID', () => parseJson(Uint8Array.from(bytes))).kind, 'utf-8');
  });
}

test('S25 keys that mean something to JavaScript are data', (t) => {
  const text = '{"constructor":{"prototype":{"polluted":1}},"toString":"x","hasOwnProperty":null}';
  const value = parse(text) as Record<string, unknown>;
  t.deepEqual(Object.keys(value), ['constructor', 'toString', 'hasOwnProperty']);
  t.is(({} as Record<string, unknown>).polluted, undefined);
  t.is(JSON.stringify(value), text);
});

test('S10 size: one byte below the limit, at it, above it', (t) => {
  const ofSize = (size: number) => Buffer.from(`"${'x'.repeat(size - 2)}"`);
  t.notThrows(() => parseJson(ofSize(limits.bytes - 1), limits));
  t.notThrows(() => parseJson(ofSize(limits.bytes), limits));
  t.like(
    refused(t, 'RKT_JSON_INVALID', () => parseJson(ofSize(limits.bytes + 1), limits)),
    {kind: 'size', limit: limits.bytes},
  );
});

test('S10 depth: one level below the limit, at it, above it', (t) => {
  const ofDepth = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
  t.notThrows(() => parseJson(ofDepth(limits.depth - 1), limits));
  t.notThrows(() => parseJson(ofDepth(limits.depth), limits));
  t.like(
    refused(t, 'RKT_JSON_INVALID', () => parseJson(ofDepth(limits.depth + 1), limits)),
    {kind: 'depth', limit: limits.depth, path: '[0][0][0]'},
  );
});

test('S10 entries: one below the limit, at it, above it', (t) => {
  for (const [below, at, above] of [
    ['[1,2,3]', '[1,2,3,4]', '[1,2,3,4,5]'],
    ['{"a":1,"b":{}}'.replace(',"b":{}', ''), '{"a":1,"b":2}', '{"a":1,"b":[2]}'],
    ['[[],[]]', '[[],[],[],""]', '[[],[],[],[],null]'],
  ]) {
    t.notThrows(() => parseJson(Buffer.from(below ?? ''), limits));
    t.notThrows(() => parseJson(Buffer.from(at ?? ''), limits));
    t.like(
      refused(t, 'RKT_JSON_INVALID', () => parseJson(Buffer.from(above ?? ''), limits)),
      {kind: 'entries', limit: limits.entries},
    );
  }
});

test('S10 hostile documents of a megabyte are decided', (t) => {
  const half = MANIFEST_LIMITS.bytes / 2;
  const kindOf = (text: string) => refused(t, 'RKT_JSON_INVALID', () => parse(text)).kind;
  t.is(kindOf('['.repeat(half) + ']'.repeat(half)), 'depth');
  t.is(kindOf('['.repeat(2 * half)), 'syntax');
  t.is(kindOf(`[${'0,'.repeat(half - 2)}0]`), 'entries');
  t.is(kindOf(`"${'\\"'.repeat(half - 1)}`), 'syntax');
  t.is(kindOf(`{"a":0${' '.repeat(half)},"a":0}`), 'duplicate-key');
  t.is((parse(`"${'\\\\'.repeat(half - 1)}"`) as string).length, half - 1);
});

test('S23 what is accepted is what JSON.parse reads', (t) => {
  const random = randomNumbers(23);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const value = (depth: number): unknown =>
    pick<() => unknown>([
      () => pick(['', 'a', '"', '\\', '\u2028', '😀', '{"a":1}', ':', ' , ']),
      () => pick([0, -1, 1.5, 1e300, 2 ** 53 - 1]),
      () => pick([true, false, null]),
      ...(depth === 0
        ? []
        : [
            () => Array.from({length: Math.floor(random() * 4)}, () => value(depth - 1)),
            () =>
              Object.fromEntries(
                Array.from({length: Math.floor(random() * 4)}, () => [
                  pick(['a', 'b"', '\\', ':', '{', 'ü', '']),
                  value(depth - 1),
                ]),
              ),
          ]),
    ])();
  for (let i = 0; i < 500; i++) {
    const expected = value(5);
    t.deepEqual(parse(JSON.stringify(expected, null, pick([0, 2, '\t']))), expected);
  }
});
