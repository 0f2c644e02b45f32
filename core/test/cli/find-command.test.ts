import test from 'ava';
import {findCommand} from '../../src/cli/find-command.ts';
import {split} from '../../src/cli/split.ts';

const find = (line: string): string => {
  const words = line.split(' ').filter((word) => word !== '');
  return findCommand(() => words.shift()).name;
};

for (const [line, name] of [
  ['version', 'version'],
  ['vers', 'version'],
  ['flavor list', 'flavor list'],
  ['fl li', 'flavor list'],
  ['flavor show fly', 'flavor show'],
  ['__complete pods', '__complete'],
] as const)
  test(`command: ${line}`, (t) => t.is(find(line), name));

for (const [line, code, fields] of [
  ['', 'RKT_COMMAND_MISSING', {group: ''}],
  ['flavor', 'RKT_COMMAND_MISSING', {group: 'flavor'}],
  ['vresion', 'RKT_COMMAND_UNKNOWN', {command: 'vresion', suggestions: ['"rkt version"']}],
  ['flavor lits', 'RKT_COMMAND_UNKNOWN', {command: 'flavor lits', suggestions: ['"rkt flavor list"']}],
  ['toString', 'RKT_COMMAND_UNKNOWN', {command: 'toString'}],
  ['__proto__', 'RKT_COMMAND_UNKNOWN', {command: '__proto__'}],
  ['__comp', 'RKT_COMMAND_UNKNOWN', {command: '__comp'}],
] as const)
  test(`no command: ${line || 'nothing'}`, (t) =>
    t.like(
      t.throws(() => find(line)),
      {code, fields},
    ));

test('a missing command exits 2, an unknown one 254', (t) => {
  t.like(
    t.throws(() => find('flavor')),
    {exitCode: 2},
  );
  t.like(
    t.throws(() => find('nonsense')),
    {exitCode: 254},
  );
});

test('a prefix of several commands names them', (t) => {
  const error = t.throws<Error & {code: string; fields: {candidates: string[]}}>(() => find('co'));
  t.is(error.code, 'RKT_COMMAND_AMBIGUOUS');
  t.true(error.fields.candidates.includes('completion'));
  t.true(error.fields.candidates.includes('config'));
});

test('global flags stand before, between and after the words of a command', (t) => {
  const typed = split(['--dir=/a', 'flavor', '--debug', 'list', '--format', 'json']);
  t.like(typed, {before: ['--dir=/a', '--debug'], after: ['--format', 'json'], found: {name: 'flavor list'}});
});

test('the value of a global flag is no command', (t) => {
  t.like(split(['--dir', 'version', 'config']), {before: ['--dir', 'version'], found: {name: 'config'}});
});

for (const [argv, help] of [
  [['--help'], ''],
  [['-h'], ''],
  [['flavor', '--help'], 'flavor'],
  [['--help', 'nonsense'], 'nonsense'],
] as const)
  test(`help: ${argv.join(' ')}`, (t) => t.deepEqual(split(argv), {help}));
