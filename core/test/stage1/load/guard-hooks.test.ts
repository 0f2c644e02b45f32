import test from 'ava';
import type {Flavor, Step} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {guardHooks} from '../../../src/stage1/load/guard-hooks.ts';
import {MAX_CONTENT, MAX_STEPS} from '../../../src/stage1/load/plain-steps.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';
import {makePlan} from '../../support/make-plan.ts';

/* S10: what a flavor returns is data of bounded size, the same whenever it is asked the same. In time: conversation.test.ts. */

const flavorWith = (changes: Partial<Flavor>): Flavor => ({
  declaration: declaration(),
  probe: () => [],
  filesystem: () => [],
  environment: () => [],
  launch: (of) => ({
    into: 'rootfs',
    root: {in: 'rootfs', app: of.apps[0]?.name ?? ('' as never), path: '/' as never},
    process: of.apps[0]?.process ?? ({} as never),
    passSockets: false,
  }),
  ...changes,
});

test('hooks return what they return as data, and what they throw is coded', (t) => {
  const boom = new TypeError('boom');
  const flavor = guardHooks(
    flavorWith({
      probe: () => [{severity: 'note', what: 'x'}],
      appCgroup: (_pod, app) => `payload/${app.name}`,
      // A function is no data.
      enter: (() => () => []) as never,
      stop: () => {
        throw boom;
      },
    }),
  );
  t.deepEqual(flavor.probe(hostFacts()), [{severity: 'note', what: 'x'}]);
  t.is(flavor.appCgroup?.(pod(), pod().apps[0] as never), `payload/${pod().apps[0]?.name}`);
  const error = t.throws(() => flavor.stop?.(pod() as never, true), {instanceOf: RktError});
  t.like(error, {code: 'RKT_FLAVOR_FAILED', fields: {hook: 'stop'}, cause: boom});
  t.is(flavor.enter?.(pod() as never, {} as never, [], hostFacts()), undefined);
  t.is(flavor.appProcess, undefined);
});

test('a hook that leaves it to chance, a clock or its own memory is found out', (t) => {
  let count = 0;
  for (const hook of [() => [{count: count++}], () => [{at: process.hrtime()}], () => [{id: Math.random()}]]) {
    const flavor = guardHooks(flavorWith({filesystem: hook as never}));
    const error = t.throws(() => flavor.filesystem(pod(), hostFacts()), {instanceOf: RktError});
    t.like(error, {code: 'RKT_FLAVOR_IMPURE', fields: {hook: 'filesystem'}});
  }
});

test('what a hook finds, and how it stops, is checked before it is used', (t) => {
  const wrong = guardHooks(flavorWith({probe: () => [{what: 'x'}] as never, stop: () => [{do: 'shoot'}] as never}));
  for (const ask of [() => wrong.probe(hostFacts()), () => wrong.stop?.(pod() as never, false)]) {
    t.is(t.throws(ask, {instanceOf: RktError}).code, 'RKT_FLAVOR_PLAN_INVALID');
  }
});

const write = (length: number): Step => ({
  id: `file.${length}`,
  do: 'write',
  target: {in: 'pod', path: 'x' as never},
  content: 'x'.repeat(length),
  mode: 0o600,
  uid: 0,
  gid: 0,
});
const planOf = (steps: unknown) =>
  makePlan(
    {
      flavor: flavorWith({
        filesystem: () => [{id: 'namespace', do: 'namespace', unshare: ['mount']}],
        environment: () => steps as never,
      }),
      digest: '',
    },
    pod(),
    hostFacts(),
  );

test('S10 a file of 1 MiB is written, a longer one is refused', (t) => {
  t.is(planOf([write(MAX_CONTENT)]).environment.length, 1);
  t.throws(() => planOf([write(MAX_CONTENT + 1)]), {code: 'RKT_FLAVOR_PLAN_TOO_LARGE'} as never);
  // In characters of several bytes.
  t.throws(() => planOf([{...write(0), content: 'é'.repeat(MAX_CONTENT / 2 + 1)}]), {
    code: 'RKT_FLAVOR_PLAN_TOO_LARGE',
  } as never);
});

test('S10 too many steps, and too many bytes in all, are refused before they become one text', (t) => {
  const steps = (count: number) => Array.from({length: count}, (_, index) => ({...write(0), id: `file.${index}`}));
  t.is(planOf(steps(MAX_STEPS)).environment.length, MAX_STEPS);
  const code = 'RKT_FLAVOR_PLAN_TOO_LARGE';
  t.throws(() => planOf(steps(MAX_STEPS + 1)), {code} as never);
  t.throws(() => planOf(Array.from({length: 100}, (_, index) => ({...write(MAX_CONTENT), id: `file.${index}`}))), {
    code,
  } as never);
  t.throws(() => planOf({length: 'x'.repeat(80 * 2 ** 20)}), {code} as never);
});
