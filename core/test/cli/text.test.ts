import test from 'ava';
import {parse as parseYaml} from 'yaml';
import {escapeJson, escapeText} from '../../src/cli/escape-text.ts';
import {table} from '../../src/cli/table.ts';
import {wantsColour} from '../../src/cli/terminal.ts';
import {wrap} from '../../src/cli/wrap.ts';
import {toYaml} from '../../src/cli/yaml.ts';
import {suggest} from '../../src/suggest.ts';

const HOSTILE = 'a\x1b[2Jb\x9bc\u202ed\u2028e\u{e0041}f\ud800g\x7fh';

for (const [raw, escaped] of [
  ['plain äöü 漢字 🚀', 'plain äöü 漢字 🚀'],
  ['\x1b]0;x\x07', '\\x1b]0;x\\x07'],
  ['a\nb\tc\r\0', 'a\\x0ab\\x09c\\x0d\\x00'],
  ['\x9b31m', '\\x9b31m'],
  ['\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'],
  ['\u061c\u200b\ufeff\u2029', '\\u061c\\u200b\\ufeff\\u2029'],
  ['\ud800', '\\ud800'],
] as const)
  test(`S26 text escapes ${escaped}`, (t) => t.is(escapeText(raw), escaped));

test('S26 JSON has no control character, and its value is unaffected', (t) => {
  const value = {name: HOSTILE, nested: ['\x9b', '\n']};
  for (const indent of [0, 2]) {
    const json = escapeJson(JSON.stringify(value, undefined, indent));
    t.notRegex(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    t.deepEqual(JSON.parse(json), value);
  }
});

test('S26 YAML has no control character, and its value is unaffected', (t) => {
  const value = {name: HOSTILE.replace('\ud800', ''), '\x1bkey': ['\x9b\nline', 'tab\t', '\u202e']};
  const yaml = toYaml(value);
  t.notRegex(yaml.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  t.deepEqual(parseYaml(yaml), value);
});

test('columns are aligned by tabs as Go does it', (t) => {
  t.is(
    table([
      ['UUID', 'APP', 'STATE'],
      ['12345678', 'a', 'running'],
      ['', 'much-longer', 'exited'],
    ]),
    ['UUID\t\tAPP\t\tSTATE', '12345678\ta\t\trunning', '\t\tmuch-longer\texited', ''].join('\n'),
  );
});

test('S26 a cell can forge neither column nor row', (t) => {
  t.is(table([['a\tb', 'c\nd']]), 'a\\x09b\tc\\x0ad\n');
});

test('a character counts once, whatever it takes in UTF-16', (t) => {
  t.is(table([['🚀🚀🚀🚀🚀🚀🚀', 'x']]), '🚀🚀🚀🚀🚀🚀🚀\tx\n');
});

test('text is wrapped at spaces only', (t) => {
  t.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  t.deepEqual(wrap('incomprehensible a', 4), ['incomprehensible', 'a']);
});

for (const [word, found] of [
  ['vresion', ['version']],
  ['stat', ['status']],
  ['xyzzy', []],
  ['run-prepard', ['run-prepared']],
  ['x'.repeat(100_000), []],
] as const)
  test(`meant by ${word.slice(0, 20)}`, (t) => {
    t.deepEqual(suggest(word, ['version', 'status', 'stop', 'run', 'run-prepared']), [...found]);
  });

test('no colours without a terminal', (t) => {
  t.false(wantsColour(1, {NO_COLOR: '1'}));
  t.false(wantsColour(1, {TERM: 'dumb'}));
});
