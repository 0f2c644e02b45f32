import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';

/* Pods whose systemd and systemd-nspawn come from an image, also on a host that has neither. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn', 'program/unshare'));

const stage1 = path.join(host.directory, 'stage1.aci');
const NAME = 'example.com/stage1';
const FLAVOR = {name: 'rkt/stage1/flavor', value: 'nspawn'};
const DIRECTORIES = [
  ...['/dev', '/etc', '/opt/stage2', '/proc', '/rkt', '/root', '/run/systemd/incoming', '/sys', '/tmp', '/var/log'],
];
const idIn = (text: string) => /sha512-[0-9a-f]{128}/.exec(text)?.[0] ?? '';

/** Starts rkt where no file of the host's systemd can be seen. */
const WITHOUT_SYSTEMD = [
  program('unshare') ?? 'unshare',
  '--mount',
  '/bin/sh',
  '-c',
  `set -e
   for directory in /usr/lib/systemd /usr/lib/*-linux-gnu/systemd /etc/systemd; do
     [ ! -d "$directory" ] || mount -t tmpfs -o mode=0755 none "$directory"
   done
   mount --bind /dev/null "$(command -v systemd-nspawn)"
   exec "$@"`,
  'sh',
];
const image = (spec: Partial<ImageSpec> & {annotations?: readonly object[]}): string =>
  buildImage({bare: true, app: null, manifest: {annotations: spec.annotations ?? [FLAVOR]}, ...spec});

let id = '';
test.before(async () => {
  if (lacksPods('program/systemd-nspawn') !== undefined) return;
  const built = await host.rkt(['flavor', 'build', 'nspawn', `--name=${NAME}`, '--label=version=1', '-o', stage1]);
  if (built.exitCode !== 0) throw new Error(built.stderr);
  id = idIn(built.stdout);
  const fetched = await host.rkt(['--insecure-options=image', 'fetch', '--full', stage1]);
  if (fetched.exitCode !== 0) throw new Error(fetched.stderr);
});

kernelTest('the same programs give the same image, which says its flavor', async (t) => {
  const again = path.join(host.directory, 'again.aci');
  const built = await host.rkt(['flavor', 'build', 'nspawn', `--name=${NAME}`, '--label=version=1', '-o', again]);
  t.is(built.exitCode, 0, built.stderr);
  t.true(readFileSync(again).equals(readFileSync(stage1)));
  const {stdout} = await host.rkt(['image', 'cat-manifest', id]);
  t.deepEqual(JSON.parse(stdout).annotations, [FLAVOR]);
});

kernelTest('a host without systemd runs pods with an image, by its ID, name or file, and not without', async (t) => {
  const without = await host.sh('true', {stage1: 'nspawn', through: WITHOUT_SYSTEMD});
  t.is(without.error?.code, 'RKT_FLAVOR_HOST_LACKS');
  // By its name alone another test has it.
  for (const selection of [id, `${NAME}:1`, stage1]) {
    const {stdout, exitCode, stderr} = await host.sh('echo out; echo err >&2; cat /proc/1/comm; exit 7', {
      stage1: selection,
      through: WITHOUT_SYSTEMD,
      pod: ['--pull-policy=never'],
    });
    t.deepEqual([exitCode, stdout, stderr], [7, 'out\nsystemd\n', 'err\n'], selection);
  }
});

kernelTest('the image is the default if the configuration says so', async (t) => {
  // One that no other test reads.
  const directory = path.join(host.directory, 'user');
  mkdirSync(path.join(directory, 'stage1.d'), {recursive: true});
  const file = path.join(directory, 'stage1.d/image.json');
  writeFileSync(file, JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', name: NAME, version: '1'}));
  const {stdout, exitCode, stderr} = await host.rkt(
    [
      ...[`--user-config=${directory}`, '--insecure-options=image', 'run', buildImage()],
      ...['--exec=/bin/cat', '--', '/proc/1/comm'],
    ],
    {through: WITHOUT_SYSTEMD},
  );
  t.deepEqual([exitCode, stdout], [0, 'systemd\n'], stderr);
});

kernelTest('enter and stop work, limits hold, and status tells the image', async (t) => {
  const pod = await host.start('trap "exit 5" TERM; echo ready; read -r none', {
    stage1: NAME,
    through: WITHOUT_SYSTEMD,
    app: ['--memory=64M'],
  });
  t.is((await host.enter(pod.uuid, 'cat /proc/1/comm')).stdout, 'systemd\n');
  const status = await host.rkt(['status', '--verify', pod.uuid]);
  t.is(status.exitCode, 0, status.stderr);
  t.true(status.stdout.includes(`stage1=${NAME}:1 (${id})\n`));
  const listed = (await host.pods()).find(({name}) => name === pod.uuid);
  t.like(listed, {stage1_image_id: id, stage1_image_name: `${NAME}:1`});
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-.*=5$/m);
});

