import test from 'ava';
import type {Pod, RunningPod, Step} from '../../../core/src/contract/index.ts';
import {RktError} from '../../../core/src/rkt-error.ts';
import {deepFreeze} from '../../../core/src/stage1/deep-freeze.ts';
import {negotiate} from '../../../core/src/stage1/negotiation/negotiate.ts';
import {checkFlavor} from '../../../core/test/support/check-flavor.ts';
import {app, hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {makePlan} from '../../../core/test/support/make-plan.ts';
import fly from '../src/index.ts';

const found = {flavor: fly, digest: 'sha256-0', source: '/fly'};
const rich = pod({
  ipc: 'private',
  resolvConf: 'nameserver 127.0.0.1\n',
  hosts: '127.0.0.1 localhost\n',
  maskedPaths: ['/proc/kcore'] as never,
  readOnlyPaths: ['/proc/sys'] as never,
  volumes: [
    {
      name: 'data',
      kind: 'host',
      source: '/srv',
      type: 'directory',
      recursive: true,
      followSymlinks: false,
      readOnly: true,
    },
    {name: 'scratch', kind: 'empty', directory: 'volumes/scratch', mode: 0o755, uid: 0, gid: 0, readOnly: false},
  ] as never,
  apps: [
    app({
      readOnlyRootfs: true,
      limits: {memoryMax: 2 ** 26},
      mounts: [
        {volume: 'data', path: '/data/inner', readOnly: false},
        {volume: 'scratch', path: '/data', readOnly: false},
      ] as never,
    }),
  ],
});
const idsOf = (steps: readonly Step[]) => steps.map(({id}) => id);
const reversed = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, inner]) => [key, reversed(inner)]),
        )
      : value;

test('the flavor satisfies the contract', (t) => {
  t.is(checkFlavor(fly, '/fly'), fly);
});

test('the same pod and host give the same plan, byte for byte', (t) => {
  const once = JSON.stringify(makePlan(found, structuredClone(rich), hostFacts()));
  t.is(JSON.stringify(makePlan(found, structuredClone(rich), hostFacts())), once);
  t.is(JSON.stringify(makePlan(found, reversed(rich) as Pod, reversed(hostFacts()) as never)).length, once.length);
});

test('hooks work on a frozen pod', (t) => {
  const frozen = deepFreeze(structuredClone(rich));
  t.notThrows(() => [
    fly.filesystem(frozen, hostFacts()),
    fly.environment(frozen, hostFacts()),
    fly.launch(frozen, hostFacts()),
  ]);
});

test('the mount namespace comes first, and the read-only rootfs last', (t) => {
  const {filesystem, environment} = makePlan(found, rich, hostFacts());
  t.deepEqual(filesystem[0], {id: 'namespace', do: 'namespace', unshare: ['mount', 'ipc']});
  t.is(idsOf(environment).at(-1), 'readonly.main');
});

test('outer volumes are mounted before inner ones, and a volume that is read-only stays so', (t) => {
  const binds = makePlan(found, rich, hostFacts()).filesystem.filter((step) => step.do === 'bind');
  t.deepEqual(idsOf(binds), ['volume.main.scratch:/data', 'volume.main.data:/data/inner']);
  t.deepEqual(
    binds.map((step) => step.do === 'bind' && step.flags),
    [['nodev'], ['ro', 'nodev']],
  );
});

test('S10 mounts at paths of any length are steps of a plan, each with its own name', (t) => {
  const volumes = [{name: 'v', kind: 'empty', directory: 'volumes/v', mode: 0o755, uid: 0, gid: 0, readOnly: false}];
  const mounts = ['/one', '/two', '/ä'].map((end) => ({
    volume: 'v',
    path: `${'/a'.repeat(2000)}${end}`,
    readOnly: false,
  }));
  const long = pod({volumes: volumes as never, apps: [app({mounts: mounts as never})]});
  const {filesystem} = makePlan(found, long, hostFacts());
  t.is(filesystem.filter((step) => step.do === 'bind' && step.id.startsWith('volume.')).length, 3);
});

