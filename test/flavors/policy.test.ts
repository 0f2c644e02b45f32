import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {makeRandom, type Random} from '../fuzz/random.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* Policies of files decide for real pods, and what explain says is what run does. */

const policyTest = testIf(lacksPods('program/systemd-nspawn'));

type Layer = 'usr' | 'etc' | 'user';

const write = (host: Host, layer: Layer, rules: readonly object[], name = 'a.json'): string => {
  const file = path.join(host.directory, layer, 'policy.d', name);
  mkdirSync(path.dirname(file), {recursive: true});
  writeFileSync(file, JSON.stringify({rktVersion: 'v1', rktKind: 'policy', rules}));
  return file;
};

const INSECURE = ['--format=json', '--insecure-options=image'];
const RETAIN = 'os/linux/capabilities-retain-set';
const SCRIPT = ['--exec=/bin/sh', '--', '-c', 'echo ran'];

interface Told {
  readonly flavor: string | null;
  readonly by: string;
  readonly rule?: object;
  readonly runs: boolean;
  readonly error?: {readonly code: string};
  readonly considered: readonly {readonly flavor: string; readonly verdict: string}[];
}

const explain = async (host: Host, ...args: string[]): Promise<Told> => {
  const {stdout, stderr} = await host.rkt([...INSECURE, 'explain', ...args]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Told;
};

interface Ran {
  /** The flavor that a pod has been run with, or the code of the error. */
  readonly is: string | undefined;
  /** What status tells of how it came to it. */
  readonly choice?: {readonly by: string; readonly rule?: object};
}

const ran = async (host: Host, args: readonly string[], layers: readonly string[] = []): Promise<Ran> => {
  const before = Object.values(host.podDirectories()).flat();
  const {exitCode, stdout, error} = await host.rkt([...INSECURE, ...layers, 'run', ...args]);
  const after = Object.values(host.podDirectories()).flat();
  const uuid = after.find((each) => !before.includes(each));
  if (exitCode !== 0) return {is: uuid === undefined ? error?.code : `${error?.code}, and left ${uuid}`};
  if (stdout !== 'ran\n' || uuid === undefined) return {is: `printed ${stdout}`};
  const {choice} = JSON.parse((await host.rkt(['--format=json', 'status', uuid])).stdout) as Ran;
  const is = (host.podFile(uuid, 'plan.json') as {flavor: {name: string}}).flavor.name;
  return {is, ...(choice === undefined ? {} : {choice})};
};

policyTest('what explain says is what run does', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const web = await host.fetch({name: 'example.com/web'});
  const cases: readonly (readonly [rules: readonly object[] | undefined, flags: readonly string[], is: string])[] = [
    [undefined, [], 'nspawn'],
    [[{name: 'a', flavors: ['kvm', 'fly', 'nspawn']}], [], 'fly'],
    [[{name: 'a', require: ['own-kernel']}], [], 'RKT_POLICY_NO_FLAVOR'],
    [[{name: 'a', require: ['own-pid']}], ['--stage1=fly'], 'RKT_POLICY_FLAVOR_REFUSED'],
    // The pod asks for what the first cannot do: that is no reason to take the second.
    [[{name: 'a', flavors: ['fly', 'nspawn']}], ['--net=none'], 'RKT_FLAVOR_CANNOT'],
  ];
  for (const [rules, flags, is] of cases) {
    if (rules !== undefined) write(host, 'etc', rules);
    const args = [...flags, web, ...SCRIPT];
    const told = await explain(host, ...args);
    t.is(told.error?.code ?? told.flavor, is, JSON.stringify([rules, told]));
    const {is: was, choice} = await ran(host, args);
    t.is(was, is, JSON.stringify([rules, flags]));
    if (told.runs) t.deepEqual([choice?.by, choice?.rule], [told.by, told.rule], JSON.stringify([rules, flags]));
  }
});

const some = <T>({below, pick}: Random, from: readonly T[]): T[] => [
  ...new Set(Array.from({length: 1 + below(2)}, () => pick(from))),
];

const OWN = ['fly', 'kvm', 'nspawn', 'fly', 'nspawn'];
const REQUIREMENTS = ['no-shared-pid', 'no-shared-ipc', 'no-shared-network', 'own-kernel', 'hostname', 'enter'];

const ruleOf = (random: Random, index: number): object => {
  const {once} = random;
  const permission = (names: readonly string[]) => (once(4) ? {forbid: 'all'} : {allow: some(random, names)});
  const effects = {
    ...(once(2) && {flavors: some(random, OWN)}),
    ...(once(8) && {forbid: some(random, OWN)}),
    ...(once(5) && {require: [some(random, REQUIREMENTS)]}),
    ...(once(4) && {degrade: permission(['hostname', 'network/none'])}),
    ...(once(4) && {accept: permission([RETAIN])}),
  };
  const match = {
    ...(once(2) && {images: some(random, ['example.com', 'example.com/web', 'example.com/proxy'])}),
    ...(once(4) && {users: some(random, ['root', 'other'])}),
    ...(once(6) && {host: {[random.pick(['has', 'lacks'])]: ['program/systemd-nspawn']}}),
  };
  return {
    name: `rule-${index}`,
    ...(Object.keys(match).length > 0 && {match}),
    ...(once(4) && {except: {images: ['example.com/web']}}),
    ...(Object.keys(effects).length > 0 ? effects : {forbid: ['kvm']}),
  };
};

