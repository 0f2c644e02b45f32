import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import type {ErrorReport} from '../helpers/result.ts';
import {testIf} from '../helpers/skip.ts';

/* Fly refuses what it cannot enforce, names it, and runs without it only when told so by name (EX-33, EX-34). */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

interface Problem {
  readonly name: string;
  readonly degradable: boolean;
}
interface Case {
  readonly pod?: readonly string[];
  readonly app?: readonly string[];
  readonly image?: ImageSpec;
  /** What fly cannot do, by name. */
  readonly cannot: string;
}

const problemsOf = (error: ErrorReport | undefined) => (error?.fields.problems ?? []) as Problem[];
const withIsolator = (name: string, value: unknown): ImageSpec => ({app: {isolators: [{name, value}]}});

const refused: Readonly<Record<string, Case>> = {
  '--net=default': {pod: ['--net=default'], cannot: 'network/named'},
  '--net': {pod: ['--net'], cannot: 'network/named'},
  '--net=none': {pod: ['--net=none'], cannot: 'network/none'},
  '--hostname': {pod: ['--hostname=other'], cannot: 'hostname'},
  '--private-users': {pod: ['--private-users', '--no-overlay'], cannot: 'user-namespace'},
  // Where the host has AppArmor fly enforces it.
  ...(lacks('lsm/apparmor') !== undefined && {
    'an apparmor profile': {
      app: ['--accept-image=os/linux/apparmor-profile'],
      image: withIsolator('os/linux/apparmor-profile', {profile: 'x'}),
      cannot: 'os/linux/apparmor-profile',
    },
  }),
  'network bandwidth': {
    image: withIsolator('resource/network-bandwidth', {default: true, limit: '1M'}),
    cannot: 'resource/network-bandwidth',
  },
};

let saved = 0;
for (const [what, {pod = [], app = [], image, cannot}] of Object.entries(refused)) {
  kernelTest(`EX-34 fly refuses ${what} and says what would allow it`, async (t) => {
    const options = {pod, app, ...(image ? {image} : {})};
    const {exitCode, error, stdout} = await host.sh('echo ran', options);
    t.is(exitCode, 254);
    t.is(stdout, '');
    t.is(error?.code, 'RKT_FLAVOR_CANNOT');
    const problems = problemsOf(error);
    t.deepEqual(
      problems.map(({name}) => name),
      [cannot],
    );
    t.is(problems[0]?.degradable, error?.hint?.includes(`--allow-degraded=${cannot}`));
  });

  kernelTest(`EX-33 fly runs without ${what} when that very thing is allowed, and the report says so`, async (t) => {
    const options = {app, ...(image ? {image} : {})};
    const {error} = await host.sh('true', {pod, ...options});
    const degradable = problemsOf(error)[0]?.degradable;
    const file = path.join(host.directory, `uuid-${++saved}`);
    const allowed = [...pod, `--allow-degraded=${cannot}`, `--uuid-file-save=${file}`];
    const ran = await host.sh('echo ran', {pod: allowed, ...options});
    if (degradable !== true) return t.like(ran, {exitCode: 254, stdout: '', error: {code: 'RKT_FLAVOR_CANNOT'}});
    t.like(ran, {exitCode: 0, stdout: 'ran\n'}, ran.stderr);
    const uuid = readFileSync(file, 'utf8').trim();
    const report = host.podFile(uuid, 'report.json') as {entries: {name: string; verdict: string}[]};
    t.is(report.entries.find(({name}) => name === cannot)?.verdict, 'ignored');
  });
}

kernelTest('EX-34 EX-55 fly refuses a sysctl isolator of a pod, unless it is allowed', async (t) => {
  const app = {app: {exec: ['/bin/echo', 'ran'], user: '0', group: '0'}};
  const isolators = [{name: 'os/unix/sysctl', value: {'net.ipv4.ip_forward': '1'}}];
  const manifest = host.manifest(await host.fetch(), app, {isolators});
  const {exitCode, error} = await host.sh('', {manifest});
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_FLAVOR_CANNOT');
  t.deepEqual(
    problemsOf(error).map(({name}) => name),
    ['os/unix/sysctl'],
  );
  t.is((await host.sh('', {manifest, pod: ['--allow-degraded=os/unix/sysctl']})).stdout, 'ran\n');
});

kernelTest('EX-34 allowing one thing allows no other', async (t) => {
  const {exitCode, error} = await host.sh('true', {
    pod: ['--hostname=other', '--allow-degraded=os/unix/sysctl,network/none'],
  });
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_FLAVOR_CANNOT');
});

kernelTest('EX-34 there is no switch that allows everything', async (t) => {
  for (const name of ['all', '*', 'os/*', '']) {
    const {exitCode, error} = await host.sh('true', {pod: ['--hostname=other', `--allow-degraded=${name}`]});
    t.is(exitCode, 254);
    t.truthy(error, name);
  }
});

kernelTest('fly refuses several apps, whatever is allowed', async (t) => {
  const image = buildImage();
  const other = buildImage({name: 'example.com/other'});
  for (const flags of [[], ['--allow-degraded=apps/many']]) {
    const {exitCode, error} = await host.rkt([
      ...['--format=json', '--insecure-options=image', 'run', '--stage1=fly', ...flags, image, '---', other],
    ]);
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_FLAVOR_CANNOT');
    t.deepEqual(
      problemsOf(error).map(({name, degradable}) => [name, degradable]),
      [['apps/many', false]],
    );
  }
});

kernelTest("fly uses the host's network without complaint when no --net is given", async (t) => {
  const {exitCode, stderr} = await host.sh('true');
  t.is(exitCode, 0);
  t.is(stderr, '');
  t.is((await host.sh('true', {pod: ['--net=host']})).exitCode, 0);
});

kernelTest("rkt's names of stage1 images mean the flavors", async (t) => {
  const {exitCode, stdout} = await host.rkt([
    ...[
      '--format=json',
      '--insecure-options=image',
      'run',
      '--stage1-name=coreos.com/rkt/stage1-fly:1.30.0',
      buildImage(),
    ],
    ...['--exec=/bin/echo', '--', 'ran'],
  ]);
  t.is(exitCode, 0);
  t.is(stdout, 'ran\n');
});

kernelTest('a flavor that is not there is refused', async (t) => {
  const {exitCode, error} = await host.rkt([
    '--format=json',
    '--insecure-options=image',
    'run',
    '--stage1=no-such',
    buildImage(),
  ]);
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_FLAVOR_NOT_FOUND');
});

kernelTest('a refused pod leaves nothing behind', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  t.is((await other.sh('true', {pod: ['--hostname=other']})).exitCode, 254);
  t.deepEqual(other.podDirectories(), {});
});

kernelTest('an unsigned image is refused by default', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  const {exitCode, error} = await other.rkt(['--format=json', 'run', '--stage1=fly', buildImage()]);
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_IMAGE_UNSIGNED');
  t.true(error?.hint?.includes('--insecure-options=image'));
});
