import {mkdtempSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Flavor, Launch, Pod, PodPath, SeccompFilter, Step} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {planPod} from '../../../src/stage1/negotiation/plan-pod.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';
import {makePlan} from '../../support/make-plan.ts';

const launch = (of: Pod): Launch => {
  const [first] = of.apps;
  if (first === undefined) throw new Error('no app');
  return {
    into: 'rootfs',
    root: {in: 'rootfs', app: first.name, path: '/' as never},
    process: first.process,
    passSockets: false,
  };
};
const found = (changes: Partial<Flavor> = {}) => ({
  flavor: {
    declaration: declaration(),
    probe: () => [],
    filesystem: () => [{id: 'namespace', do: 'namespace', unshare: ['mount']}] satisfies Step[],
    environment: () => [],
    launch,
    ...changes,
  } as Flavor,
  digest: 'sha256-0',
  source: '/flavor.js',
});
const failing = (changes: Partial<Flavor>) => (t: ExecutionContext) =>
  t.throws(() => makePlan(found(changes), pod(), hostFacts()), {instanceOf: RktError});

test('a plan has the stages, the flavor and its digest', (t) => {
  const plan = makePlan(found(), pod(), hostFacts());
  t.deepEqual(plan.flavor, {name: 'test', version: '1.0.0', digest: 'sha256-0'});
  t.is(plan.filesystem.length, 1);
  t.true(Object.isFrozen(plan.launch.process.argv));
});

test('an unknown kind of step is refused with its place', (t) => {
  const error = failing({environment: () => [{id: 'x', do: 'format-disk'}] as never})(t);
  t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID');
  t.is(error.fields.where, '.environment[0].do');
});

test('an unknown field of a step is refused', (t) => {
  const error = failing({environment: () => [{id: 'x', do: 'hostname', name: 'a', nmae: 'b'}] as never})(t);
  t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID');
});

test('a file that has not as many places as filters is refused', (t) => {
  const filter = {default: {action: 'kill'}, rules: []} satisfies SeccompFilter;
  const target = {in: 'pod', path: 'x' as PodPath} as const;
  const writing = (content: string, filters: SeccompFilter[]) => ({
    environment: (): Step[] => [{id: 'x', do: 'write', target, content, filters, mode: 0o600, uid: 0, gid: 0}],
  });
  t.notThrows(() => makePlan(found(writing('\0-\0', [filter, filter])), pod(), hostFacts()));
  for (const [content, filters] of [
    ['', [filter]],
    ['\0', []],
    ['\0\0', [filter]],
  ] as const) {
    const error = failing(writing(content, [...filters]))(t);
    t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID');
    t.is(error.fields.where, '.environment[0]');
  }
});

test('two steps of one name are refused', (t) => {
  const error = failing({environment: () => [{id: 'namespace', do: 'hostname', name: 'a'}]})(t);
  t.is(error.fields.where, 'namespace');
});

test('nothing is mounted before the mount namespace of the host has been left', (t) => {
  const mount = {
    ...{id: 'mount', do: 'mount', type: 'tmpfs', target: {in: 'pod', path: 'a' as never}, flags: [], options: {}},
  } satisfies Step;
  const namespace = {id: 'namespace', do: 'namespace', unshare: ['mount']} satisfies Step;
  t.is(failing({filesystem: () => [mount, namespace]})(t).fields.where, 'mount');
  t.is(
    failing({filesystem: () => [{...namespace, unshare: ['ipc']}], environment: () => [mount]})(t).fields.where,
    'mount',
  );
  t.is(failing({filesystem: () => []})(t).fields.where, 'launch');
  t.notThrows(() => makePlan(found({environment: () => [mount]}), pod(), hostFacts()));
});

test('a path of the pod cannot leave it', (t) => {
  for (const path of ['../x', 'a/../../x', '/x', 'a/./b', '']) {
    const step = {id: 'x', do: 'mkdir', target: {in: 'pod', path}, mode: 0o755, uid: 0, gid: 0} as never;
    t.is(failing({environment: () => [step]})(t).code, 'RKT_FLAVOR_PLAN_INVALID', path);
  }
});

test('a hook that throws is named', (t) => {
  const error = failing({
    launch: () => {
      throw new TypeError('oops');
    },
  })(t);
  t.is(error.code, 'RKT_FLAVOR_FAILED');
  t.is(error.fields.hook, 'launch');
  t.true(error.cause instanceof TypeError);
});

