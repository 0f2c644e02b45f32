import test from 'ava';
import type {FlagValues} from '../../src/cli/command.ts';
import {globalFlags} from '../../src/cli/globals.ts';
import {appFlags, podFlags, runFlags} from '../../src/cli/grammar/flags.ts';
import {parsePodArguments} from '../../src/cli/grammar/pod.ts';
import {parseRunFlags} from '../../src/cli/grammar/run.ts';
import {parse} from '../../src/cli/parse.ts';
import {split} from '../../src/cli/split.ts';
import {RktError} from '../../src/rkt-error.ts';

/** A repeatable source of numbers below 2^32 (mulberry32). */
const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return (mixed ^ (mixed >>> 14)) >>> 0;
};

const RUNS = process.env.RKT_TEST_LONG ? 20_000 : 5000;

const runTable = {...podFlags, ...runFlags, ...appFlags};
const words = [
  ...['', '-', '--', '---', '----', '-x', '-h', '--=', '--=x', '=', '--__proto__', '--constructor=1', '__proto__'],
  ...[
    'a',
    'sha512-',
    'name,kind=empty',
    'v,kind=host,source=/%',
    'A=1',
    '=',
    ',',
    ',,',
    ':',
    'x:1:2:3',
    '1e9',
    '-1',
    '0x',
  ],
  ...[
    'volume=v,target=/',
    'mode=retain,',
    '%',
    '%zz',
    '\u202e',
    '\ud800',
    '\x1b[2J',
    'x'.repeat(5000),
    '9'.repeat(400),
  ],
  ...['flavor', 'list', 'version', 'co', 'help', '/dev/null', '/dev', '/nowhere', 'all', 'none', 'true', 'false'],
  ...Object.keys(runTable).flatMap((flag) => [`--${flag}`, `--${flag}=`]),
  ...Object.keys(globalFlags).map((flag) => `--${flag}`),
];

const argvOf = (seed: number): string[] => {
  const random = randomFrom(seed);
  const pick = () => words[random() % words.length] ?? '';
  return Array.from({length: random() % 12}, () => {
    const word = pick();
    return word.endsWith('=') && word.length > 1 ? word + pick() : word;
  });
};

/** Whatever is thrown must be an error with a code, whose text can be written. */
const onlyRktErrors = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return faultOf(error);
  }
};

const faultOf = (error: unknown): string | undefined =>
  error instanceof RktError && error.hint !== undefined && error.code.startsWith('RKT_')
    ? undefined
    : String((error as Error).stack);

test('no arguments whatever make the grammar of run fail otherwise than with a coded error', (t) => {
  for (let seed = 0; seed < RUNS; seed++) {
    const argv = argvOf(seed);
    const fault = onlyRktErrors(() => {
      const args = parse({name: 'run', imageGrammar: true}, runTable, argv);
      parseRunFlags(args.flags);
      parsePodArguments(args.flags as FlagValues<typeof runTable>, args.images);
    });
    if (fault !== undefined) t.fail(`${JSON.stringify(argv)}: ${fault}`);
  }
  t.pass();
});

test('no arguments whatever make the search for a command fail otherwise than with a coded error', async (t) => {
  for (let seed = 0; seed < RUNS; seed++) {
    const argv = argvOf(seed);
    const fault = await split(argv).then(() => undefined, faultOf);
    if (fault !== undefined) t.fail(`${JSON.stringify(argv)}: ${fault}`);
  }
  t.pass();
});
