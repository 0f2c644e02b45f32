import test from 'ava';
import {environmentAssignment, execLine, pathItem, pathSetting} from '../../src/systemd/encode.ts';
import {UnitError} from '../../src/systemd/errors.ts';
import {environmentOf, execOf, parseUnit, pathOf, specifiers, words} from './support/parse.ts';
import {ANYTHING, PRINTABLE, randomTexts} from './support/random.ts';

const RUNS = 3000;
const {below, text} = randomTexts(15);
/** As the parser of unit files hands it to the setting's own. */
const through = (value: string): string => {
  const settings = parseUnit(`[Service]\nKey=${value}\n`);
  if (settings.length !== 1) throw new Error(`${settings.length} settings`);
  return settings[0]?.value ?? '';
};
const refusal = (run: () => string): UnitError => {
  try {
    run();
  } catch (error) {
    if (error instanceof UnitError) return error;
    throw error;
  }
  throw new Error('not refused');
};

test('S15 any argument comes back from the line of a command', (t) => {
  for (let run = 0; run < RUNS; run += 1) {
    const argv = Array.from({length: below(6)}, () => text(ANYTHING));
    t.deepEqual(execOf(through(execLine('/bin/app', argv, 'x'))), {program: '/bin/app', argv});
  }
});

test('S15 any program comes back, or is refused for what systemd refuses', (t) => {
  for (let run = 0; run < RUNS; run += 1) {
    const program = `/${text(PRINTABLE)}`;
    if (/["'\\]|\/$/.test(program)) t.is(refusal(() => execLine(program, [], 'x')).code, 'RKT_UNIT_CHARACTER_REFUSED');
    else t.is(execOf(through(execLine(program, ['a'], 'x'))).program, program);
  }
});

test('S15 any value of a variable comes back', (t) => {
  for (let run = 0; run < RUNS; run += 1) {
    const value = text(ANYTHING);
    t.deepEqual(environmentOf(through(environmentAssignment('NAME', value, 'main'))), [`NAME=${value}`]);
  }
});

test('S15 any path without control characters comes back, as a setting and in a list', (t) => {
  for (let run = 0; run < RUNS; run += 1) {
    const end = ['', ' ', '\\', ' \\ '][below(4)] ?? '';
    const parts = `${text(PRINTABLE)}${end}`.split('/').filter((part) => !['', '.', '..'].includes(part));
    const path = `/${parts.join('/')}`;
    t.is(pathOf(through(pathSetting(path, 'x'))), path);
    t.deepEqual(words(through(pathItem(path, 'x', '-+'))).map(specifiers), [`-+${path}`]);
  }
});

test('a path keeps its blanks and backslashes at the end', (t) => {
  t.is(pathSetting('/a b', 'x'), '/a b');
  t.is(pathSetting('/a ', 'x'), '/a /');
  t.is(pathSetting('/a\\', 'x'), '/a\\/');
  t.is(pathSetting('/100%', 'x'), '/100%%');
});

test('what has no form is refused, with where and what', (t) => {
  const cases: [() => string, string][] = [
    [() => execLine('/bin/a', ['a\0b'], 'here'), 'a null byte'],
    [() => execLine('/bin/a', ['\ud800'], 'here'), 'half of a surrogate pair'],
    [() => execLine('bin/a', [], 'here'), 'no name of a file'],
    [() => pathSetting('/a\nb', 'here'), 'a control character'],
    [() => pathSetting('/a/../b', 'here'), '".."'],
    [() => pathSetting('a', 'here'), 'no slash at its start'],
    [() => pathItem('/a\tb', 'here'), 'a control character'],
    [() => pathSetting('/\ufffe', 'here'), 'a code point that is no character'],
  ];
  for (const [run, what] of cases) {
    const {code, fields} = refusal(run);
    t.is(code, 'RKT_UNIT_CHARACTER_REFUSED');
    t.like(fields, {where: 'here', what});
  }
  t.like(refusal(() => environmentAssignment('NAME', '\uffff', 'main')).fields, {
    what: 'a code point that is no character',
  });
});

test('names of variables that systemd would drop are refused', (t) => {
  for (const variable of ['a.b', 'a-b', '1a', '', 'a b', 'ü', 'a=b', 'a\n']) {
    const {code, fields} = refusal(() => environmentAssignment(variable, 'x', 'main'));
    t.is(code, 'RKT_UNIT_ENVIRONMENT_NAME_REFUSED');
    t.deepEqual(fields, {app: 'main', variable});
  }
});

test('a line that systemd would not read is refused', (t) => {
  t.is(refusal(() => execLine('/bin/a', ['\u0001'.repeat(300_000)], 'x')).code, 'RKT_UNIT_LINE_TOO_LONG');
  t.notThrows(() => execLine('/bin/a', ['x'.repeat(1_000_000)], 'x'));
});

test('an argument that is no character is written as bytes', (t) => {
  t.is(execLine('/a', ['\ufffe'], 'x'), '"@/a" "\\xef\\xbf\\xbe"');
});