/** Of which the first ones run with either flavor, or are refused. */
const CASES = env.RKT_TEST_LONG ? 150 : 4;

policyTest('of policies, configurations and pods of chance, what explain says is what run does', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const proxy = {isolators: [{name: RETAIN, value: {set: ['CAP_NET_ADMIN']}}]};
  const images = [
    await host.fetch({name: 'example.com/web'}),
    await host.fetch({name: 'example.com/proxy', app: proxy}),
  ];
  const results = new Set<string | undefined>();
  for (let index = 0; index < CASES; index++) {
    const seed = `explain and run ${index + 2}`;
    const random = makeRandom(seed);
    const {once, pick, below} = random;
    for (const layer of ['usr', 'etc', 'user'] as const) {
      rmSync(path.join(host.directory, layer), {recursive: true, force: true});
      const rules = Array.from({length: below(2)}, (_, number) => ruleOf(random, number));
      if (rules.length > 0) write(host, layer, rules);
    }
    if (once(3)) {
      mkdirSync(path.join(host.directory, 'etc/stage1.d'), {recursive: true});
      const chosen = {rktVersion: 'v1', rktKind: 'stage1', flavor: pick(OWN)};
      writeFileSync(path.join(host.directory, 'etc/stage1.d/a.json'), JSON.stringify(chosen));
    }
    const args = [
      ...(once(5) ? [`--stage1=${pick(OWN)}`] : []),
      ...(once(4) ? ['--net=none'] : []),
      ...(once(4) ? ['--hostname=web'] : []),
      ...(once(4) ? ['--allow-degraded=hostname,network/none'] : []),
      pick(images),
      ...(once(3) ? ['--user=1000'] : []),
      ...(once(3) ? [`--accept-image=${RETAIN}`] : []),
      ...SCRIPT,
    ];
    const user = [`--user-config=${path.join(host.directory, 'user')}`];
    const explained = await host.rkt([...INSECURE, ...user, 'explain', ...args]);
    const told = JSON.parse(explained.stdout || '{}') as Partial<Told>;
    const {is} = await ran(host, args, user);
    // What is asked for and is not there is an error of both, and nothing to explain.
    t.is(explained.error?.code ?? told.error?.code ?? told.flavor ?? undefined, is, `${seed}: ${args.join(' ')}`);
    results.add(is);
  }
  t.log([...results].join(', '));
  t.true(results.has('fly') && results.has('nspawn') && results.size > 2);
});

policyTest('what a rule refuses is told with the rule and its file, and nothing is left', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const file = write(host, 'usr', [{name: 'strong', require: ['no-shared-pid']}]);
  // The lower layer would rather have the weaker one.
  write(host, 'etc', [{name: 'weak', flavors: ['fly']}]);
  const {exitCode, error} = await host.rkt([...INSECURE, 'run', buildImage(), ...SCRIPT]);
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_POLICY_NO_FLAVOR');
  const [rejected] = (error?.fields.rejected ?? []) as {reasons: {rule: object}[]}[];
  t.deepEqual(rejected?.reasons[0]?.rule, {name: 'strong', layer: 'system', file});
  t.deepEqual(host.podDirectories(), {});
});

policyTest('a policy that cannot be read, or has a slip, lets nothing run', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const file = write(host, 'etc', [{name: 'a', requires: ['own-pid']}]);
  for (const command of ['run', 'explain']) {
    const {exitCode, error} = await host.rkt([...INSECURE, command, buildImage()]);
    t.deepEqual([exitCode, error?.code, error?.fields.file], [254, 'RKT_CONFIG_FIELD_UNKNOWN', file], command);
  }
  t.deepEqual(host.podDirectories(), {});
});