test('a flavor cannot change the pod', (t) => {
  const error = failing({
    filesystem: (given) => {
      (given as {hostname: string | null}).hostname = 'mine';
      return [];
    },
  })(t);
  t.is(error.code, 'RKT_FLAVOR_FAILED');
});

test('a file of a plan has at most 1 MiB, counted in bytes', (t) => {
  const writing = (content: string) => ({
    environment: (): Step[] => [
      {id: 'file', do: 'write', target: {in: 'pod', path: 'file' as never}, content, mode: 0o644, uid: 0, gid: 0},
    ],
  });
  t.notThrows(() => makePlan(found(writing('x'.repeat(2 ** 20))), pod(), hostFacts()));
  for (const content of ['x'.repeat(2 ** 20 + 1), 'é'.repeat(2 ** 19 + 1)]) {
    const error = failing(writing(content))(t);
    t.is(error.code, 'RKT_FLAVOR_PLAN_TOO_LARGE');
    t.is(error.fields.where, '.environment[0].content');
  }
});

/** A step of each kind that makes or changes something, with a target where only the host is concerned. */
const onHost = (path: string) => ({target: {in: 'host', path: path as never}}) as const;
const owner = {mode: 0o755, uid: 0, gid: 0} as const;
const ownMounts: Step = {id: 'namespace', do: 'namespace', unshare: ['mount']};

test('S14 a flavor that is mistaken makes nothing on the host', (t) => {
  const making: Step[] = [
    {id: 'x', do: 'mkdir', ...onHost('/opt/x'), ...owner},
    {id: 'x', do: 'mkdir', ...onHost('/run'), ...owner},
    {id: 'x', do: 'write', ...onHost('/run/x'), content: '', ...owner},
    {id: 'x', do: 'symlink', ...onHost('/run/x'), to: '/'},
    {id: 'x', do: 'device', ...onHost('/run/x'), type: 'char', major: 1, minor: 3, ...owner},
  ];
  for (const step of making) {
    const error = failing({environment: () => [step]})(t);
    t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID', JSON.stringify(step));
    t.is(error.fields.where, 'x');
  }
  const directory: Step = {id: 'x', do: 'mkdir', ...onHost('/run/x/y'), ...owner};
  t.notThrows(() => makePlan(found({environment: () => [directory]}), pod(), hostFacts()));
});

test('S14 a flavor that is mistaken changes none of the mounts of the host', (t) => {
  const app = 'main' as never;
  const at = (value: string) => value as never;
  const mounting: Step[] = [
    {id: 'x', do: 'mount', type: 'tmpfs', ...onHost('/mnt'), flags: [], options: {}},
    {id: 'x', do: 'remount', ...onHost('/mnt'), flags: ['ro']},
    {
      id: 'x',
      do: 'bind',
      source: {in: 'host', path: at('/')},
      target: {in: 'pod', path: at('x')},
      recursive: true,
      followSymlinks: false,
      flags: [],
    },
    {id: 'x', do: 'overlay', app, lower: [at('/a')], upper: at('u'), work: at('w'), target: at('t')},
    {id: 'x', do: 'mask', app, paths: [at('/proc')]},
    {id: 'x', do: 'protect', app, paths: [at('/proc')]},
    {id: 'x', do: 'host-tree', programs: [], directories: [], target: at('t')},
    {id: 'x', do: 'disk-image', app, layers: [at('/a')], target: at('t')},
    {id: 'x', do: 'template', tree: at('/a'), command: ['/a'], files: ['a'], writes: at('/w'), target: at('t')},
    {id: 'x', do: 'keep-mounts', paths: []},
  ];
  const stage1 = {image: {id: 'sha512-0' as never, name: 'flavor'}, tree: at('/a')};
  const own = {...pod(), stage1};
  t.is(failing({filesystem: () => []})(t).fields.where, 'launch');
  for (const step of mounting) {
    for (const before of [[], [{...ownMounts, unshare: ['ipc']} satisfies Step]]) {
      const plan = () =>
        makePlan(found({filesystem: () => [...before, step, {...ownMounts, id: 'late'}]}), own, hostFacts());
      const error = t.throws(plan, {instanceOf: RktError});
      t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID', step.do);
      t.is(error.fields.where, 'x');
    }
    t.notThrows(() => makePlan(found({filesystem: () => [ownMounts, step]}), own, hostFacts()), step.do);
  }
});

