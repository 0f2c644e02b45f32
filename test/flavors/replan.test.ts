import {randomUUID} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* A pod that was prepared with one flavor runs with another: by leave alone where it has less by that, and told. */

const replanTest = testIf(lacksPods('program/systemd-nspawn'));

const prepare = async (
  host: Host,
  stage1: string,
  app: readonly string[],
  script: string,
  pod: readonly string[] = [],
): Promise<string> => {
  const {stdout, stderr} = await host.rkt([
    ...['--insecure-options=image', 'prepare', `--stage1=${stage1}`, ...pod, buildImage(), ...app],
    ...['--exec=/bin/sh', '--', '-c', script],
  ]);
  if (stdout === '') throw new Error(stderr);
  return stdout.trim();
};

/** Everything that is kept of a prepared pod. */
const filesOf = (host: Host, uuid: string): Record<string, string> => {
  const directory = path.join(host.data, 'pods/prepared', uuid);
  const names = readdirSync(directory, {withFileTypes: true}).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({name}) => [name, readFileSync(path.join(directory, name), 'utf8')]));
};

const rule = (host: Host, more: object): void => {
  const file = path.join(host.directory, 'etc/policy.d/a.json');
  mkdirSync(path.dirname(file), {recursive: true});
  writeFileSync(file, JSON.stringify({rktVersion: 'v1', rktKind: 'policy', rules: [{name: 'a', ...more}]}));
};

const flavorOf = (host: Host, uuid: string): unknown =>
  (host.podFile(uuid, 'summary.json') as {flavor: {name: string}}).flavor.name;

interface Replanned {
  readonly from: {readonly name: string};
  readonly to: {readonly name: string};
  readonly losses: readonly {readonly name: string}[];
  readonly gains: readonly string[];
  readonly promises: readonly {readonly name: string; readonly before: string | null; readonly after: string | null}[];
}

const replannedIn = (stderr: string): Replanned | undefined => {
  const line = stderr.split('\n').find((each) => each.startsWith('{"replanned"'));
  return line === undefined ? undefined : (JSON.parse(line) as {replanned: Replanned}).replanned;
};

replanTest(
  'a prepared pod runs with a weaker flavor by leave alone, by name, and is told what it has less',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const uuid = await prepare(host, 'nspawn', [], 'echo ran; cat');
    const before = filesOf(host, uuid);

    for (const leave of [[], ['--allow-degraded=no-shared-pid']]) {
      const {exitCode, error, stderr} = await host.rkt([
        '--format=json',
        'run-prepared',
        '--stage1=fly',
        ...leave,
        uuid,
      ]);
      t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_WEAKER'], stderr);
      const losses = ((error?.fields.losses ?? []) as {name: string}[]).map(({name}) => name);
      t.deepEqual(losses, leave.length === 0 ? ['no-shared-pid', 'no-shared-ipc'] : ['no-shared-ipc']);
      t.is(replannedIn(stderr), undefined);
    }
    const slip = await host.rkt([
      '--format=json',
      'run-prepared',
      '--stage1=fly',
      '--allow-degraded=no-shared-pit',
      uuid,
    ]);
    t.is(slip.error?.code, 'RKT_DEGRADED_UNKNOWN');
    t.deepEqual(filesOf(host, uuid), before);

    const flags = ['--stage1=fly', '--allow-degraded=no-shared-pid,no-shared-ipc'];
    const ran = await host.rkt(['--format=json', 'run-prepared', ...flags, uuid], {input: 'its input\n'});
    t.deepEqual([ran.exitCode, ran.stdout], [0, 'ran\nits input\n'], ran.stderr);
    const told = replannedIn(ran.stderr);
    t.like(told, {from: {name: 'nspawn'}, to: {name: 'fly'}, gains: []});
    t.deepEqual(
      told?.losses.map(({name}) => name),
      ['no-shared-pid', 'no-shared-ipc'],
    );
    t.like(
      told?.promises.find(({name}) => name === 'hostname'),
      {before: 'enforced', after: null},
    );
    t.is(flavorOf(host, uuid), 'fly');
    const status = (await host.rkt(['status', uuid])).stdout;
    t.regex(status, /^chosen=asked for by --stage1\ninstead-of=nspawn \S+, without no-shared-pid, no-shared-ipc$/m);
    t.like(host.podFile(uuid, 'plan.json') as object, {flavor: {name: 'fly'}});
    t.like(host.podFile(uuid, 'report.json') as object, {flavor: 'fly'});
  },
);

