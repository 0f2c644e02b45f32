import {env} from 'node:process';
import {attempt, openWorld, selectCases} from '@rkt/plugin-sdk/kit';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand} from '../helpers/command.ts';
import {lacksMachines} from '../helpers/kvm.ts';
import {testIf} from '../helpers/skip.ts';

/* Cases of the kit with pods in machines: what `rkt flavor test kvm` tries. Here a sample; with RKT_TEST_LONG=1 every case of what the flavor promises. */

const SAMPLE = [
  ...[
    'enter/status',
    'S01/user',
    'EX-24/null',
    'EX-24/one-pipe',
    'EX-38/errno',
    'EX-38/kills',
    'S32/unique',
    'EX-31/memory',
  ],
];

const limited = atMost(4);

testIf(lacksMachines())('cases of the kit hold in machines', async (t) => {
  t.timeout(3 * 60 * 60_000);
  const world = await openWorld({
    rkt: rktCommand,
    flavor: 'kvm',
    ...(env.RKT_TEST_DIRECTORY && {parent: env.RKT_TEST_DIRECTORY}),
  });
  try {
    const cases = selectCases(env.RKT_TEST_LONG === '1' ? {} : {ids: SAMPLE});
    const outcomes = await Promise.all(cases.map((one) => limited(() => attempt(world, one))));
    const unkept = outcomes.filter(({result}) => result !== 'passed' && result !== 'not declared');
    t.deepEqual(unkept, []);
  } finally {
    await world.close();
  }
});