test('a device is bound after the app has its own /dev', (t) => {
  const volumes = [
    {
      name: 'kvm',
      kind: 'host',
      source: '/dev/kvm',
      type: 'device',
      recursive: false,
      followSymlinks: false,
      readOnly: false,
    },
  ] as never;
  const mounts = [{volume: 'kvm', path: '/dev/kvm', readOnly: false}] as never;
  const {filesystem, environment} = makePlan(found, pod({volumes, apps: [app({mounts})]}), hostFacts());
  const ids = idsOf(environment);
  t.false(idsOf(filesystem).includes('volume.main.kvm:/dev/kvm'));
  t.true(ids.indexOf('volume.main.kvm:/dev/kvm') > ids.indexOf('mount.main./dev'));
});

test('the app itself is launched, with exactly its compiled process', (t) => {
  const {launch} = makePlan(found, rich, hostFacts());
  t.is(launch.into, 'rootfs');
  t.deepEqual(launch.process, rich.apps[0]?.process);
});

test('S01 enter has exactly the process of the app but for the command', (t) => {
  const running: RunningPod = {
    ...rich,
    supervisor: {pid: 7, startTime: 1},
    appProcesses: {main: {pid: 7, startTime: 1}},
  };
  const [main] = rich.apps;
  if (main === undefined) throw new Error('no app');
  const entered = fly.enter?.(running, main, ['/bin/id'], hostFacts());
  t.like(entered, {into: 'member', member: {pid: 7, startTime: 1}, namespaces: ['mount', 'ipc']});
  t.deepEqual(entered?.process, {...main.process, argv: ['/bin/id']});
});

test('a pod without volumes, names and masks has no steps for them', (t) => {
  const {filesystem, environment} = makePlan(found, pod(), hostFacts());
  t.deepEqual(idsOf(filesystem), ['namespace', 'rootfs.main']);
  t.false(idsOf(environment).some((id) => /^(mask|protect|file|readonly)\./.test(id)));
});

test('EX-31 PO-12 a limit of the pod holds for an app that has none of its own', (t) => {
  const limited = pod({limits: {memoryMax: 2 ** 26, pidsMax: 9}, apps: [app({limits: {memoryMax: 2 ** 20}})]});
  const step = makePlan(found, limited, hostFacts()).environment.find(({id}) => id === 'cgroup');
  t.like(step, {limits: {memoryMax: 2 ** 20, pidsMax: 9}});
});

test('S28 where the kernel has no Landlock a pod is refused, unless it is said by name', (t) => {
  const apart = pod({apps: [app({process: {apart: true}})]});
  const run = (landlock: number | undefined, allowDegraded: readonly string[] = []) => {
    const host = hostFacts({lsm: {selinux: false, apparmor: false, ...(landlock !== undefined && {landlock})}});
    return negotiate({declaration: fly.declaration, findings: [], pod: apart, host, allowDegraded});
  };
  for (const landlock of [undefined, 1]) {
    const refused = t.throws(() => run(landlock), {instanceOf: RktError, code: 'RKT_FLAVOR_CANNOT'});
    t.like(refused?.fields, {problems: [{name: 'processes/apart', degradable: true}]});
    const {report} = run(landlock, ['processes/apart']);
    t.is(report.entries.find(({name}) => name === 'processes/apart')?.verdict, 'ignored');
  }
  t.is(run(2).report.entries.find(({name}) => name === 'processes/apart')?.verdict, 'enforced');
});

