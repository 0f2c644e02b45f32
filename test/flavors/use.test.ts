import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* One line chooses the flavor of a host, and another takes it back. */

const useTest = testIf(lacksPods('program/systemd-nspawn'));

interface Used {
  readonly flavor: string | null;
  readonly previous: string | null;
  readonly changed: boolean;
  readonly canary?: {readonly number: number; readonly percent: number};
}

const use = async (host: Host, ...args: readonly string[]): Promise<Used> => {
  const {stdout, stderr} = await host.rkt(['--format=json', 'flavor', 'use', ...args]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Used;
};

const refused = async (host: Host, ...args: readonly string[]): Promise<string | undefined> =>
  (await host.rkt(['--format=json', 'flavor', 'use', ...args])).error?.code;

/** What a pod gets that names no flavor. */
const gets = async (host: Host): Promise<string> => {
  const {stdout} = await host.rkt(['--insecure-options=image', '--format=json', 'explain', buildImage()]);
  const {flavor, by} = JSON.parse(stdout) as {flavor: string; by: string};
  return `${flavor} ${by}`;
};

const directoryOf = (host: Host) => path.join(host.directory, 'etc/stage1.d');

useTest('flavor use chooses for pods to come, and its rollback takes it back; what is prepared stays', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  t.is(await gets(host), 'nspawn default');
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', buildImage(), '--exec=/bin/sh', '--', '-c', 'hostname'],
  ]);
  const uuid = prepared.stdout.trim();

  const told = await host.rkt(['flavor', 'use', 'fly']);
  t.regex(told.stdout, /^pods that name no flavor get fly\n$/, told.stderr);
  t.regex(told.stderr, /^it isolates less than "nspawn"/m);
  t.is(await gets(host), 'fly configured');
  t.deepEqual(readdirSync(directoryOf(host)), ['flavor-use.json']);
  const same = await use(host, 'fly');
  t.deepEqual(same, {flavor: 'fly', previous: null, changed: false});

  // Prepared with nspawn, so with a name of its own.
  t.is((await host.rkt(['run-prepared', uuid])).stdout, `rkt-${uuid}\n`);

  // Somebody was killed who was about to write one.
  const {pid} = spawnSync('/bin/true');
  writeFileSync(path.join(directoryOf(host), `.flavor-use.json.${pid}-a1`), '');
  t.deepEqual(await use(host, 'nspawn'), {flavor: 'nspawn', previous: 'fly', changed: true});
  t.deepEqual(readdirSync(directoryOf(host)), ['flavor-use.json']);
  t.is((await host.rkt(['flavor', 'use', 'nspawn'])).stdout, 'pods that name no flavor get nspawn\n');
  const weaker = await host.rkt(['flavor', 'use', '--rollback']);
  t.regex(weaker.stdout, /^pods that name no flavor get fly\nuntil now: nspawn\n$/);
  t.is(await gets(host), 'fly configured');
  t.like(await use(host, '--rollback'), {flavor: 'nspawn', previous: 'fly'});
  t.regex((await host.rkt(['flavor', 'use', 'fly'])).stderr, /^it isolates less than "nspawn"/m);

  // The first choice taken back leaves nothing of it.
  const other = openHost();
  t.teardown(() => other.close());
  t.is(await refused(other, '--rollback'), 'RKT_FLAVOR_USE_NOTHING');
  await use(other, 'fly');
  t.like(await use(other, '--rollback'), {flavor: null, previous: 'fly'});
  t.deepEqual(readdirSync(directoryOf(other)), []);
  t.is(await gets(other), 'nspawn default');
});

useTest('of many hosts a canary changes those with a number below it, and the same ones every time', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const none = await use(host, '--canary=0%', 'fly');
  t.like(none, {changed: false, canary: {percent: 0}});
  const number = none.canary?.number ?? -1;
  t.true(number >= 0 && number < 100);
  t.like(await use(host, `--canary=${number}%`, 'fly'), {changed: false, canary: {number}});
  t.is(await gets(host), 'nspawn default');
  t.like(await use(host, `--canary=${number + 1}%`, 'fly'), {changed: true, flavor: 'fly'});
  t.is(await gets(host), 'fly configured');
  // A smaller one takes nothing back.
  t.like(await use(host, '--canary=0%', 'fly'), {changed: false});
  t.is(await gets(host), 'fly configured');
  for (const value of ['101%', '10', '1.5%', '-1%', ''])
    t.is(await refused(host, `--canary=${value}`, 'fly'), 'RKT_FLAG_VALUE_INVALID', value);
});

useTest('a choice that is gone, or broken, is replaced by another', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const broken = path.join(host.directory, 'broken.cjs');
  writeFileSync(broken, 'throw new Error("broken")');
  mkdirSync(directoryOf(host), {recursive: true});
  for (const flavor of ['gone', path.join(host.directory, 'gone'), broken]) {
    const chosen = JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', flavor});
    writeFileSync(path.join(directoryOf(host), 'flavor-use.json'), chosen);
    const {stderr} = await host.rkt(['flavor', 'use', 'fly']);
    t.true(stderr.includes(`it could not be compared with "${flavor}"`), stderr);
    t.is(await gets(host), 'fly configured');
    t.like(await use(host, '--rollback'), {flavor, previous: 'fly'});
  }
});

useTest('a flavor that cannot run here, or a second choice of the same layer, changes nothing', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  t.is(await refused(host, 'nowhere'), 'RKT_FLAVOR_NOT_FOUND');
  // It has no image here.
  t.is(await refused(host, 'kvm'), 'RKT_FLAVOR_HOST_LACKS');
  t.is(await refused(host, '--rollback', 'fly'), 'RKT_ARGUMENT_UNEXPECTED');
  t.is(await gets(host), 'nspawn default');
  const file = path.join(directoryOf(host), 'mine.json');
  mkdirSync(directoryOf(host), {recursive: true});
  const mine = JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', flavor: 'nspawn'});
  writeFileSync(file, mine);
  t.is(await refused(host, 'fly'), 'RKT_FLAVOR_USE_CONFLICT');
  t.deepEqual(readdirSync(directoryOf(host)), ['mine.json']);
  t.is(readFileSync(file, 'utf8'), mine);
  writeFileSync(file, '{');
  t.is(await refused(host, 'fly'), 'RKT_CONFIG_MALFORMED');
});
