import path from 'node:path';
import {env} from 'node:process';
import {attempt, obstacle, openWorld, selectCases} from '@rkt/plugin-sdk/kit';
import test from 'ava';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand, root} from '../helpers/command.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {slowly} from '../helpers/slowly.ts';

/* The kit with flavors from outside: those of examples/ keep what they declare. `RKT_TEST_LONG=1` tries all of its cases, else some. */

const EXAMPLES = {
  bubblewrap: lacks('program/bwrap'),
  crun: lacks('program/crun'),
  python: lacks('program/python3'),
} as const;

const SAMPLE = [
  ...['EX-02/read-only', 'EX-24/null', 'EX-25/environment', 'EX-33/again', 'EX-33/properties', 'EX-33/read-back'],
  ...[
    'EX-38/errno',
    'EX-43/verified',
    'EX-48/default',
    'EX-48/denied',
    'IM-15/none',
    'IM-16/user',
    'PO-01/pid',
    'PO-09/verified',
  ],
  ...['S01/defaults', 'S06/ordinary', 'gc/stopped', 'run/ended-by-INT', 'run/gets-TERM', 'run/killed-by-TERM'],
  ...['run/killed-rkt', 'stop/main-alone', 'stop/traps'],
];

const cases = selectCases(env.RKT_TEST_LONG === '1' ? {} : {ids: SAMPLE});
const limited = atMost(3);
const lackingPods = lacksPods();
/** Its images are those of all. */
const base =
  lackingPods === undefined
    ? await openWorld({
        ...{rkt: rktCommand, flavor: 'fly'},
        ...(env.RKT_TEST_DIRECTORY && {parent: env.RKT_TEST_DIRECTORY}),
      })
    : undefined;

// Ava wants all tests to be declared at once, and what comes after them.
const flavors = await Promise.all(
  Object.entries(EXAMPLES).map(async ([name, lackingProgram]) => {
    const lacking = lackingPods ?? lackingProgram;
    const world = lacking === undefined ? await base?.with(path.join(root, 'examples', name)) : undefined;
    return {name, lacking, world};
  }),
).catch(async (error) => {
  await base?.close();
  throw error;
});
test.after.always(() => base?.close());

for (const {name, lacking, world} of flavors) {
  for (const one of cases) {
    const why = world && obstacle(world, one);
    if (why?.result === 'not declared') continue;
    testIf(lacking ?? why?.because)(`${name}: ${one.id} ${one.title}`, async (t) => {
      if (world === undefined) return t.fail('there is no world');
      await limited(async () => {
        // From its turn on: all tests begin at once.
        t.timeout(slowly(300_000));
        const {result, because} = await attempt(world, one);
        t.is(result, 'passed', because);
      });
    });
  }
}
