import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {runApps} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';

/* Rows of appc that the tests for each flavor do not have, in pods of nspawn. Rows of networking and the metadata service are elsewhere. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
const nspawn = {stage1: 'nspawn'} as const;

const name = (letter: string) => `example.com/checklist-${letter}`;
const dependOn = (...letters: string[]) => ({dependencies: letters.map((letter) => ({imageName: name(letter)}))});

kernelTest(
  'EX-03 EX-04 EX-05 EX-06 an app sees its dependencies in order, each through its own whitelist',
  async (t) => {
    const layer = (letter: string, files: ImageSpec['files'], manifest: object = {}) =>
      host.fetch({name: name(letter), app: null, bare: true, ...(files && {files}), manifest: {...manifest}});
    await layer('d', {'/one': 'd', '/two': 'd', '/three': 'd', '/place/of-d': 'd', '/link': {symlink: '/place'}});
    await layer(
      'b',
      {'/b': 'b', '/one': 'b'},
      {...dependOn('d'), pathWhitelist: ['/one', '/b', '/link', '/place/of-d']},
    );
    await layer('c', {'/c': 'c', '/link/of-c': 'c'}, {...dependOn('d'), pathWhitelist: ['/two', '/c', '/link/of-c']});
    const script =
      'for f in one two three b c link/of-c place/of-c place/of-d; do echo $f $(cat /$f 2>/dev/null); done';
    const {stdout, stderr} = await host.sh(script, {...nspawn, image: {name: name('a'), manifest: dependOn('b', 'c')}});
    // `d` is visited again after `b`, but its /one is not on the list of `c`; the link of an earlier visit is replaced, not followed.
    const expected = ['one b', 'two d', 'three', 'b b', 'c c', 'link/of-c c', 'place/of-c', 'place/of-d d'];
    t.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim()),
      expected,
      stderr,
    );
  },
);

kernelTest('EX-24 what apps write is kept, apart by app and stream, after the pod has ended', async (t) => {
  const file = `${host.directory}/logged`;
  const flags = ['--stdout=log', '--stderr=log'];
  const ran = await host.rkt(
    runApps(
      [`--uuid-file-save=${file}`],
      {name: 'a', script: 'echo out-a; echo err-a >&2', flags},
      {name: 'b', script: 'echo out-b', flags},
    ),
  );
  t.is(ran.exitCode, 0, ran.stderr);
  const logs = async (app: string) => {
    const {stdout, stderr} = await host.rkt(['logs', `--app=${app}`, `--uuid-file=${file}`]);
    return [stdout, stderr].join('');
  };
  t.regex(await logs('a'), /out-a/);
  t.regex(await logs('a'), /err-a/);
  t.notRegex(await logs('a'), /out-b/);
  t.regex(await logs('b'), /out-b/);
});

const isolated = (isolator: string, value: unknown): ImageSpec => ({app: {isolators: [{name: isolator, value}]}});

kernelTest(
  'EX-34 EX-32 an isolator that rkt does not know is refused, unless it may be left out by name',
  async (t) => {
    const image = isolated('example.com/unknown', {a: 1});
    const refused = await host.sh('echo ran', {...nspawn, image});
    t.deepEqual([refused.exitCode, refused.error?.code, refused.stdout], [254, 'RKT_FLAVOR_CANNOT', '']);
    const allowed = await host.sh('echo ran', {...nspawn, image, pod: ['--allow-degraded=example.com/unknown']});
    t.is(allowed.stdout, 'ran\n');
  },
);

kernelTest('EX-41 EX-40 errno names of Linux alone are known, and unknown ones refused', async (t) => {
  const {stderr} = await host.sh('mkdir /tmp/a', {
    ...nspawn,
    pod: ['--accept-image=os/linux/seccomp-remove-set'],
    image: isolated('os/linux/seccomp-remove-set', {set: ['mkdir', 'mkdirat'], errno: 'EKEYREJECTED'}),
  });
  t.regex(stderr, /key was rejected/i);
});

kernelTest(
  'EX-44 EX-38 what a retain-set leaves out is only there as far as a program needs it to start and end',
  async (t) => {
    const set = [
      ...['access', 'arch_prctl', 'brk', 'close', 'fcntl', 'fstat', 'futex', 'getpid', 'getrandom', 'getuid', 'getgid'],
      ...[
        'geteuid',
        'getegid',
        'ioctl',
        'lseek',
        'mmap',
        'mprotect',
        'munmap',
        'newfstatat',
        'openat',
        'prctl',
        'prlimit64',
      ],
      ...[
        'read',
        'readlink',
        'readlinkat',
        'rseq',
        'rt_sigaction',
        'rt_sigprocmask',
        'set_robust_list',
        'set_tid_address',
      ],
      ...['setgid', 'setuid', 'stat', 'write', 'writev'],
    ];
    const image = isolated('os/linux/seccomp-retain-set', {set});
    const pod = ['--accept-image=os/linux/seccomp-retain-set'];
    const echo = await host.rkt([
      ...['--format=json', '--insecure-options=image', 'run', '--stage1=nspawn', ...pod, buildImage(image)],
      ...['--exec=/bin/echo', '--', 'started and ended'],
    ]);
    t.deepEqual([echo.exitCode, echo.stdout], [0, 'started and ended\n'], echo.stderr);
    // fork is not needed for either.
    t.not((await host.sh('(true); echo not reached', {...nspawn, image, pod})).stdout, 'not reached\n');
  },
);

kernelTest('PO-04 PO-05 a pod manifest without names of its own or images is refused', async (t) => {
  const id = await host.fetch();
  const app = {exec: ['/bin/true'], user: '0', group: '0'};
  const run = async (apps: unknown) => {
    const {exitCode, error} = await host.sh('', {...nspawn, manifest: host.manifest(id, {app}, {apps})});
    return [exitCode, error?.code];
  };
  const refused = [254, 'RKT_POD_MANIFEST_INVALID'];
  const one = {name: 'a', image: {id}, app};
  t.deepEqual(await run([one, one]), refused);
  t.deepEqual(await run([{...one, name: 'a%b'}]), refused);
  t.deepEqual(await run([{...one, name: '../a'}]), refused);
  t.deepEqual(await run([{...one, image: {name: 'example.com/test'}}]), refused);
  t.deepEqual(await run([{...one, image: {name: 'example.com/anything', id}}]), [0, undefined]);
});

kernelTest('PO-02 a volume carries files between the apps of a pod, both ways', async (t) => {
  const mount = ['--mount=volume=both,target=/both'];
  const wait = (file: string) => `until [ -e /both/${file} ]; do sleep 0.1; done; cat /both/${file}`;
  const {stdout, exitCode, stderr} = await host.rkt(
    runApps(
      ['--volume=both,kind=empty'],
      {name: 'a', script: `echo from a >/both/.a; mv /both/.a /both/a; ${wait('b')}`, flags: mount},
      {name: 'b', script: `${wait('a')}; echo from b >/both/.b; mv /both/.b /both/b`, flags: mount},
    ),
  );
  t.deepEqual([exitCode, stdout.trim().split('\n').sort()], [0, ['from a', 'from b']], stderr);
});
