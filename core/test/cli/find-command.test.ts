import test from 'ava';
import {findCommand} from '../../src/cli/find-command.ts';
import {split} from '../../src/cli/split.ts';

const find = async (line: string): Promise<string> => {
  const words = line.split(' ').filter((word) => word !== '');
  return (await findCommand(() => words.shift())).name;
};

for (const [line, name] of [
  ['version', 'version'],
  ['vers', 'version'],
  ['flavor list', 'flavor list'],
  ['fl li', 'flavor list'],
  ['flavor show fly', 'flavor show'],
  ['__complete pods', '__complete'],
] as const)
  test(`command: ${line}`, async (t) => t.is(await find(line), name));

for (const [line, code, fields] of [
  ['', 'RKT_COMMAND_MISSING', {group: ''}],
  ['flavor', 'RKT_COMMAND_MISSING', {group: 'flavor'}],
  ['vresion', 'RKT_COMMAND_UNKNOWN', {command: 'vresion', suggestions: ['"rkt version"']}],
  ['flavor lits', 'RKT_COMMAND_UNKNOWN', {command: 'flavor lits', suggestions: ['"rkt flavor list"']}],
  ['toString', 'RKT_COMMAND_UNKNOWN', {command: 'toString'}],
  ['__proto__', 'RKT_COMMAND_UNKNOWN', {command: '__proto__'}],
  ['__comp', 'RKT_COMMAND_UNKNOWN', {command: '__comp'}],
] as const)
  test(`no command: ${line || 'nothing'}`, async (t) => {
    t.like(await t.throwsAsync(find(line)), {code, fields});
  });

test('a missing command exits 2, an unknown one 254', async (t) => {
  t.like(await t.throwsAsync(find('flavor')), {exitCode: 2});
  t.like(await t.throwsAsync(find('nonsense')), {exitCode: 254});
});

test('a prefix of several commands names them', async (t) => {
  const error = await t.throwsAsync<Error & {code: string; fields: {candidates: string[]}}>(find('co'));
  t.is(error?.code, 'RKT_COMMAND_AMBIGUOUS');
  t.true(error?.fields.candidates.includes('completion'));
  t.true(error?.fields.candidates.includes('config'));
});

test('global flags stand before, between and after the words of a command', async (t) => {
  const typed = await split(['--dir=/a', 'flavor', '--debug', 'list', '--format', 'json']);
  t.like(typed, {before: ['--dir=/a', '--debug'], after: ['--format', 'json'], found: {name: 'flavor list'}});
});

test('the value of a global flag is no command', async (t) => {
  t.like(await split(['--dir', 'version', 'config']), {before: ['--dir', 'version'], found: {name: 'config'}});
});

for (const [argv, help] of [
  [['--help'], ''],
  [['-h'], ''],
  [['flavor', '--help'], 'flavor'],
  [['--help', 'nonsense'], 'nonsense'],
] as const)
  test(`help: ${argv.join(' ')}`, async (t) => t.deepEqual(await split(argv), {help}));

for (const [line, before, after, name] of [
  ['--full list', ['--full'], [], 'list'],
  ['--no-legend --full image list', ['--no-legend', '--full'], [], 'image list'],
  ['--grace-period 0s gc', ['--grace-period', '0s'], [], 'gc'],
  ['--uuid-file=x --force stop', ['--uuid-file=x', '--force'], [], 'stop'],
  ['--stage1=fly run x', ['--stage1=fly'], ['x'], 'run'],
  ['--version', [], [], 'version'],
  ['--version --format=json', [], ['--format=json'], 'version'],
] as const)
  test(`before the command, too: ${line}`, async (t) => {
    t.like(await split(line.split(' ')), {before: [...before], after: [...after], found: {name}});
  });

for (const line of ['--nonsense list', '-f logs x'])
  test(`nothing before the command: ${line}`, async (t) => {
    t.like(await t.throwsAsync(split(line.split(' '))), {code: 'RKT_FLAG_UNKNOWN'});
  });

for (const [line, hint] of [
  ['ps', 'rkt list'],
  ['images', 'rkt image list'],
  ['exec', 'rkt enter'],
  ['kill', 'rkt stop --force'],
  ['inspect', 'rkt status'],
  ['pull', 'rkt fetch'],
  ['image ls', 'rkt image list'],
  ['trust', 'not there yet'],
  ['app list', 'not there yet'],
  ['attach', 'not there yet'],
  ['api-service', 'not there yet'],
  ['metadata-service', 'not there yet'],
] as const)
  test(`what people type: ${line}`, async (t) => {
    const error = await t.throwsAsync<Error & {code: string; hint: string}>(find(line));
    t.is(error?.code, 'RKT_COMMAND_UNKNOWN');
    t.true(error?.hint.includes(hint), error?.hint);
  });
