import test from 'ava';
import {makeRandom, type Random} from '../../../../test/fuzz/random.ts';
import {PROPERTIES} from '../../../src/contract/declaration.ts';
import type {Declaration, Finding, Flavor, HostFacts, ImageId, Pod} from '../../../src/contract/index.ts';
import {isFit, type Seen} from '../../../src/stage1/choice/consider.ts';
import {type Decision, decide} from '../../../src/stage1/choice/decide.ts';
import {defaultFlavor} from '../../../src/stage1/choice/default-flavor.ts';
import {flavorChoice} from '../../../src/stage1/choice/flavor-choice.ts';
import {flavorNotFound} from '../../../src/stage1/errors.ts';
import {combine, type EffectivePolicy} from '../../../src/stage1/policy/combine.ts';
import {judge} from '../../../src/stage1/policy/judge.ts';
import {LAYERS, type Layer, type Rule, type SubjectApp} from '../../../src/stage1/policy/policy.ts';
import {NOT_SHARED} from '../../../src/stage1/policy/requirements.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';

/* What holds for all policies, pods, flavors and hosts, tried with many that are made of a seed, which a failed test prints. */

const CASES = process.env.RKT_TEST_LONG ? 20_000 : 400;

const NAMES = ['kvm', 'nspawn', 'fly', 'odd'] as const;
/** As rkt's own: the strongest by default first, and one that never runs unasked. */
const DEFAULTS = ['nspawn', 'fly'];
const OWN = ['fly', 'kvm', 'nspawn'];
const IMAGES = ['example.com/web', 'example.com/db', 'other.example/web'];
const DEGRADABLE = ['dns', 'hostname', 'resource/memory'];
const ACCEPTABLE = ['os/linux/oom-score-adj', 'resource/cpu'];
const REQUIRED = [
  ...PROPERTIES,
  ...Object.keys(NOT_SHARED),
  'user-namespace',
  'network/none',
  'enter',
  'resource/memory',
];

interface World {
  readonly rules: readonly Rule[];
  readonly apps: readonly SubjectApp[];
  readonly host: HostFacts;
  readonly pod: Pod;
  readonly flavors: readonly {readonly declaration: Declaration; readonly findings: readonly Finding[]}[];
  readonly asked: string | undefined;
  readonly configured: string | undefined;
}

const some = <T>({below, pick}: Random, from: readonly T[]): T[] => [
  ...new Set(Array.from({length: 1 + below(2)}, () => pick(from))),
];

const permission = (random: Random, names: readonly string[]): Rule['degrade'] => {
  const allow = random.once(2) ? some(random, names) : undefined;
  const forbidden = some(random, names).filter((name) => !allow?.includes(name));
  const forbid = random.once(3) ? 'all' : forbidden.length > 0 && random.once(2) ? forbidden : undefined;
  return {...(allow && {allow}), ...(forbid && {forbid})};
};

const makeRule = (random: Random, layer: Layer, index: number): Rule => {
  const maybe = (odds: number) => random.once(odds);
  return {
    name: `rule-${index}`,
    layer,
    file: `/${layer}/policy.d/a.yaml`,
    ...(maybe(2) && {
      match: {
        ...(maybe(2) && {images: some(random, ['example.com', ...IMAGES])}),
        ...(maybe(4) && {users: some(random, ['root', 'other'] as const)}),
        ...(maybe(6) && {labels: {version: some(random, ['1', '2'])}}),
        ...(maybe(6) && {host: {has: some(random, ['seccomp', 'landlock'] as const)}}),
      },
    }),
    ...(maybe(4) && {except: {images: some(random, IMAGES)}}),
    // Several, so that which comes first matters.
    ...(maybe(3) && {flavors: [...new Set(Array.from({length: 6}, () => random.pick(NAMES)))]}),
    ...(maybe(4) && {forbid: some(random, NAMES)}),
    ...(maybe(3) && {require: [some(random, REQUIRED), ...(maybe(3) ? [some(random, REQUIRED)] : [])]}),
    ...(maybe(3) && {degrade: permission(random, DEGRADABLE)}),
    ...(maybe(3) && {accept: permission(random, ACCEPTABLE)}),
  };
};

