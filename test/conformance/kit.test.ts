import {attempt, obstacle, openWorld, table, type World} from '@rkt/plugin-sdk/kit';
import test from 'ava';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand} from '../helpers/command.ts';
import {flavor} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* The cases of the kit, each a test: what `rkt flavor test` tries of any flavor holds for those of rkt. */

const lacking = lacksPods();
const world: World | undefined =
  lacking === undefined
    ? await openWorld({
        rkt: rktCommand,
        flavor,
        ...(process.env.RKT_TEST_DIRECTORY && {parent: process.env.RKT_TEST_DIRECTORY}),
      })
    : undefined;
test.after.always(() => world?.close());
const limited = atMost(4);

for (const one of table) {
  const why = world === undefined ? undefined : obstacle(world, one);
  if (why?.result === 'not declared') continue;
  testIf(lacking ?? why?.because)(`${one.id} ${one.title}`, async (t) => {
    if (world === undefined) return t.fail('there is no world');
    const {result, because} = await limited(() => attempt(world, one));
    t.is(result, 'passed', because);
  });
}