replanTest('with a stronger flavor it needs no leave, and is the pod of that flavor to every command', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const uuid = await prepare(host, 'fly', [], 'hostname');
  const ran = await host.rkt(['run-prepared', '--stage1=nspawn', '--hostname=web', uuid]);
  t.deepEqual([ran.exitCode, ran.stdout], [0, 'web\n'], ran.stderr);
  t.regex(ran.stderr, /^flavor nspawn \S+ instead of fly \S+$/m);
  t.regex(ran.stderr, /^ {2}more: no-shared-pid$/m);
  t.notRegex(ran.stderr, /^ {2}less: /m);
  // Only nspawn records it.
  t.regex((await host.rkt(['status', uuid])).stdout, /^app-test=0$/m);

  const same = await prepare(host, 'fly', [], 'true');
  t.regex((await host.rkt(['run-prepared', '--stage1=fly', same])).stderr, /^flavor fly .*: nothing else changes$/m);

  // By which rules it may be that flavor is kept as of a choice that was made at once.
  const ruled = await prepare(host, 'fly', [], 'true');
  rule(host, {require: ['no-shared-pid']});
  const restricted = await host.rkt(['run-prepared', '--stage1=nspawn', ruled]);
  t.is(restricted.exitCode, 0, restricted.stderr);
  t.regex((await host.rkt(['status', ruled])).stdout, /^restricted=by .*"a"/m);
});

replanTest(
  'ids that a pod has given back are of another pod by then: it gets others, and one that has its own is refused as it is',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const ids = ['--private-users', '--allow-degraded=user-namespace'];
    const given = await prepare(host, 'fly', [], 'cat /proc/self/uid_map', ids);
    const {base} = (host.podFile(given, 'request.json') as {pod: {idMap: {base: number}}}).pod.idMap;
    const ranges = path.join(host.data, 'id-ranges');
    mkdirSync(ranges, {recursive: true});
    symlinkSync(randomUUID(), path.join(ranges, String(base)));
    const ran = await host.rkt(['run-prepared', '--stage1=nspawn', given]);
    t.is(ran.exitCode, 0, ran.stderr);
    const [inside, outside, count] = ran.stdout.trim().split(/\s+/).map(Number);
    t.deepEqual([inside, count], [0, 65_536]);
    t.not(outside, base);

    const kept = await prepare(host, 'nspawn', [], 'true', ['--private-users']);
    const its = (host.podFile(kept, 'frozen.json') as {idMap: {base: number}}).idMap.base;
    rmSync(path.join(ranges, String(its)));
    symlinkSync(randomUUID(), path.join(ranges, String(its)));
    const {error} = await host.rkt(['--format=json', 'run-prepared', kept]);
    t.is(error?.code, 'RKT_POD_ID_RANGE_TAKEN');
    t.deepEqual(host.podDirectories().prepared, [kept]);
  },
);

replanTest('what the other flavor cannot do, and what a rule forbids, leaves the pod as it was prepared', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const uuid = await prepare(host, 'nspawn', ['--restart=on-failure'], 'true');
  const before = filesOf(host, uuid);
  const leave = '--allow-degraded=no-shared-pid,no-shared-ipc,restart';
  const refused = async (...flags: string[]) =>
    (await host.rkt(['--format=json', 'run-prepared', ...flags, uuid])).error?.code;
  t.is(await refused('--stage1=fly', '--allow-degraded=no-shared-pid,no-shared-ipc'), 'RKT_FLAVOR_CANNOT');
  t.is(await refused('--stage1=nowhere'), 'RKT_FLAVOR_NOT_FOUND');
  rule(host, {require: ['no-shared-pid']});
  t.is(await refused('--stage1=fly', leave), 'RKT_POLICY_FLAVOR_REFUSED');
  rule(host, {degrade: {forbid: 'all'}});
  t.is(await refused('--stage1=fly', leave), 'RKT_POLICY_DEGRADE_FORBIDDEN');
  t.deepEqual(filesOf(host, uuid), before);
  t.is((await host.rkt(['run-prepared', uuid])).exitCode, 0);
});