const makeWorld = (seed: string): World => {
  const random = makeRandom(seed);
  const {once, pick, below} = random;
  const rules = LAYERS.flatMap((layer) => Array.from({length: below(4)}, (_, index) => makeRule(random, layer, index)));
  const apps = Array.from({length: 1 + below(2)}, (_, index) => ({
    name: `app-${index}`,
    image: {id: `sha512-${'a'.repeat(128)}` as ImageId, name: pick(IMAGES)},
    labels: {version: pick(['1', '2'])},
    annotations: {},
    uid: pick([0, 1000]),
    isolators: [],
  }));
  const flavors = NAMES.filter(() => !once(6)).map((name) => {
    const whole = declaration({name, properties: PROPERTIES.filter(() => once(3))});
    const impossible = {level: 'impossible', consequence: 'it is so'} as const;
    return {
      declaration: {
        ...whole,
        features: {
          ...whole.features,
          ...(once(3) && {'user-namespace': impossible}),
          ...(once(3) && {'network/none': impossible}),
        },
      },
      findings: once(4) ? [{severity: 'missing', what: 'something'} as const] : [],
    };
  });
  const named = (odds: number) => (once(odds) && flavors.length > 0 ? pick(flavors).declaration.name : undefined);
  return {
    rules,
    apps,
    host: hostFacts({seccomp: once(2), lsm: {selinux: false, apparmor: false, ...(once(2) && {landlock: 4})}}),
    pod: pod({
      network: {mode: once(2) ? 'none' : 'host', names: []},
      ipc: pick(['auto', 'private', 'host']),
      userNamespace: once(3),
      idMap: {base: 2 ** 19, count: 2 ** 16},
    }),
    flavors,
    asked: named(4),
    configured: named(4),
  };
};

const sourceOf = (name: string): string => `/flavors/${name}`;

/** The flavor of a name, judged; as `chooseByPolicy` looks. */
const lookIn =
  ({flavors, host, pod: asked}: World, policy: EffectivePolicy) =>
  async (name: string): Promise<Seen> => {
    const found = flavors.find((each) => each.declaration.name === name);
    if (found === undefined) throw flavorNotFound(name, []);
    const {declaration: its, findings} = found;
    const flavor = {declaration: its, probe: () => findings} as unknown as Flavor; // no more is looked at
    const reasons = judge(policy, {name, names: [name], aliases: [name], declaration: its, findings, host, pod: asked});
    return {name, flavor: {flavor, digest: '', source: sourceOf(name)}, facts: host, reasons};
  };

const policyOf = ({apps, host}: World, rules: readonly Rule[]): EffectivePolicy => combine(rules, apps, host);

const choose = async (
  world: World,
  rules: readonly Rule[],
  {all = false}: {readonly all?: boolean} = {},
): Promise<Decision & {readonly notes: readonly string[]}> => {
  const policy = policyOf(world, rules);
  const notes: string[] = [];
  const decision = await decide(policy, {
    asked: world.asked,
    configured: async () => world.configured,
    defaults: DEFAULTS,
    own: OWN,
    look: lookIn(world, policy),
    note: (text) => notes.push(text),
    all,
  });
  return {...decision, notes};
};

/** Names of the flavors that rules permit, whatever the host has. */
const permitted = async (world: World, rules: readonly Rule[]): Promise<string[]> => {
  const look = lookIn(world, policyOf(world, rules));
  const seen = await Promise.all(world.flavors.map(({declaration: {name}}) => look(name)));
  return seen.filter(({reasons}) => reasons.every(({kind}) => kind !== 'policy')).map(({name}) => name);
};

const worlds = function* (what: string): Generator<readonly [seed: string, world: World]> {
  for (let index = 0; index < CASES; index++) {
    const seed = `${what} ${index}`;
    yield [seed, makeWorld(seed)];
  }
};

const from = (world: World, layers: readonly Layer[]): Rule[] =>
  world.rules.filter(({layer}) => layers.includes(layer));

test('a lower layer never loosens what the higher ones say', async (t) => {
  let tightened = 0;
  for (const [seed, world] of worlds('layers')) {
    for (const higher of [['system'], ['system', 'local']] as const) {
      const upper = from(world, higher);
      const may = await permitted(world, upper);
      const left = await permitted(world, world.rules);
      for (const name of left) t.true(may.includes(name), `${seed}: ${name}`);
      if (left.length < may.length) tightened++;

      const {chosen, by} = await choose(world, world.rules);
      if (chosen !== undefined) t.true(may.includes(chosen.name), `${seed}: ${chosen.name} is chosen`);
      // Nor does it say which of those comes first.
      const {order} = policyOf(world, upper);
      if (by === 'rule' && order !== undefined) {
        const firsts = (order.flavors ?? []).filter((name) => left.includes(name));
        const look = lookIn(world, policyOf(world, world.rules));
        const able = [];
        for (const name of firsts) if (isFit(await look(name))) able.push(name);
        t.is(chosen?.name, able[0], seed);
      }

      const [before, after] = [policyOf(world, upper), policyOf(world, world.rules)];
      for (const name of DEGRADABLE) {
        if (before.degrade.forbiddenBy(name) !== undefined)
          t.not(after.degrade.forbiddenBy(name), undefined, `${seed}: ${name}`);
      }
      const given = before.degrade.allowed.map(({name}) => name);
      if (given.length > 0)
        for (const {name} of after.degrade.allowed) t.true(given.includes(name), `${seed}: ${name} may be left out`);
      for (const {name: app} of world.apps) {
        const [high, low] = [before.accept.get(app), after.accept.get(app)];
        const accepted = high?.allowed.map(({name}) => name) ?? [];
        for (const name of ACCEPTABLE) {
          if (high?.forbiddenBy(name) !== undefined) t.not(low?.forbiddenBy(name), undefined, `${seed}: ${name}`);
        }
        if (accepted.length > 0)
          for (const {name} of low?.allowed ?? []) t.true(accepted.includes(name), `${seed}: ${name} is accepted`);
      }
    }
  }
  t.true(tightened > CASES / 10, 'lower layers that say something are among them');
});

