import {env} from 'node:process';
import {attempt, openWorld, selectCases} from '@rkt/plugin-sdk/kit';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand} from '../helpers/command.ts';
import {lacksMachines} from '../helpers/kvm.ts';
import {testIf} from '../helpers/skip.ts';

/* Cases of the kit with pods in machines: what `rkt flavor test kvm` tries. Here a sample; with RKT_TEST_LONG=1 those about what enters and how an app ends, too. */

const SAMPLE = ['enter/status', 'S01/user'];
const LONG = [
  ...[
    'S01/defaults',
    'S01/limits',
    'S04/entered',
    'S04/entered-sockets',
    'S04/stopped',
    'S35/inherited',
    'S35/signals',
  ],
  ...[0, 2, 64, 126, 128, 137, 143, 254, 255].map((status) => `run/status-${status}`),
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT'].map((signal) => `run/ends-by-${signal}`),
];

const limited = atMost(4);

testIf(lacksMachines())('cases of the kit hold in machines', async (t) => {
  t.timeout(60 * 60_000);
  const world = await openWorld({
    rkt: rktCommand,
    flavor: 'kvm',
    ...(env.RKT_TEST_DIRECTORY && {parent: env.RKT_TEST_DIRECTORY}),
  });
  try {
    const cases = selectCases({ids: env.RKT_TEST_LONG === '1' ? [...SAMPLE, ...LONG] : SAMPLE});
    const outcomes = await Promise.all(cases.map((one) => limited(() => attempt(world, one))));
    for (const {id, result, because} of outcomes) t.is(result, 'passed', `${id}: ${because}`);
  } finally {
    await world.close();
  }
});
