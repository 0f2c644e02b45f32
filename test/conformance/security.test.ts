import {mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {Entry, ImageSpec} from '../helpers/image.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';

/* S05, S06, S07, S14, S16, S17, S26: what an image or another pod tries, and what becomes of it. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

kernelTest('S05 a source that is swapped for a symlink while pods start never leads elsewhere', async (t) => {
  const place = path.join(host.directory, 'shared');
  const target = path.join(place, 'data');
  const spare = path.join(place, 'spare');
  mkdirSync(target, {recursive: true});
  writeFileSync(path.join(target, 'right'), 'x');
  const decoy = path.join(host.directory, 'decoy');
  mkdirSync(decoy);
  writeFileSync(path.join(decoy, 'secret'), 'x');
  let over = false;
  const swap = async () => {
    while (!over) {
      renameSync(target, spare);
      symlinkSync(decoy, target);
      await new Promise(setImmediate);
      rmSync(target);
      renameSync(spare, target);
      await new Promise(setImmediate);
    }
  };
  const swapping = swap();
  const codes = new Set<string>();
  for (let round = 0; round < 15; round++) {
    const results = await Promise.all(
      [0, 1].map(() =>
        host.sh('ls /data', {
          pod: [`--volume=data,kind=host,source=${target}`],
          app: ['--mount=volume=data,target=/data'],
        }),
      ),
    );
    for (const {stdout, exitCode, error} of results) {
      if (exitCode === 0) t.is(stdout, 'right\n');
      else codes.add(error?.code === 'RKT_INTERNAL' ? error.message : (error?.code ?? 'none'));
    }
  }
  over = true;
  await swapping;
  // Whoever looks first sees a directory, a link or nothing; the executor looks again.
  t.deepEqual(
    [...codes].filter((code) => !/^RKT_(VOLUME|BIND)_SOURCE_(SYMLINK|MISSING|UNUSABLE)$/.test(code)),
    [],
  );
});

const MOUNTED_ELSEWHERE = '/elsewhere';
kernelTest('S05 a mount target that is a symlink in the image stays inside the rootfs', async (t) => {
  const source = path.join(host.directory, 'source');
  mkdirSync(source);
  writeFileSync(path.join(source, 'file'), 'mine\n');
  for (const to of [MOUNTED_ELSEWHERE, `../../../../..${MOUNTED_ELSEWHERE}`]) {
    const {stdout, exitCode} = await host.sh(`cat ${MOUNTED_ELSEWHERE}/file; cat /data/file`, {
      image: {files: {'/data': {symlink: to}, [MOUNTED_ELSEWHERE]: {directory: true}}},
      pod: [`--volume=data,kind=host,source=${source}`],
      app: ['--mount=volume=data,target=/data'],
    });
    // Either the link is followed inside the rootfs, or the pod is refused; never outside.
    if (exitCode === 0) t.is(stdout, 'mine\nmine\n');
    else t.is(exitCode, 254);
  }
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${MOUNTED_ELSEWHERE} `));
});

/** Rootfs that try to turn masks, devices and kernel file systems into something else. */
const baits: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  'devices are symlinks to procfs': {
    '/dev/null': {symlink: '/proc/sysrq-trigger'},
    '/dev/console': {symlink: '/proc/sys/kernel/core_pattern'},
    '/dev/pts': {symlink: '/proc/sys'},
    '/dev/ptmx': {symlink: '/proc/kcore'},
  },
  '/dev is a symlink to /proc': {'/dev': {symlink: '/proc'}},
  '/dev is a symlink out of the rootfs': {'/dev': {symlink: '../../../../../../dev'}},
  '/sys is a symlink to /proc': {'/sys': {symlink: '/proc'}},
  '/proc is a symlink to a directory': {'/real': {directory: true}, '/proc': {symlink: '/real'}},
  '/etc is a symlink to /proc/sys': {'/etc': {symlink: '/proc/sys'}},
  'the rootfs has files where the kernel paths are': {'/proc/kcore': 'x', '/sys/firmware': 'x', '/dev/shm': 'x'},
};

const CHECK_MASKS = `
  stat -L -c "null %F %t:%T" /dev/null
  for f in kcore keys timer_list kallsyms interrupts sched_debug; do [ -e /proc/$f ] && echo "$f $(head -c 10 /proc/$f 2>/dev/null | wc -c)"; done
  for d in firmware module fs power; do [ -e /sys/$d ] && echo "sys/$d $(ls -A /sys/$d 2>/dev/null | wc -l)"; done
  for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom; do
    [ -e $f ] && { (echo x > $f) 2>/dev/null && echo "wrote $f"; }
  done
  umount /proc/kcore 2>/dev/null && echo unmasked
  echo end
`;
const masksHold = (stdout: string) =>
  stdout.split('\n').filter((line) => !/^(null character special file 1:3|\S+ 0|end|)$/.test(line));