test('what is forbidden is never allowed', (t) => {
  for (const [seed, world] of worlds('leave')) {
    const {degrade, accept} = policyOf(world, world.rules);
    for (const leave of [degrade, ...accept.values()])
      for (const {name} of leave.allowed) t.is(leave.forbiddenBy(name), undefined, `${seed}: ${name}`);
  }
});

test('what explains a choice is the choice', async (t) => {
  const ways = new Map<string, number>();
  for (const [seed, world] of worlds('explain')) {
    const run = await choose(world, world.rules);
    const told = await choose(world, world.rules, {all: true});
    t.is(told.chosen?.name, run.chosen?.name, seed);
    t.is(told.by, run.by, seed);
    t.is(told.error?.code, run.error?.code, seed);
    t.is(told.error?.message, run.error?.message, seed);
    t.deepEqual(told.notes, run.notes, seed);
    // Nor is what is kept of it with the pod another.
    const policy = policyOf(world, world.rules);
    const kept = flavorChoice(run, policy);
    t.deepEqual(kept, flavorChoice(told, policy), seed);
    if (run.chosen !== undefined) t.is(kept.passedOver?.length ?? 0, run.considered.indexOf(run.chosen), seed);
    // Either there is one, or it is said why not.
    t.not(run.chosen === undefined, run.error === undefined, seed);
    ways.set(
      `${run.by} ${run.error?.code ?? 'chosen'}`,
      (ways.get(`${run.by} ${run.error?.code ?? 'chosen'}`) ?? 0) + 1,
    );
  }
  for (const way of [
    ...['asked chosen', 'rule chosen', 'configured chosen', 'default chosen'],
    ...['asked RKT_POLICY_FLAVOR_REFUSED', 'rule RKT_POLICY_NO_FLAVOR', 'default RKT_POLICY_NO_FLAVOR'],
  ]) {
    t.true((ways.get(way) ?? 0) > 0, way);
  }
});

test('a flavor that nobody named is never a weaker one while a stronger may and can run the pod, nor in silence', async (t) => {
  for (const [seed, world] of worlds('unset')) {
    const {by, chosen, considered, notes} = await choose({...world, asked: undefined}, world.rules);
    if (by !== 'default' || chosen === undefined) continue;
    const at = considered.indexOf(chosen);
    for (const {name, reasons} of considered.slice(0, at)) t.true(reasons.length > 0, `${seed}: ${name}`);
    t.is(new Set(considered.map(({flavor, name}) => flavor?.source ?? name)).size, considered.length, seed);
    // The configured one is excluded by a rule.
    if (world.configured !== undefined) t.is(notes.length, 1, seed);
    if (chosen.name === 'fly') {
      const stronger = considered.find(({name}) => name === 'nspawn');
      t.true((stronger?.reasons.length ?? 0) > 0, seed);
      t.is(notes.length, 1, seed);
    }
  }
});

test('no rule excludes what is chosen, and of what is not chosen it is known why', async (t) => {
  for (const [seed, world] of worlds('reasons')) {
    const {chosen, considered} = await choose(world, world.rules);
    if (chosen !== undefined) t.true((await permitted(world, world.rules)).includes(chosen.name), seed);
    for (const each of considered) {
      if (each === chosen) break;
      t.true(each.reasons.length > 0, `${seed}: ${each.name}`);
      for (const {kind, because, rule} of each.reasons) {
        t.true(because.length > 0, seed);
        t.is(kind === 'policy', rule !== undefined, seed);
      }
    }
  }
});

test('without rules it is the choice that is made without looking at any', async (t) => {
  for (const [seed, world] of worlds('none')) {
    const look = lookIn(world, policyOf(world, []));
    const notes: string[] = [];
    const plain = await defaultFlavor({
      names: DEFAULTS,
      find: async (name) => (await look(name)).flavor,
      gather: () => world.host,
      note: (text) => notes.push(text),
    }).catch((error) => error);
    const ruled = await choose({...world, asked: undefined, configured: undefined}, []);
    t.is(ruled.chosen?.flavor.source ?? ruled.error?.code, plain.source ?? plain.code, seed);
    t.deepEqual(ruled.notes, notes, seed);
  }
});
