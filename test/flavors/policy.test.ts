import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* Policies of files decide for real pods, and what explain says is what run does. */

const policyTest = testIf(lacksPods('program/systemd-nspawn'));

type Layer = 'usr' | 'etc';

const write = (host: Host, layer: Layer, rules: readonly object[], name = 'a.json'): string => {
  const file = path.join(host.directory, layer, 'policy.d', name);
  mkdirSync(path.dirname(file), {recursive: true});
  writeFileSync(file, JSON.stringify({rktVersion: 'v1', rktKind: 'policy', rules}));
  return file;
};

const INSECURE = ['--format=json', '--insecure-options=image'];
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

const ran = async (host: Host, ...args: string[]): Promise<Ran> => {
  const before = Object.values(host.podDirectories()).flat();
  const {exitCode, stdout, error} = await host.rkt([...INSECURE, 'run', ...args]);
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
    const {is: was, choice} = await ran(host, ...args);
    t.is(was, is, JSON.stringify([rules, flags]));
    if (told.runs) t.deepEqual([choice?.by, choice?.rule], [told.by, told.rule], JSON.stringify([rules, flags]));
  }
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
  const RETAIN = 'os/linux/capabilities-retain-set';
  const id = await host.fetch({
    name: 'example.com/proxy',
    app: {isolators: [{name: RETAIN, value: {set: ['CAP_NET_ADMIN']}}]},
  });
  const args = ['--stage1=fly', '--hostname=db', id, '--exec=/bin/grep', '--', 'CapBnd', '/proc/self/status'];
  t.is((await explain(host, ...args)).error?.code, 'RKT_IMAGE_ISOLATOR_REFUSED');
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
