import test from 'ava';
import {findProgram, PROGRAM_DIRECTORIES} from '../../src/linux/programs.ts';

test('a program is found in the system directories only', (t) => {
  const found = findProgram('sh') ?? '';
  t.true(PROGRAM_DIRECTORIES.some((directory) => found === `${directory}/sh`));
});

test('S25 PATH says nothing, and a name is not a path', (t) => {
  const {PATH} = process.env;
  process.env.PATH = '/nowhere';
  try {
    t.truthy(findProgram('sh'));
    t.is(findProgram('../bin/sh'), undefined);
    t.is(findProgram('/bin/sh'), undefined);
    t.is(findProgram(''), undefined);
    t.is(findProgram('.'), undefined);
    t.is(findProgram('no-such-program-anywhere'), undefined);
  } finally {
    process.env.PATH = PATH;
  }
});
