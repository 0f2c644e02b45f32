import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {openHost} from '../helpers/host.ts';
import type {Entry, ImageSpec} from '../helpers/image.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';

/* S07, S14, S16, S17, S26: what images and users say and rkt refuses, escapes or leaves alone before any flavor sees it. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

for (const target of ['/proc', '/proc/sys', '/sys', '/dev', '/', '/../..', '/a/../proc', '/./proc/./kcore']) {
  kernelTest(`S07 S17 a volume at ${target} is refused`, async (t) => {
    const byFlag = await host.sh('true', {
      pod: ['--volume=data,kind=empty'],
      app: [`--mount=volume=data,target=${target}`],
    });
    t.is(byFlag.exitCode, 254);
    t.true(
      ['RKT_POD_MOUNT_TARGET_REFUSED', 'RKT_FLAG_VALUE_INVALID'].includes(byFlag.error?.code ?? ''),
      byFlag.error?.code,
    );
    const image = (): ImageSpec => ({bare: true, app: {mountPoints: [{name: 'data', path: target}]}});
    const ofImage = await Promise.resolve()
      .then(() => host.sh('echo ran', {image: image()}))
      .catch((error: Error) => ({stdout: '', exitCode: 254, error: {code: error.message}}));
    t.is(ofImage.exitCode, 254);
    t.is(ofImage.stdout, '');
    t.regex(ofImage.error?.code ?? '', /RKT_POD_MOUNT_TARGET_REFUSED|RKT_IMAGE_MANIFEST_INVALID/);
  });
}

const OWN_ARCH = process.arch === 'arm64' ? 'aarch64' : 'amd64';
for (const [what, labels, label, value] of [
  ['another system', {os: 'freebsd', arch: 'amd64'}, 'os', 'freebsd'],
  ['another processor', {os: 'linux', arch: process.arch === 'arm64' ? 'amd64' : 'aarch64'}, 'arch', undefined],
  ['no system', {}, 'os', undefined],
  ['no processor', {os: 'linux'}, 'arch', undefined],
] as const) {
  kernelTest(`IM-13 an image that is for ${what} is refused by fetch, run and plan, and leaves nothing`, async (t) => {
    const own = openHost();
    t.teardown(() => own.close());
    const image = buildImage({
      manifest: {labels: Object.entries(labels).map(([name, labelled]) => ({name, value: labelled}))},
    });
    for (const args of [
      ['fetch', image],
      ['run', image],
      ['prepare', image],
      ['plan', image],
    ]) {
      const {error, exitCode} = await own.rkt(['--format=json', '--insecure-options=image', ...args]);
      t.is(exitCode, 254, args[0]);
      t.like(error, {code: 'RKT_IMAGE_FOREIGN', fields: {image: 'example.com/test', label}}, args[0]);
      if (value !== undefined) t.is(error?.fields.value, value);
      t.true([error?.fields.runs].flat().includes(label === 'os' ? 'linux' : OWN_ARCH));
    }
    t.deepEqual(own.podDirectories(), {});
    t.deepEqual(JSON.parse((await own.rkt(['image', 'list', '--format=json'])).stdout), []);
  });
}

kernelTest('IM-13 an image without an app may be for every system and processor, but is not run', async (t) => {
  const own = openHost();
  t.teardown(() => own.close());
  const id = await own.fetch({app: null, manifest: {labels: []}});
  const {error, exitCode} = await own.rkt(['--format=json', 'run', id, '--exec=/bin/true']);
  t.deepEqual([exitCode, error?.code], [254, 'RKT_IMAGE_FOREIGN']);
});

kernelTest('S17 the root of the host is no volume, unless the operator insists', async (t) => {
  const {exitCode, error} = await host.sh('ls /data', {
    pod: ['--volume=data,kind=host,source=/'],
    app: ['--mount=volume=data,target=/data'],
  });
  t.is(exitCode, 254);
  t.regex(error?.code ?? '', /^RKT_VOLUME_/);
});

/** Text that would be something else to whoever joins strings. */
const BAIT = [
  '--bait',
  'bait,x=1',
  'bait bait',
  'bait\nbait=1',
  '$(bait)',
  '%bait',
  '`bait`',
  ';bait',
  '"bait',
  "'bait",
  'bait\u001b[31m',
];