kernelTest('plan tells the image, and takes none into the store', async (t) => {
  const {stdout} = await host.rkt(['--format=json', 'plan', `--stage1=${NAME}`, buildImage()]);
  t.is(JSON.parse(stdout).pod.stage1.image.id, id);
  const {error} = await host.rkt(['--format=json', 'plan', `--stage1=${stage1}`, buildImage()]);
  t.is(error?.code, 'RKT_STAGE1_IMAGE_NOT_STORED');
});

kernelTest('doctor says whether the flavor runs with an image', async (t) => {
  const of = async (selection: string) => {
    const {stdout} = await host.rkt(['--format=json', 'flavor', 'doctor', selection], {through: WITHOUT_SYSTEMD});
    return JSON.parse(stdout)[0].usable;
  };
  t.deepEqual([await of('nspawn'), await of(NAME)], [false, true]);
});

kernelTest('a prepared pod keeps the files of its image, whoever removes that', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  const [file, global] = [path.join(other.directory, 'uuid'), '--insecure-options=image'];
  const prepared = await other.rkt([
    ...[global, 'prepare', `--stage1=${stage1}`, buildImage(), '--exec=/bin/cat', '--', '/proc/1/comm'],
  ]);
  const uuid = prepared.stdout.trim();
  t.is(prepared.exitCode, 0, prepared.stderr);
  t.is((await other.rkt(['image', 'rm', id])).exitCode, 0);
  t.is((await other.rkt(['--format=json', 'plan', `--stage1=${id}`, buildImage()])).error?.code, 'RKT_IMAGE_NOT_FOUND');
  t.is((await other.rkt(['image', 'gc', '--grace-period=0s'])).exitCode, 0);
  const ran = await other.rkt(['run-prepared', `--uuid-file-save=${file}`, uuid], {through: WITHOUT_SYSTEMD});
  t.deepEqual([ran.exitCode, ran.stdout], [0, 'systemd\n'], ran.stderr);
  for (let round = 0; round < 2; round++) t.is((await other.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  t.deepEqual(
    readdirSync(path.join(other.data, 'cas/images')).filter((name) => name.startsWith(id)),
    [],
  );
});

for (const [what, spec] of [
  ['does not say its flavor', {annotations: []}],
  ['is for something that is no name', {annotations: [{...FLAVOR, value: '../../tmp/flavor'}]}],
  ['is for a flavor that takes none', {annotations: [{...FLAVOR, value: 'fly'}]}],
  ['lacks a directory', {}],
  ['lacks the programs', {files: Object.fromEntries(DIRECTORIES.map((name) => [name, {directory: true} as const]))}],
  ['has a symlink out of it for a directory', {files: {'/dev': {symlink: '/etc'}, '/etc': {symlink: '/../proc'}}}],
] as const) {
  kernelTest(`an image that ${what} is refused`, async (t) => {
    const {exitCode, error} = await host.sh('true', {stage1: image(spec)});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_STAGE1_IMAGE_INVALID']);
  });
}

kernelTest('an image whose programs lack their loader is refused by name, before anything of it runs', async (t) => {
  const {error} = await host.sh('true', {
    stage1: image({
      files: {
        ...Object.fromEntries(DIRECTORIES.map((name) => [name, {directory: true} as const])),
        '/usr/bin/systemd-nspawn': {content: readFileSync('/bin/true'), mode: 0o755},
      },
    }),
  });
  t.is(error?.code, 'RKT_EXEC_INTERPRETER_MISSING');
  t.regex(String(error?.fields.program), /\/usr\/bin\/systemd-nspawn$/);
  t.regex(String(error?.fields.interpreter), /ld-linux/);
});

/** Its systemd-nspawn writes a file of the host wherever it can. */
const EVIL = (written: string): Partial<ImageSpec> => ({
  files: {
    ...Object.fromEntries(DIRECTORIES.map((name) => [name, {directory: true} as const])),
    '/usr/bin/systemd-nspawn': {content: `#!/bin/sh\necho systemd 252\necho >${written}\n`, mode: 0o755},
  },
});

kernelTest('S31 S36 an image that is called like a flavor, or a file, is no stage1 by that name', async (t) => {
  const written = path.join(host.directory, 'written-by-name');
  for (const [name, code] of [
    ['kvm', 'RKT_STAGE1_IMAGE_MISSING'],
    ['lkvm', 'RKT_FLAVOR_NOT_FOUND'],
    ['no-such.aci', 'RKT_FLAVOR_NOT_FOUND'],
    ['coreos.com/rkt/stage1-kvm', 'RKT_STAGE1_IMAGE_MISSING'],
  ] as const) {
    const file = image({...EVIL(written), name});
    t.is((await host.rkt(['--insecure-options=image', 'fetch', file])).exitCode, 0);
    for (const command of ['plan', 'run', 'prepare']) {
      const {error} = await host.rkt([
        ...['--format=json', '--insecure-options=image', command, `--stage1=${name}`, buildImage()],
      ]);
      t.is(error?.code, code, `${command} ${name}`);
    }
  }
  t.false(existsSync(written));
});

kernelTest('S36 nor is one that the configuration names', async (t) => {
  const directory = path.join(host.directory, 'named');
  mkdirSync(path.join(directory, 'stage1.d'), {recursive: true});
  writeFileSync(
    path.join(directory, 'stage1.d/image.json'),
    JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', name: 'vmm', version: '1.0.0'}),
  );
  const file = image({...EVIL(path.join(host.directory, 'written-by-configuration')), name: 'vmm'});
  t.is((await host.rkt(['--insecure-options=image', 'fetch', file])).exitCode, 0);
  const {error} = await host.rkt(['--format=json', `--user-config=${directory}`, 'plan', buildImage()]);
  t.is(error?.code, 'RKT_FLAVOR_NOT_FOUND');
});

kernelTest('S36 plan and doctor run nothing of an image that could reach the host', async (t) => {
  // Whoever may write it.
  const directory = path.join(host.directory, 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const written = path.join(directory, 'written');
  const file = image({...EVIL(written), name: 'example.com/evil'});
  t.is((await host.rkt(['--insecure-options=image', 'fetch', '--full', file])).exitCode, 0);
  for (const command of [
    ['plan', '--stage1=example.com/evil', buildImage()],
    ['flavor', 'doctor', 'example.com/evil'],
  ]) {
    await host.rkt(['--insecure-options=image', ...command]);
    t.false(existsSync(written), command[0]);
  }
});

kernelTest('an image is verified like any other', async (t) => {
  const {error} = await host.rkt(['--format=json', 'run', `--stage1=${stage1}`, id]);
  t.is(error?.code, 'RKT_IMAGE_UNSIGNED');
});

kernelTest('what is neither a flavor nor an image is not found', async (t) => {
  for (const [selection, code] of [
    ['example.com/no-such', 'RKT_FLAVOR_NOT_FOUND'],
    [`sha512-${'0'.repeat(32)}`, 'RKT_IMAGE_NOT_FOUND'],
    ['https://example.com/stage1.aci', 'RKT_IMAGE_SOURCE_UNSUPPORTED'],
  ] as const) {
    t.is((await host.sh('true', {stage1: selection})).error?.code, code, selection);
  }
});

kernelTest('a flavor that takes no image has none to build', async (t) => {
  const {error} = await host.rkt(['--format=json', 'flavor', 'build', 'fly', '-o', path.join(host.directory, 'x.aci')]);
  t.is(error?.code, 'RKT_FLAVOR_TAKES_NO_IMAGE');
});