test('a host without cgroups is reported, and not fatal', (t) => {
  const findings = fly.probe(hostFacts({cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/rkt'}}));
  t.deepEqual(
    findings.map(({severity}) => severity),
    ['degraded'],
  );
  t.deepEqual(fly.probe(hostFacts()), []);
});

test('what a host lacks for an ordinary user is told, each with what helps', (t) => {
  const told = (facts: Parameters<typeof hostFacts>[0]) =>
    fly
      .probe(hostFacts({cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'}, ...facts}))
      .filter(({severity}) => severity !== 'note')
      .map(({severity, what, fix = ''}) => [severity, what, fix].join(': '));
  const rootless = {users: 65_536, groups: 65_536, changesGroups: true};
  const {lsm} = hostFacts();
  const whole = told({rootless, lsm: {...lsm, landlock: 6}});
  t.is(whole.length, 1);
  t.regex(whole[0] ?? '', /^degraded: an ordinary user has no cgroups.*: run rkt as root$/);
  const more = (facts: Parameters<typeof hostFacts>[0]) =>
    told({rootless, lsm: {...lsm, landlock: 6}, ...facts}).filter((line) => !whole.includes(line));
  const one = {users: 1, groups: 1, changesGroups: false};
  for (const [idsLack, fix] of [
    ['programs', /: apt-get install uidmap$/],
    ['ranges', /: usermod /],
    ['rights', /: start it without /],
  ] as const) {
    const lines = more({rootless: {...one, idsLack}});
    t.is(lines.length, 1);
    t.regex(lines[0] ?? '', fix);
  }
  t.regex(more({lsm: {...lsm, landlock: 5}}).join('\n'), /^degraded: .*abstract sockets.*version 5 .*: Linux 6\.12/);
  t.regex(more({filesystems: ['proc']}).join('\n'), /^degraded: .*overlays.*: Linux 5\.11$/);
  t.regex(
    more({filesystems: ['overlay']}).join('\n'),
    /^missing: a \/proc for the pod.*: start the container without masks/,
  );
  t.regex(more({userNamespaces: false}).join('\n'), /^missing: user namespaces .*: sysctl /);
});

test('IM-30 an app that says by itself when it is ready has the socket for that, any other has rkt say so', (t) => {
  const env = [{name: 'NOTIFY_SOCKET', value: '/of/the/image'}];
  const own = pod({apps: [app({notifies: true, process: {env}})]});
  const made = (of: Pod, notifySocket: string) => {
    const {environment, launch} = makePlan(found, of, hostFacts({notifySocket}));
    const bound = environment.find((step) => step.do === 'bind' && step.id.startsWith('notify.'));
    return {bound, tells: launch.into === 'rootfs' && launch.tellsReady, env: launch.process.env};
  };
  const path = made(own, '/run/systemd/notify');
  t.like(path.bound, {source: {in: 'host', path: '/run/systemd/notify'}, target: {in: 'rootfs', path: '/dev/notify'}});
  t.like(path, {tells: undefined, env: [{name: 'NOTIFY_SOCKET', value: '/dev/notify'}]});
  t.deepEqual(made(own, '@name'), {bound: undefined, tells: undefined, env: [{name: 'NOTIFY_SOCKET', value: '@name'}]});
  t.deepEqual(made(pod(), '@name'), {bound: undefined, tells: true, env: pod().apps[0]?.process.env ?? []});
  t.deepEqual(makePlan(found, own, hostFacts()).launch.process.env, env);
});

test('S28 a pod of an ordinary user has pids and System V IPC of its own, and one of root the host has', (t) => {
  const rootless = {users: 1, groups: 1, changesGroups: false};
  const host = hostFacts({rootless, cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'}});
  const unshared = (of: Pod, on = host) => {
    const [first] = makePlan(found, of, on).filesystem;
    return first?.do === 'namespace' ? first.unshare : [];
  };
  t.deepEqual(unshared(pod()), ['mount', 'ipc', 'pid']);
  t.deepEqual(unshared(pod({ipc: 'host'})), ['mount', 'pid']);
  t.deepEqual(unshared(pod(), hostFacts()), ['mount']);
  const proc = makePlan(found, pod(), host).environment.find(({id}) => id === 'mount.main./proc');
  t.like(proc, {do: 'mount', type: 'proc'});
  const [main] = pod().apps;
  if (main === undefined) throw new Error('no app');
  const running = {...pod(), supervisor: {pid: 7, startTime: 1}, appProcesses: {main: {pid: 8, startTime: 1}}};
  t.like(fly.enter?.(running, main, [], host), {namespaces: ['mount', 'ipc', 'pid'], member: {pid: 8}});
});