kernelTest('S14 nothing that an image says reaches what the host does', async (t) => {
  const annotations = BAIT.flatMap((value, index) => [
    {name: `coreos.com/rkt/stage1/run-${index}`, value},
    {name: `coreos.com/rkt/stage2/bait-${index}`, value},
    {name: `io.bait/handler-${index}`, value},
  ]);
  const labels = BAIT.map((value, index) => ({name: `bait-${index}`, value}));
  const environment = BAIT.map((value, index) => ({name: `BAIT_${index}`, value}));
  const plain = {name: 'example.com/plan'};
  const baited: ImageSpec = {
    name: 'example.com/plan',
    app: {
      environment,
      userAnnotations: Object.fromEntries(BAIT.map((value, index) => [`bait-${index}`, value])),
      userLabels: Object.fromEntries(BAIT.map((value, index) => [`bait-${index}`, value])),
    },
    manifest: {
      annotations,
      labels: [
        {name: 'version', value: '1.0.0'},
        {name: 'os', value: 'linux'},
        {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
        ...labels,
      ],
    },
  };
  const plan = async (spec: ImageSpec) => {
    const {stdout, exitCode, stderr} = await host.rkt([
      ...['--format=json', '--insecure-options=image', 'plan', '--stage1=fly', buildImage(spec)],
    ]);
    t.is(exitCode, 0, stderr);
    const {plan: made} = JSON.parse(stdout) as {plan: {launch: {process: {env: unknown[]}}}};
    const {launch, ...stages} = made;
    const {env, ...rest} = launch.process;
    // The environment is the app's own; image IDs differ of necessity.
    return {
      env,
      text: JSON.stringify({...stages, launch: {...launch, process: rest}}).replaceAll(
        /sha512-[0-9a-f]+|[0-9a-f]{32,}/g,
        'ID',
      ),
    };
  };
  const [without, withBait] = [await plan(plain), await plan(baited)];
  t.false(withBait.text.includes('bait'));
  t.is(withBait.text, without.text);
  t.true(JSON.stringify(withBait.env).includes('$(bait)'));
});

const passwd = (entry: Entry): ImageSpec => ({
  bare: true,
  files: {'/etc/passwd': entry, '/etc/group': entry},
  app: {user: 'alice', group: 'alice'},
});
const OUTSIDE = path.join(host.directory, 'passwd-of-the-host');

const hostilePasswd: Readonly<Record<string, ImageSpec>> = {
  'a symlink out of the rootfs': passwd({symlink: OUTSIDE}),
  'a relative symlink out of the rootfs': passwd({symlink: `../../../../../../..${OUTSIDE}`}),
  'a symlink to procfs': passwd({symlink: '/proc/self/environ'}),
  'a fifo': passwd({fifo: true}),
  'a directory': passwd({directory: true}),
  absent: {bare: true, app: {user: 'alice', group: 'alice'}},
};

for (const [what, image] of Object.entries(hostilePasswd)) {
  kernelTest(`S16 a passwd that is ${what} makes nobody root and reads nothing of the host`, async (t) => {
    writeFileSync(OUTSIDE, 'alice:x:0:0::/:/bin/sh\n');
    const {exitCode, error, stdout} = await host.sh('id', {image});
    t.is(exitCode, 254);
    t.is(stdout, '');
    t.true(['RKT_USER_UNKNOWN', 'RKT_GROUP_UNKNOWN'].includes(error?.code ?? ''), error?.code);
  });
}

kernelTest('S16 a passwd without end is refused in bounded time', async (t) => {
  const image = passwd({content: 'x'.repeat(64 * 2 ** 20)});
  const {exitCode, error} = await host.sh('id', {image});
  t.is(exitCode, 254);
  t.truthy(error);
  t.not(error?.code, 'RKT_INTERNAL');
});

for (const user of [
  '4294967296',
  '4294967295',
  '-1',
  '-0',
  '0x0',
  '0b0',
  '00',
  '007',
  ' 0',
  '0 ',
  '1e0',
  '',
  '18446744073709551616',
  '+0',
  '٠',
]) {
  kernelTest(`S16 the user ${JSON.stringify(user)} is not root by accident`, async (t) => {
    const ran = await Promise.resolve()
      .then(() => host.sh('id -u', {image: {app: {user, group: user}}}))
      .catch((error: Error) => {
        // The image may be refused already when it is built.
        t.regex(error.message, /code: RKT_IMAGE_MANIFEST_INVALID/);
        return undefined;
      });
    if (ran === undefined || ran.exitCode === 254) t.pass();
    else t.is(ran.stdout.trim(), String(Number.parseInt(user, 10)));
    if (ran?.exitCode === 0) t.not(ran.stdout, '0\n');
    const flag = await host.sh('id -u', {app: [`--user=${user}`]});
    if (flag.exitCode === 0) t.not(flag.stdout, '0\n');
    else t.is(flag.exitCode, 254);
  });
}

kernelTest('S16 a number beyond 32 bits in the passwd of an image is refused', async (t) => {
  for (const id of ['4294967296', '-1', '4294967295', '', '0x0']) {
    const image: ImageSpec = {files: {'/etc/passwd': `alice:x:${id}:5::/:/bin/sh\n`}, app: {user: 'alice', group: '5'}};
    const {exitCode, stdout} = await host.sh('id -u', {image});
    t.is(exitCode, 254, `${id}: ${stdout}`);
  }
});

/** Control characters and what turns the direction of text, except line feeds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

testIf(lacksPods('program/script'))('S26 what images and users say does not reach a terminal raw', async (t) => {
  const evil = 'evil\u001b[2J\u202e\u0007\u009b2J';
  const manifest = path.join(host.directory, 'evil.json');
  writeFileSync(
    manifest,
    JSON.stringify({acKind: 'PodManifest', acVersion: '0.8.11', apps: [{name: evil}], [evil]: evil}),
  );
  const inTerminal = async (...args: string[]) => {
    const quoted = host.command(...args).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const {stdout} = await execa(program('script') ?? 'script', ['-qec', quoted.join(' '), '/dev/null'], {
      reject: false,
      stripFinalNewline: false,
      stdin: 'ignore',
    });
    // Colours of our own and carriage returns of the terminal are no injection.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
    return stdout.replaceAll('\r\n', '\n').replaceAll(/\u001b\[(0|1|2|22|31|32|33|36|39)?m/g, '');
  };
  for (const args of [
    ['run', `--pod-manifest=${manifest}`, '--insecure-options=image'],
    ['run', '--stage1=fly', evil],
    ['run', `--volume=${evil}`, 'x'],
    ['status', evil],
    ['image', 'cat-manifest', evil],
    [`--${evil}`],
    [evil],
  ]) {
    const shown = await inTerminal(...args);
    t.true(shown.includes('evil'), JSON.stringify(shown));
    t.notRegex(shown, CONTROL, JSON.stringify(shown));
  }
});

testIf(lacksPods('program/script'))('S26 JSON keeps what was said', async (t) => {
  const value = 'evil\u001b[31m\u202e';
  const pod = await host.start('echo ready; cat', {app: [`--user-annotation=example.com/a=${value}`]});
  const {stdout} = await host.rkt(['list', '--format=json']);
  await pod.end();
  t.true(JSON.stringify(JSON.parse(stdout)).includes(JSON.stringify(value).slice(1, -1)));
});
