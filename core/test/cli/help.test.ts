import test from 'ava';
import {defineCommand} from '../../src/cli/command.ts';
import {commandHelp} from '../../src/cli/help.ts';

const command = defineCommand({
  name: 'pod list',
  summary: 'List pods',
  usage: 'IMAGE [-- ARGS…]',
  description: `First paragraph that is written
    over two lines.

    Second.`,
  flags: {
    'no-legend': {type: 'boolean', help: 'leave out the heading'},
    order: {type: 'string', value: 'ORDER', choices: ['asc', 'desc'], default: 'asc', help: 'how to sort'},
    wait: {type: 'optional', value: 'TIME', implied: 'true', help: 'wait for the end'},
    'a-very-long-name-of-a-flag-with-a-value': {type: 'list', value: 'VALUE', help: 'goes on its own line'},
    secret: {type: 'boolean', hidden: true, help: 'not shown'},
    exec: {type: 'string', perImage: true, value: 'PROGRAM', help: 'run this'},
  },
  examples: [{command: 'rkt pod list', does: 'all of them'}],
  run: async () => 0,
});

test('the help of a command', (t) => {
  const lines = commandHelp(command as never);
  t.deepEqual(lines.slice(0, lines.indexOf('GLOBAL OPTIONS:')), [
    'NAME:',
    '  rkt pod list - List pods',
    '',
    'USAGE:',
    '  rkt pod list IMAGE [-- ARGS…]',
    '',
    'DESCRIPTION:',
    '  First paragraph that is written over two lines.',
    '',
    '  Second.',
    '',
    'EXAMPLES:',
    '  rkt pod list',
    '      all of them',
    '',
    'OPTIONS:',
    '  --a-very-long-name-of-a-flag-with-a-value=VALUE',
    '                                    goes on its own line (may be repeated)',
    '  --no-legend                       leave out the heading',
    '  --order=ORDER                     how to sort (one of asc, desc; default asc)',
    '  --wait[=TIME]                     wait for the end',
    '',
    'OPTIONS OF EACH IMAGE:',
    '  --exec=PROGRAM  run this',
    '',
  ]);
});

test('a command that takes a UUID says what else may stand there', (t) => {
  const usageOf = (usage: string) =>
    commandHelp({...command, usage} as never).filter((line) => line.includes('--pod-name'));
  t.is(usageOf('[flags] UUID…').length, 1);
  t.is(usageOf('IMAGE').length, 0);
});
