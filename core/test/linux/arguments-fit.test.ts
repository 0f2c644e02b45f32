import test from 'ava';
import {assertArgumentsFit} from '../../src/linux/arguments-fit.ts';

const STRING = 128 * 1024;
const STACK = 8 * 1024 * 1024;
const process = (argv: readonly string[], values: readonly string[] = [], stack?: number) => ({
  argv: [...argv],
  env: values.map((value, index) => ({name: `V${index}`, value})),
  rlimits: stack === undefined ? [] : [{name: 'stack' as const, soft: stack, hard: null}],
});
const refuses = (of: ReturnType<typeof process>, what: string, inherited: number | null = STACK) => ({
  code: 'RKT_EXEC_ARGUMENTS_TOO_LARGE',
  fields: {program: of.argv[0], what},
  inherited,
});

test('EX-16 one argument or variable has at most 128 KiB, with its end', (t) => {
  for (const [of, what] of [
    [process(['/bin/a', 'x'.repeat(STRING)]), 'argument 1'],
    [process(['/bin/a'], ['', 'x'.repeat(STRING - 'V1='.length)]), 'variable V1'],
    [process(['/bin/a', 'é'.repeat(STRING / 2)]), 'argument 1'],
  ] as const) {
    const {inherited, ...expected} = refuses(of, what);
    t.like(
      t.throws(() => assertArgumentsFit(of, inherited)),
      expected,
    );
  }
  t.notThrows(() => assertArgumentsFit(process(['/bin/a', 'x'.repeat(STRING - 1)]), STACK));
  t.notThrows(() => assertArgumentsFit(process(['/bin/a'], ['x'.repeat(STRING - 1 - 'V0='.length)]), STACK));
});

test('EX-16 all together have a quarter of the stack, at least 128 KiB and at most 6 MiB', (t) => {
  const kibibytes = (count: number, stack?: number) =>
    process(
      ['/bin/a'],
      Array.from({length: count / 16}, () => 'x'.repeat(16 * 1024)),
      stack,
    );
  const fits = (count: number, stack: number | null, own?: number) => {
    try {
      assertArgumentsFit(kibibytes(count, own), stack);
      return true;
    } catch {
      return false;
    }
  };
  t.true(fits(2000, STACK));
  t.false(fits(2048, STACK));
  t.true(fits(96, 4096));
  t.false(fits(128, 4096));
  t.true(fits(5900 - (5900 % 16), null));
  t.false(fits(6144, null));
  t.false(fits(2000, STACK, STACK / 2));
  t.true(fits(4000, STACK, STACK * 2));
});
