import test from 'ava';
import {textHash} from '../../src/linux/text-hash.ts';

test('it has fourteen digits', (t) => {
  for (const text of ['', 'a', 'é€😀', 'x'.repeat(100_000)]) t.regex(textHash(text), /^[0-9a-f]{14}$/);
});

test('texts that differ in one character, in its place or in their ends have hashes of their own', (t) => {
  const base = JSON.stringify(Array.from({length: 300}, (_, index) => `name${index}`));
  const texts = new Set(['', '\0', '\0\0', '\0\0\0\0', 'a', 'a\0', 'ab', 'ba', 'abcd', 'abcde', 'eabcd', base]);
  for (let index = 0; index < base.length; index++) {
    for (const other of ['0', '\u007f', '€']) texts.add(`${base.slice(0, index)}${other}${base.slice(index + 1)}`);
    texts.add(`${base.slice(0, index)}${base[index + 1] ?? ''}${base[index]}${base.slice(index + 2)}`);
  }
  t.is(new Set([...texts].map(textHash)).size, texts.size);
});

test('the last digits are spread, too: places are found by them', (t) => {
  const places = Array.from(
    {length: 4096},
    (_, index) => Number.parseInt(textHash(`text ${index}`).slice(-8), 16) % 256,
  );
  const counts = Array.from({length: 256}, (_, place) => places.filter((each) => each === place).length);
  t.true(Math.min(...counts) >= 3 && Math.max(...counts) <= 40);
});
