import test from 'ava';
import type {Flags} from '../../src/cli/command.ts';
import {parse} from '../../src/cli/parse.ts';

const flags = {
  all: {type: 'boolean', short: 'a', help: ''},
  on: {type: 'boolean', default: true, help: ''},
  text: {type: 'string', short: 't', help: ''},
  sort: {type: 'string', choices: ['asc', 'desc'], default: 'asc', help: ''},
  each: {type: 'list', help: ''},
  wait: {type: 'optional', implied: 'true', help: ''},
} as const satisfies Flags;

const plain = {all: false, on: true, text: undefined, sort: 'asc', each: [], wait: undefined};

for (const [line, changed, positionals] of [
  ['', {}, []],
  ['--all', {all: true}, []],
  ['--all=false', {all: false}, []],
  ['--all=T --on=0', {all: true, on: false}, []],
  ['--all false', {all: true}, ['false']],
  ['--text=v', {text: 'v'}, []],
  ['--text v', {text: 'v'}, []],
  ['--text --all', {text: '--all'}, []],
  ['--text=a=b', {text: 'a=b'}, []],
  ['--text a --text b', {text: 'b'}, []],
  ['--each a --each=b,c', {each: ['a', 'b,c']}, []],
  ['--wait x', {wait: 'true'}, ['x']],
  ['--wait=5s', {wait: '5s'}, []],
  ['--sort=desc', {sort: 'desc'}, []],
  ['-a -t v', {all: true, text: 'v'}, []],
  ['-tv', {text: 'v'}, []],
  ['-t=v', {text: 'v'}, []],
  ['x --all y', {all: true}, ['x', 'y']],
  ['x -- --all', {}, ['x', '--all']],
  ['-- -- x', {}, ['--', 'x']],
  ['- ---', {}, ['-', '---']],
] as const)
  test(`flags: ${line || 'nothing'}`, (t) => {
    const parsed = parse(
      {name: 'x'},
      flags,
      line.split(' ').filter((word) => word !== ''),
    );
    t.deepEqual({...parsed.flags}, {...plain, ...changed});
    t.deepEqual(parsed.positionals, positionals);
  });

for (const [line, code, fields] of [
  ['--texd=v', 'RKT_FLAG_UNKNOWN', {command: 'x', flag: '--texd', suggestions: ['--text']}],
  ['--zzzzzz', 'RKT_FLAG_UNKNOWN', {command: 'x', flag: '--zzzzzz', suggestions: []}],
  ['--__proto__=1', 'RKT_FLAG_UNKNOWN', {command: 'x', flag: '--__proto__', suggestions: []}],
  ['--toString', 'RKT_FLAG_UNKNOWN', {command: 'x', flag: '--toString', suggestions: []}],
  ['-z', 'RKT_FLAG_UNKNOWN', {command: 'x', flag: '-z', suggestions: []}],
  ['--text', 'RKT_FLAG_VALUE_MISSING', {command: 'x', flag: 'text'}],
  ['--text=', 'RKT_FLAG_VALUE_INVALID', {flag: 'text', value: ''}],
  ['--all=maybe', 'RKT_FLAG_BOOLEAN_INVALID', {command: 'x', flag: 'all', value: 'maybe'}],
  ['--all=', 'RKT_FLAG_BOOLEAN_INVALID', {command: 'x', flag: 'all', value: ''}],
  ['--all=toString', 'RKT_FLAG_BOOLEAN_INVALID', {command: 'x', flag: 'all', value: 'toString'}],
  ['--sort=up', 'RKT_FLAG_CHOICE_INVALID', {command: 'x', flag: 'sort', value: 'up', choices: ['asc', 'desc']}],
] as const)
  test(`flags refused: ${line}`, (t) => {
    t.like(
      t.throws(() => parse({name: 'x'}, flags, line.split(' '))),
      {code, fields},
    );
  });

test('after the first positional of a command for a program, nothing is a flag', (t) => {
  const command = {name: 'enter', imageGrammar: true};
  const parsed = parse(command, flags, ['--all', 'uuid', 'ls', '--all', '--', '-l']);
  t.deepEqual(parsed.positionals, ['uuid', 'ls', '--all', '--', '-l']);
  t.true(parsed.flags.all);
  t.deepEqual(parse(command, flags, ['--', 'uuid', '--all']).positionals, ['uuid', '--all']);
});