for (const [what, files] of Object.entries({'an ordinary rootfs': {}, ...baits})) {
  kernelTest(`S06 S07 masks and devices hold: ${what}`, async (t) => {
    const corePattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const {stdout, exitCode} = await host.sh(CHECK_MASKS, {image: {files}});
    // An image with which no proper /dev or /proc can be made may be refused.
    if (exitCode === 254 && what !== 'an ordinary rootfs') t.is(stdout, '');
    else {
      t.deepEqual(masksHold(stdout), []);
      t.true(stdout.endsWith('end\n'));
    }
    t.is(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), corePattern);
  });
}

kernelTest('S07 nothing below /proc/sys, /sys and the other kernel paths can be written', async (t) => {
  const {stdout} = await host.sh(`
    find /proc/sys /sys -type f 2>/dev/null | while read f; do
      (: >> $f) 2>/dev/null && echo "$f"
    done | head -5
    for m in /proc /sys; do mount -o remount,rw $m 2>/dev/null && echo "remounted $m"; done
    mkdir /tmp/cg && mount -t cgroup2 none /tmp/cg 2>/dev/null && echo "mounted cgroups"
    mount -t cgroup -o memory none /tmp/cg 2>/dev/null && echo "mounted cgroups"
    mount -t proc none /tmp/cg 2>/dev/null && echo "mounted proc"
    echo end`);
  t.is(stdout, 'end\n');
});

for (const target of [
  '/proc',
  '/proc/sys',
  '/sys',
  '/sys/fs/cgroup',
  '/dev',
  '/dev/shm',
  '/',
  '/../..',
  '/a/../proc',
  '/./proc/./kcore',
]) {
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
    const image = (): ImageSpec => ({app: {mountPoints: [{name: 'data', path: target}]}});
    const ofImage = await Promise.resolve()
      .then(() => host.sh('echo ran', {image: image()}))
      .catch((error: Error) => ({stdout: '', exitCode: 254, error: {code: error.message}}));
    t.is(ofImage.exitCode, 254);
    t.is(ofImage.stdout, '');
    t.regex(ofImage.error?.code ?? '', /RKT_POD_MOUNT_TARGET_REFUSED|RKT_IMAGE_MANIFEST_INVALID/);
  });
}

kernelTest('S07 a volume at a target that is a symlink to /proc is refused or masked no less', async (t) => {
  const {stdout, exitCode} = await host.sh(CHECK_MASKS, {
    image: {files: {'/data': {symlink: '/proc'}}},
    pod: ['--volume=data,kind=empty'],
    app: ['--mount=volume=data,target=/data'],
  });
  if (exitCode !== 254) t.deepEqual(masksHold(stdout), []);
  else t.is(stdout, '');
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

kernelTest('S14 PO-14 IM-25 user annotations and labels change nothing', async (t) => {
  const app = {userAnnotations: {'example.com/a': 'x'}, userLabels: {tier: 'x'}};
  t.is((await host.sh('echo ran', {image: {app}})).stdout, 'ran\n');
});

const passwd = (entry: Entry): ImageSpec => ({
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
  absent: {app: {user: 'alice', group: 'alice'}},
};

for (const [what, image] of Object.entries(hostilePasswd)) {
  kernelTest(`S16 a passwd that is ${what} makes nobody root and reads nothing of the host`, async (t) => {
    writeFileSync(OUTSIDE, 'alice:x:0:0::/:/bin/sh\n');
    const {exitCode, error, stdout} = await host.sh('id', {image, timeout: 20_000});
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
      .catch(() => undefined);
    // The image may be refused already when it is built.
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

kernelTest('S17 every mount of a pod is private', async (t) => {
  const {stdout} = await host.sh(PROBE, {
    pod: ['--volume=data,kind=host,source=/dev'],
    app: ['--mount=volume=data,target=/data'],
  });
  t.deepEqual(
    parseProbe(stdout).mounts.filter(({propagation}) => propagation.length > 0),
    [],
  );
});

kernelTest('S17 what a host mounts later in a volume does not show in a pod, nor the other way round', async (t) => {
  const {stdout} = await host.sh('mount -t tmpfs x /data 2>/dev/null; echo $?', {
    pod: ['--insecure-options=seccomp', '--allow-degraded=processes/closed', '--volume=data,kind=empty'],
    app: ['--mount=volume=data,target=/data', '--caps-retain=CAP_SYS_ADMIN'],
  });
  t.is(stdout, '0\n');
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(host.directory));
});

kernelTest('S17 the root of the host is no volume, unless the operator insists', async (t) => {
  const {exitCode, error} = await host.sh('ls /data', {
    pod: ['--volume=data,kind=host,source=/'],
    app: ['--mount=volume=data,target=/data'],
  });
  t.is(exitCode, 254);
  t.regex(error?.code ?? '', /^RKT_VOLUME_/);
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
    const {execa} = await import('execa');
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
  const pod = await host.start('echo ready; sleep 60', {app: [`--user-annotation=example.com/a=${value}`]});
  const {stdout} = await host.rkt(['list', '--format=json']);
  await pod.end();
  t.true(JSON.stringify(JSON.parse(stdout)).includes(JSON.stringify(value).slice(1, -1)));
});