policyTest('a rule lets an image have what it asks for, and leave out what a flavor lacks', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const id = await host.fetch({
    name: 'example.com/proxy',
    app: {isolators: [{name: RETAIN, value: {set: ['CAP_NET_ADMIN']}}]},
  });
  const args = ['--stage1=fly', '--hostname=db', id, '--exec=/bin/grep', '--', 'CapBnd', '/proc/self/status'];
  t.is((await explain(host, ...args)).error?.code, 'RKT_IMAGE_ISOLATOR_REFUSED');
  const planned = await host.rkt([...INSECURE, 'plan', '--explain', '--allow-degraded=hostname', ...args]);
  const {explanation} = JSON.parse(planned.stdout) as {explanation: Told};
  t.deepEqual([explanation.runs, explanation.error?.code], [false, 'RKT_IMAGE_ISOLATOR_REFUSED']);
  write(host, 'etc', [
    {
      name: 'proxy',
      match: {images: ['example.com/proxy']},
      accept: {allow: [RETAIN]},
      degrade: {allow: ['hostname', 'processes/closed']},
    },
  ]);
  const {stdout, stderr} = await host.rkt([...INSECURE, 'run', ...args]);
  t.is(stdout, 'CapBnd:\t0000000000001000\n', stderr);
  // S31: a rule that has come since a pod has been prepared forbids it to that pod, too.
  const prepared = await host.rkt([
    '--insecure-options=image',
    'prepare',
    ...args.filter((arg) => arg !== '--hostname=db'),
  ]);
  const uuid = prepared.stdout.trim();
  write(host, 'usr', [{name: 'none', accept: {forbid: 'all'}}]);
  const refused = await host.rkt(['--format=json', 'run-prepared', uuid]);
  t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_POLICY_ACCEPT_FORBIDDEN'], prepared.stderr);
  rmSync(path.join(host.directory, 'usr'), {recursive: true});
  t.is((await host.rkt(['run-prepared', uuid])).stdout, 'CapBnd:\t0000000000001000\n');
});

policyTest('a prepared pod is judged again by how it runs and by rules that have come since', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const file = write(host, 'etc', [{name: 'alone', require: ['own-network']}]);
  const prepare = async () => {
    const {stdout, stderr} = await host.rkt(['--insecure-options=image', 'prepare', buildImage(), ...SCRIPT]);
    if (stdout === '') throw new Error(stderr);
    return stdout.trim();
  };
  const uuid = await prepare();
  const refused = await host.rkt(['--format=json', 'run-prepared', uuid]);
  t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_POLICY_FLAVOR_REFUSED']);
  // It has not been claimed.
  const alone = await host.rkt(['run-prepared', '--net=none', uuid]);
  t.is(alone.stdout, 'ran\n', alone.stderr);

  rmSync(file);
  const other = await prepare();
  write(host, 'etc', [{name: 'later', forbid: ['nspawn']}]);
  const later = await host.rkt(['--format=json', 'run-prepared', other]);
  t.is(later.error?.code, 'RKT_POLICY_FLAVOR_REFUSED');
  rmSync(file);
  t.is((await host.rkt(['run-prepared', other])).stdout, 'ran\n');
});

policyTest(
  'status tells why a pod has its flavor, and config which policies there are, with their files',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    t.deepEqual((JSON.parse((await host.rkt(['config'])).stdout) as {policies: object}).policies, []);
    const strict = write(host, 'usr', [{name: 'apart', require: ['no-shared-pid']}]);
    const order = write(host, 'etc', [
      {name: 'order', match: {labels: {version: '1.0.0'}}, flavors: ['fly', 'nspawn']},
    ]);
    const {policies} = JSON.parse((await host.rkt(['config'])).stdout) as {policies: object};
    t.deepEqual(policies, [
      {layer: 'system', file: strict, rules: [{name: 'apart', require: [['no-shared-pid']]}]},
      {
        layer: 'local',
        file: order,
        rules: [{name: 'order', match: {labels: {version: ['1.0.0']}}, flavors: ['fly', 'nspawn']}],
      },
    ]);
    const {stdout, stderr} = await host.rkt(['--insecure-options=image', 'prepare', buildImage(), ...SCRIPT]);
    const status = (await host.rkt(['status', stdout.trim()])).stdout;
    const told = [
      `chosen=by rule "order" of ${order}`,
      `restricted=by rule "apart" of ${strict}`,
      `restricted=by rule "order" of ${order}`,
      `passed-over=fly: rule "apart" of ${strict} requires no-shared-pid (the pod would share the host's)`,
    ];
    for (const line of told) t.true(status.split('\n').includes(line), `${line} of ${status}${stderr}`);
  },
);

policyTest('plan tells the same with --explain', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  write(host, 'etc', [{name: 'a', flavors: ['fly']}]);
  const {stdout} = await host.rkt([...INSECURE, 'plan', '--explain', buildImage(), ...SCRIPT]);
  const {plan, explanation} = JSON.parse(stdout) as {plan: {flavor: {name: string}}; explanation: Told};
  t.deepEqual([plan.flavor.name, explanation.flavor, explanation.by], ['fly', 'fly', 'rule']);
  const told = await host.rkt(['--insecure-options=image', 'explain', buildImage(), ...SCRIPT]);
  t.regex(told.stdout, /^flavor fly, by rule "a" of .*a\.json/);
  const refused = await host.rkt(['--insecure-options=image', 'explain', '--hostname=web', buildImage()]);
  t.regex(refused.stdout, /^run would refuse the pod: flavor "fly" .*\n {2}hostname: /m);
});
