import test from 'ava';
import {makeRandom} from '../../../../test/fuzz/random.ts';
import {type Feature, PROPERTIES} from '../../../src/contract/declaration.ts';
import type {Declaration, HostFacts, Plan, Pod, Support} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {STRENGTHS, type Strength, strengthsOf} from '../../../src/stage1/choice/strengths.ts';
import {checkIpc} from '../../../src/stage1/negotiation/check-ipc.ts';
import {negotiate} from '../../../src/stage1/negotiation/negotiate.ts';
import {lackOf} from '../../../src/stage1/policy/holds.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';

/*
 * What a pod is told to have of its own (strengths.ts) is what a rule that requires it takes for had (holds.ts), of whatever flavor, host and pod; tried with many that are made of a seed, which a failed test
 * prints.
 */

const CASES = process.env.RKT_TEST_LONG ? 20_000 : 1000;

const LEVELS: readonly Support[] = [
  {level: 'enforced', mechanism: 'test'},
  {level: 'enforced', mechanism: 'test', requires: ['user-namespaces']},
  {level: 'equivalent', mechanism: 'test', consequence: 'it is another way'},
  {level: 'impossible', consequence: 'it is so'},
  {level: 'unproved', mechanism: 'test', consequence: 'its word'},
  {level: 'not-applicable', consequence: 'it is so'},
];
const ASKED = ['ipc/private', 'network/none', 'network/host', 'user-namespace'] as const satisfies Feature[];

interface World {
  readonly its: Declaration;
  readonly host: HostFacts;
  readonly asked: Pod;
  readonly allowDegraded: readonly string[];
}

const makeWorld = (seed: string): World => {
  const {once, pick} = makeRandom(seed);
  const features = {
    ...declaration().features,
    ...Object.fromEntries(ASKED.map((name) => [name, pick(LEVELS)])),
  } as Declaration['features'];
  return {
    its: declaration({features, properties: PROPERTIES.filter(() => once(3))}),
    host: hostFacts({
      userNamespaces: once(2),
      ...(once(3) && {rootless: {users: 2, groups: 2, changesGroups: true}}),
    }),
    asked: pod({
      network: {mode: once(2) ? 'none' : 'host', names: []},
      ipc: pick(['auto', 'private', 'host']),
      userNamespace: once(2),
      idMap: {base: 2 ** 19, count: once(4) ? 0 : 2 ** 16},
    }),
    allowDegraded: ASKED.filter(() => once(2)),
  };
};

test('what a pod has of its own is what a rule that requires it takes for had', (t) => {
  const seen = new Map<Strength, Set<boolean>>();
  for (let index = 0; index < CASES; index++) {
    const seed = `strengths ${index}`;
    const {its, host, asked, allowDegraded} = makeWorld(seed);
    const negotiated = outcome(() => negotiate({declaration: its, findings: [], pod: asked, host, allowDegraded}));
    if (negotiated === undefined) continue;
    const {pod: runs, report} = negotiated;
    const plan = planOf(its, runs, host);
    const has = strengthsOf({properties: its.properties, pod: runs, entries: report.entries, plan});
    for (const name of STRENGTHS) {
      const holds = required(name).some((each) => lackOf(each, {declaration: its, host, pod: runs}) === undefined);
      t.is(has.includes(name), holds, `${seed}: ${name}`);
      seen.set(name, (seen.get(name) ?? new Set()).add(holds));
    }
  }
  t.deepEqual(
    STRENGTHS.map((name) => seen.get(name)?.size),
    STRENGTHS.map(() => 2),
  );
});

/** As a flavor makes it that gives no more than it has to. */
const planOf = (its: Declaration, runs: Pod, host: HostFacts): Plan => {
  const leaving = (...kinds: readonly ('ipc' | 'pid')[]) =>
    ({
      filesystem: [{id: 'namespace', do: 'namespace', unshare: ['mount', ...kinds]}],
      environment: [],
      launch: {into: 'rootfs'},
    }) as unknown as Plan;
  const pids = host.rootless === undefined ? ([] as const) : (['pid'] as const);
  const mustHaveIpc = outcome(() => checkIpc(its, leaving(), runs, host) ?? 'passes') === undefined;
  return leaving(...pids, ...(mustHaveIpc ? (['ipc'] as const) : []));
};

/** Whose kernel is its own has no users of the host; rules call the two by their names. */
const required = (name: Strength): readonly string[] => (name === 'own-user-ids' ? [name, 'own-kernel'] : [name]);

/** `undefined`: the flavor refuses the pod. */
const outcome = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch (error) {
    if (error instanceof RktError && ['RKT_FLAVOR_CANNOT', 'RKT_FLAVOR_PLAN_INVALID'].includes(error.code))
      return undefined;
    throw error;
  }
};