test('S32 a program of no tree but that of the pod’s stage1 image makes what machines go on from', (t) => {
  const at = (value: string) => value as never;
  const template: Step = {
    ...{id: 'x', do: 'template', tree: at('/a'), command: ['/a'], files: ['a'], writes: at('/w'), target: at('t')},
  };
  const image = {id: 'sha512-0' as never, name: 'flavor'};
  for (const stage1 of [undefined, {image, tree: at('/b')}]) {
    const of = {...pod(), ...(stage1 && {stage1})};
    const plan = () => makePlan(found({filesystem: () => [ownMounts, template]}), of, hostFacts());
    const error = t.throws(plan, {instanceOf: RktError});
    t.deepEqual([error?.code, error?.fields.where], ['RKT_FLAVOR_PLAN_INVALID', 'x']);
  }
});

test('S20 no path leads up and out of what a step may change: directories below /run, the cgroup of the pod', (t) => {
  const mkdir = (path: string) => ({
    ...{id: 'x', do: 'mkdir', target: {in: 'host', path: path as never}, mode: 0o755, uid: 0, gid: 0},
  });
  const cgroup = (path: string) => ({id: 'x', do: 'cgroup', path, limits: {}, join: true});
  const {cgroup: own} = pod();
  const refused = [
    ...['/run/../etc/x', '/run/a/../../etc', '/run/..', '/etc/x'].map(mkdir),
    ...[`${own}/../system.slice`, `${own}/../../../etc`, '..', '', '/', 'system.slice/ssh.service'].map(cgroup),
  ];
  for (const step of refused) {
    const error = failing({environment: () => [step] as never})(t);
    t.is(error?.code, 'RKT_FLAVOR_PLAN_INVALID', JSON.stringify(step));
    t.is(error?.fields.where, 'x');
  }
  for (const step of [mkdir('/run/rkt..x/y'), cgroup(own), cgroup(`${own}/below..`)])
    t.notThrows(() => makePlan(found({environment: () => [step] as never}), pod(), hostFacts()), JSON.stringify(step));
});

const volumeOf = (source: string, propagation?: 'shared' | 'slave'): Pod['volumes'][number] => ({
  ...({name: 'data' as never, kind: 'host', source: source as never, type: 'directory'} as const),
  ...{readOnly: false, recursive: true, followSymlinks: false, ...(propagation && {propagation})},
});
const bindOf = (source: string, propagation: 'shared' | 'slave'): Step => ({
  ...({id: 'x', do: 'bind', source: {in: 'host', path: source as never}, propagation} as const),
  target: {in: 'rootfs', app: 'main' as never, path: '/data' as never},
  ...{recursive: true, followSymlinks: false, flags: []},
});

test('S14 only a volume of the pod that asks for it is bound with mounts that come in, or go out', (t) => {
  const plan = (step: Step, volumes: Pod['volumes']) =>
    makePlan(found({filesystem: () => [ownMounts, step]}), pod({volumes}), hostFacts());
  const refused: [Step, Pod['volumes']][] = [
    [bindOf('/', 'shared'), []],
    [bindOf('/', 'slave'), []],
    [bindOf('/', 'shared'), [volumeOf('/srv', 'shared')]],
    [bindOf('/srv', 'shared'), [volumeOf('/srv', 'slave')]],
    [bindOf('/srv', 'slave'), [volumeOf('/srv')]],
    [{...bindOf('/', 'shared'), source: {in: 'pod', path: 'srv' as never}} as Step, [volumeOf('/srv', 'shared')]],
  ];
  for (const [step, volumes] of refused) {
    const error = t.throws(() => plan(step, volumes), {instanceOf: RktError}, JSON.stringify([step, volumes]));
    t.deepEqual([error?.code, error?.fields.where], ['RKT_FLAVOR_PLAN_INVALID', 'x']);
  }
  for (const how of ['shared', 'slave'] as const) t.notThrows(() => plan(bindOf('/srv', how), [volumeOf('/srv', how)]));
});

