import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* S31: an image narrows the defaults, and has more only if the operator says so. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const RETAIN = 'os/linux/capabilities-retain-set';
const WIDE: ImageSpec = {app: {isolators: [{name: RETAIN, value: {set: ['CAP_CHOWN', 'CAP_NET_ADMIN']}}]}};
const SHOW = 'grep CapBnd /proc/self/status';
const [CHOWN, NET_ADMIN] = [1n, 1n << 12n];
const bits = (stdout: string) => BigInt(`0x${/CapBnd:\s*(\S+)/.exec(stdout)?.[1] ?? 'f'}`);

kernelTest(
  'S31 an image that asks for more than the defaults is refused, and nothing is left of the pod',
  async (t) => {
    const images = [
      [RETAIN, WIDE],
      [
        'os/linux/seccomp-remove-set',
        {app: {isolators: [{name: 'os/linux/seccomp-remove-set', value: {set: ['reboot']}}]}},
      ],
      ['os/linux/oom-score-adj', {app: {isolators: [{name: 'os/linux/oom-score-adj', value: -500}]}}],
      ['os/linux/cpu-shares', {app: {isolators: [{name: 'os/linux/cpu-shares', value: 2048}]}}],
      ['resource/cpu', {app: {isolators: [{name: 'resource/cpu', value: {request: '2', limit: '4'}}]}}],
      ['resource/memory', {app: {isolators: [{name: 'resource/memory', value: {request: '32Mi', limit: '64Mi'}}]}}],
    ] as const;
    const own = openHost();
    t.teardown(() => own.close());
    for (const [name, image] of images) {
      const {exitCode, stdout, error} = await own.sh('echo ran', {image});
      t.deepEqual([exitCode, stdout, error?.code], [254, '', 'RKT_IMAGE_ISOLATOR_REFUSED']);
      const refused = (error?.fields.refused ?? []) as {name: string}[];
      t.deepEqual(
        refused.map((isolator) => isolator.name),
        [name],
      );
      t.true(error?.hint?.includes(`--accept-image=${name}`));
    }
    t.deepEqual(own.podDirectories(), {});
  },
);

kernelTest('S31 flags, pod manifests and the configuration of the operator decide what an image has', async (t) => {
  const accepted = await host.sh(SHOW, {image: WIDE, app: [`--accept-image=${RETAIN}`]});
  t.is(bits(accepted.stdout), CHOWN | NET_ADMIN, accepted.stderr);
  const replaced = await host.sh(SHOW, {image: WIDE, app: ['--caps-retain=CAP_NET_ADMIN']});
  t.is(bits(replaced.stdout), NET_ADMIN, replaced.stderr);
  const id = await host.fetch(WIDE);
  const own = {exec: ['/bin/sh', '-c', SHOW], user: '0', group: '0', isolators: WIDE.app?.isolators};
  const manifest = await host.sh('', {manifest: host.manifest(id, {app: own})});
  t.is(bits(manifest.stdout), CHOWN | NET_ADMIN, manifest.stderr);
  // Of an app that the manifest leaves to its image the isolators are the image's.
  t.is((await host.sh('', {manifest: host.manifest(id, {})})).error?.code, 'RKT_IMAGE_ISOLATOR_REFUSED');
  mkdirSync(path.join(host.directory, 'etc/image.d'));
  const file = path.join(host.directory, 'etc/image.d/test.json');
  writeFileSync(
    file,
    JSON.stringify({rktVersion: 'v1', rktKind: 'image', prefixes: ['example.com'], accept: [RETAIN]}),
  );
  const configured = await host.sh(SHOW, {image: WIDE});
  t.is(bits(configured.stdout), CHOWN | NET_ADMIN, configured.stderr);
  const named: ImageSpec = {...WIDE, name: 'example.org/other'};
  t.is((await host.sh(SHOW, {image: named})).error?.code, 'RKT_IMAGE_ISOLATOR_REFUSED');
});

kernelTest('S31 plan shows what an image asks for, and refuses what run would', async (t) => {
  const plan = async (image: ImageSpec, ...flags: string[]) =>
    host.rkt(['--format=json', '--insecure-options=image', 'plan', '--stage1=fly', ...flags, buildImage(image)]);
  const narrow: ImageSpec = {
    name: 'example.net/narrow',
    app: {isolators: [{name: 'resource/pids', value: {limit: 9}}]},
  };
  t.deepEqual(JSON.parse((await plan(narrow)).stdout).askedByImages, [
    {app: 'narrow', image: 'example.net/narrow', name: 'resource/pids', value: {limit: 9}, widens: []},
  ]);
  const wide: ImageSpec = {...WIDE, name: 'example.net/wide'};
  const refused = await plan(wide);
  t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_IMAGE_ISOLATOR_REFUSED']);
  t.like(JSON.parse(refused.stdout).askedByImages[0], {name: RETAIN, widens: ['CAP_NET_ADMIN']});
  const accepted = await plan(wide, `--accept-image=${RETAIN}`);
  t.is(accepted.exitCode, 0);
  t.like(JSON.parse(accepted.stdout).askedByImages[0], {name: RETAIN, widens: ['CAP_NET_ADMIN']});
  // What the flavor cannot do either is not the first that is told.
  const profile = [{name: 'os/linux/apparmor-profile', value: {profile: 'unconfined'}}];
  const {error} = await plan({name: 'example.net/profile', app: {isolators: profile}});
  t.is(error?.code, 'RKT_IMAGE_ISOLATOR_REFUSED');
});

kernelTest('S33 a user name of an image that is a number gives no other user', async (t) => {
  const image = {files: {'/etc/passwd': 'root:x:0:0::/:/bin/sh\n1000:x:0:0::/:/bin/sh\n', '/etc/group': '1000:x:0:\n'}};
  for (const flags of [
    ['--user=1000', '--group=0'],
    ['--user=0', '--group=1000'],
  ]) {
    const {exitCode, stdout, error} = await host.sh('id -u', {image, app: flags});
    t.deepEqual([exitCode, stdout], [254, '']);
    t.regex(error?.code ?? '', /^RKT_(USER|GROUP)_UNKNOWN$/);
  }
});
