import path from 'node:path';
import {env} from 'node:process';
import {attempt, obstacle, openWorld, selectCases, type World} from '@rkt/plugin-sdk/kit';
import test from 'ava';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand, root} from '../helpers/command.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {slowly} from '../helpers/slowly.ts';

/* The kit with flavors from outside: those of examples/, and the one that `rkt flavor new` makes, keep what they declare. `RKT_TEST_LONG=1` tries all of its cases, else some. */

const FLAVORS = {
  bubblewrap: lacks('program/bwrap'),
  crun: lacks('program/crun'),
  made: undefined,
  python: lacks('program/python3'),
} as const;
type Name = keyof typeof FLAVORS;

const SAMPLE = [
  ...['EX-02/read-only', 'EX-24/null', 'EX-33/properties', 'EX-33/read-back', 'EX-38/errno', 'EX-43/verified'],
  ...['EX-48/default', 'EX-48/denied', 'PO-09/verified', 'S01/defaults'],
  ...['gc/stopped', 'run/gets-TERM', 'run/killed-rkt'],
];
/** And some of one flavor each. */
const OWN: Readonly<Record<Name, readonly string[]>> = {
  bubblewrap: ['EX-25/environment', 'PO-01/pid', 'run/killed-by-TERM'],
  crun: ['EX-33/again', 'IM-16/user', 'run/ended-by-INT', 'stop/main-alone'],
  made: ['stop/ends'],
  python: ['IM-15/none', 'S06/ordinary', 'stop/traps'],
};

const casesOf = (name: Name) => selectCases(env.RKT_TEST_LONG === '1' ? {} : {ids: [...SAMPLE, ...OWN[name]]});
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

/** Where a flavor is. */
const placeOf = async (name: Name, {rkt, directory}: World): Promise<string> => {
  if (name !== 'made') return path.join(root, 'examples', name);
  const {status, stderr} = await rkt(['flavor', 'new', name]);
  if (status !== 0) throw new Error(stderr);
  return path.join(directory, name);
};

// Ava wants all tests to be declared at once, and what comes after them.
const flavors = await Promise.all(
  (Object.keys(FLAVORS) as Name[]).map(async (name) => {
    const lacking = lackingPods ?? FLAVORS[name];
    const world = lacking === undefined ? await base?.with(await placeOf(name, base)) : undefined;
    return {name, lacking, world};
  }),
).catch(async (error) => {
  await base?.close();
  throw error;
});
test.after.always(() => base?.close());

for (const {name, lacking, world} of flavors) {
  for (const one of casesOf(name)) {
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