/** A pod whose network has one card. */
const onNetwork = (namespace: string, tap: string): Pod['network'] => ({
  mode: 'prepared',
  names: [],
  prepared: {namespace: namespace as never, interfaces: [{tap, name: 'eth0', addresses: [], routes: []}]},
});
const tapOf = (namespace: string, device: string): Step => ({
  id: 'x',
  do: 'tap',
  namespace: namespace as never,
  device,
});

test('S14 only a tap that was prepared for the pod is opened', (t) => {
  const plan = (step: Step, network: Pod['network']) =>
    makePlan(found({environment: () => [step]}), pod({network}), hostFacts());
  for (const step of [tapOf('/proc/1/ns/net', 'tap0'), tapOf('/run/netns/pod', 'tap1')])
    for (const network of [onNetwork('/run/netns/pod', 'tap0'), pod().network]) {
      const error = t.throws(() => plan(step, network), {instanceOf: RktError});
      t.deepEqual([error?.code, error?.fields.where], ['RKT_FLAVOR_PLAN_INVALID', 'x']);
    }
  t.notThrows(() => plan(tapOf('/run/netns/pod', 'tap0'), onNetwork('/run/netns/pod', 'tap0')));
});

test('S14 that a pod asks for what a plan binds is not remembered for another pod', async (t) => {
  const checked = mkdtempSync(path.join(tmpdir(), 'rkt-checked-'));
  t.teardown(() => rmSync(checked, {recursive: true}));
  const cgroup: Step = {id: 'cgroup', do: 'cgroup', path: pod().cgroup, limits: {}, join: true};
  const flavor = found({filesystem: () => [ownMounts, bindOf('/srv', 'shared')], environment: () => [cgroup]});
  const plan = (volumes: Pod['volumes']) =>
    planPod(flavor, pod({volumes}), {facts: hostFacts(), allowDegraded: [], checked});
  await plan([volumeOf('/srv', 'shared')]);
  await t.throwsAsync(plan([]), {code: 'RKT_FLAVOR_PLAN_INVALID'});
  const taps = found({filesystem: () => [ownMounts], environment: () => [cgroup, tapOf('/run/netns/pod', 'tap0')]});
  const planTaps = (network: Pod['network']) =>
    planPod(taps, pod({network}), {facts: hostFacts(), allowDegraded: ['network/prepared'], checked});
  await planTaps(onNetwork('/run/netns/pod', 'tap0'));
  await t.throwsAsync(planTaps(onNetwork('/run/netns/pod', 'tap1')), {code: 'RKT_FLAVOR_PLAN_INVALID'});
});

test('S14 what plans of like pods differ in is not checked again, and nothing else is taken for it', async (t) => {
  const checked = mkdtempSync(path.join(tmpdir(), 'rkt-checked-'));
  t.teardown(() => rmSync(checked, {recursive: true}));
  const plan = (digit: string, user: number, name: string) => {
    const uuid = pod().uuid.replace(/0{12}/, digit.repeat(12)) as Pod['uuid'];
    const one = pod({uuid, cgroup: `rkt-${uuid}`});
    const ofPod = {target: {in: 'pod', path: name as never}, mode: 0o755, uid: user, gid: user} as const;
    const flavor = found({
      environment: ({cgroup}) => [
        {id: 'directory', do: 'mkdir', ...ofPod},
        {id: 'cgroup', do: 'cgroup', path: cgroup, limits: {}, join: true},
      ],
      launch: (given) => ({...launch(given), process: {...launch(given).process, uid: user, gid: user}}),
    });
    return planPod(flavor, one, {facts: hostFacts(), allowDegraded: [], checked});
  };
  const [first, last] = [0x7000_0000, 0x7fff_ffff];
  await plan('0', first, 'of-pod');
  const [known = ''] = readdirSync(checked);
  const {ino} = statSync(path.join(checked, known));
  await plan('1', last, 'of-pod');
  t.deepEqual([readdirSync(checked), statSync(path.join(checked, known)).ino], [[known], ino]);
  await t.throwsAsync(plan('2', 9_999_999_999, 'of-pod'), {code: 'RKT_FLAVOR_PLAN_INVALID'});
  await plan('3', first, `.${first}./x`);
  await t.throwsAsync(plan('4', first, '../x'), {code: 'RKT_FLAVOR_PLAN_INVALID'});
});
