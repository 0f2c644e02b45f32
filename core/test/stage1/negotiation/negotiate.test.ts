import test from 'ava';
import type {Declaration, HostPath, IsolatorMap, PodPath, Support} from '../../../src/contract/index.ts';
import {isolatorNames} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {negotiate, type Problem} from '../../../src/stage1/negotiation/negotiate.ts';
import {app, declaration, hostFacts, pod} from '../../support/fixtures.ts';

type Input = Partial<Parameters<typeof negotiate>[0]>;
const run = (input: Input) =>
  negotiate({declaration: declaration(), findings: [], pod: pod(), host: hostFacts(), allowDegraded: [], ...input});
const problemsOf = (error: RktError | undefined) => error?.fields.problems as Problem[] | undefined;

const memory: IsolatorMap['resource/memory'] = {request: 2 ** 20, limit: 2 ** 20};
const withMemory = pod({apps: [app({isolators: {'resource/memory': memory}, limits: {memoryMax: 2 ** 20}})]});
const impossible: Support = {level: 'impossible', consequence: 'not here'};
const without = (name: string) => declaration({isolators: {...declaration().isolators, [name]: impossible}});

test('EX-33 what is enforced is in the report with its value and mechanism', (t) => {
  const {report, pod: result} = run({pod: withMemory});
  t.deepEqual(
    report.entries.find(({name}) => name === 'resource/memory'),
    {
      kind: 'isolator',
      name: 'resource/memory',
      app: 'main',
      origin: 'asked',
      verdict: 'enforced',
      value: memory,
      how: 'test',
    },
  );
  t.deepEqual(result, withMemory);
});

test('EX-34 an isolator that the flavor cannot enforce is refused, with the flag that would allow it', (t) => {
  const error = t.throws(() => run({pod: withMemory, declaration: without('resource/memory')}), {instanceOf: RktError});
  t.is(error.code, 'RKT_FLAVOR_CANNOT');
  t.deepEqual(problemsOf(error), [
    {kind: 'isolator', name: 'resource/memory', app: 'main', because: 'not here', degradable: true},
  ]);
  t.regex(error.hint ?? '', /--allow-degraded=resource\/memory/);
});

test('EX-33 an isolator that may be dropped is reported as ignored and the flavor never sees it', (t) => {
  const {report, pod: result} = run({
    pod: withMemory,
    declaration: without('resource/memory'),
    allowDegraded: ['resource/memory'],
  });
  t.is(report.entries.find(({name}) => name === 'resource/memory')?.verdict, 'ignored');
  t.deepEqual(result.apps[0]?.limits, {});
  t.deepEqual(result.apps[0]?.isolators, {});
});

test('allowing one isolator to be dropped allows no other', (t) => {
  const error = t.throws(
    () => run({pod: withMemory, declaration: without('resource/memory'), allowDegraded: ['resource/cpu']}),
    {instanceOf: RktError},
  );
  t.is(error.code, 'RKT_FLAVOR_CANNOT');
});

test('a restart policy that the flavor has not is refused, or dropped where that is allowed', (t) => {
  const {restart: _restart, ...features} = declaration().features;
  const asked = pod({apps: [app({restart: 'always'})]});
  const old = declaration({features: features as Declaration['features']}); // of contract 1.0
  const error = t.throws(() => run({pod: asked, declaration: old}), {instanceOf: RktError});
  t.like(problemsOf(error)?.[0], {kind: 'feature', name: 'restart', app: 'main', degradable: true});
  t.is(run({pod: asked, declaration: old, allowDegraded: ['restart']}).pod.apps[0]?.restart, 'no');
  const reported = (asking: typeof asked) =>
    run({pod: asking}).report.entries.find(({name}) => name === 'restart')?.value;
  t.is(reported(asked), 'always');
  const limited = pod({apps: [app({restart: 'always', restartLimit: {times: 3, seconds: 60}})]});
  t.is(reported(limited), 'always, 3 times in 60 s');
  t.is(run({pod: limited, declaration: old, allowDegraded: ['restart']}).pod.apps[0]?.restartLimit, undefined);
});

test('EX-33 an equivalent is reported as modified with its consequence', (t) => {
  const support: Support = {level: 'equivalent', mechanism: 'machine size', consequence: 'rounded up'};
  const {report} = run({
    pod: withMemory,
    declaration: declaration({isolators: {...declaration().isolators, 'resource/memory': support}}),
  });
  const entry = report.entries.find(({name}) => name === 'resource/memory');
  t.is(entry?.verdict, 'modified');
  t.is(entry?.how, 'machine size; rounded up');
});

test('a missing cgroup controller makes its isolator impossible on this host', (t) => {
  const needs: Support = {level: 'enforced', mechanism: 'cgroup', requires: ['cgroup/memory']};
  const error = t.throws(
    () =>
      run({
        pod: withMemory,
        declaration: declaration({isolators: {...declaration().isolators, 'resource/memory': needs}}),
        host: hostFacts({cgroup: {mode: 'hybrid', hierarchies: [], controllers: ['cpu'], parent: '/rkt'}}),
      }),
    {instanceOf: RktError},
  );
  t.is(problemsOf(error)?.[0]?.name, 'resource/memory');
});

test('a program may be required by name or by path', (t) => {
  const program = {path: '/usr/lib/x/y' as HostPath, version: ''};
  for (const name of ['tool', '/usr/lib/x/y'] as const) {
    const needs: Support = {level: 'enforced', mechanism: 'program', requires: [`program/${name}`]};
    const of = declaration({isolators: {...declaration().isolators, 'resource/memory': needs}});
    t.notThrows(() => run({pod: withMemory, declaration: of, host: hostFacts({programs: {[name]: program}})}));
    const error = t.throws(() => run({pod: withMemory, declaration: of}), {instanceOf: RktError});
    t.is(problemsOf(error)?.[0]?.because, `${name} is not installed`);
  }
});

test('of a program may be required what it says that it has been built with', (t) => {
  const needs: Support = {level: 'enforced', mechanism: 'program', requires: ['built-with/tool/SECCOMP']};
  const of = declaration({isolators: {...declaration().isolators, 'resource/memory': needs}});
  const on = (features?: string[]) => () =>
    run({
      pod: withMemory,
      declaration: of,
      host: hostFacts({programs: {tool: {path: '/bin/tool' as HostPath, version: '1', ...(features && {features})}}}),
    });
  t.notThrows(on(['PAM', 'SECCOMP']));
  for (const without of [on(), on(['PAM']), () => run({pod: withMemory, declaration: of})])
    t.is(
      problemsOf(t.throws(without, {instanceOf: RktError}))?.[0]?.because,
      'tool does not say that it has been built with SECCOMP here',
    );
});

const beyond: readonly [string, object, Partial<Record<string, unknown>>][] = [
  ['an oom score below our own', {'os/linux/oom-score-adj': {score: -5}}, {}],
  ['a hard limit above our own', {'os/unix/rlimits': {limits: {nofile: {soft: 1, hard: 20001}}}}, {}],
  ['an unlimited hard limit', {'os/unix/rlimits': {limits: {nofile: {soft: 1, hard: null}}}}, {}],
];
for (const [what, isolators] of beyond) {
  test(`without CAP_SYS_RESOURCE ${what} is refused, with it granted`, (t) => {
    const wanted = pod({apps: [app({isolators})]});
    const poor = hostFacts({capabilities: ['CAP_SYS_ADMIN']});
    const error = t.throws(() => run({pod: wanted, host: poor}), {instanceOf: RktError});
    t.is(error.code, 'RKT_FLAVOR_CANNOT');
    t.notThrows(() => run({pod: wanted}));
    // Of a user namespace it does not count.
    const rootless = hostFacts({rootless: {users: 1, groups: 1, changesGroups: false}});
    t.like(
      t.throws(() => run({pod: wanted, host: rootless})),
      {code: 'RKT_FLAVOR_CANNOT'},
    );
  });
}

test('without root of the host a pod has the users and groups that are there, and no others', (t) => {
  const host = hostFacts({rootless: {users: 1001, groups: 10, changesGroups: true}});
  const of = (ids: object) => pod({apps: [app({process: {uid: 0, gid: 0, groups: [], ...ids}})]});
  for (const ids of [{}, {uid: 1000}, {gid: 9}, {groups: [9]}]) t.notThrows(() => run({pod: of(ids), host}));
  for (const ids of [{uid: 1001}, {gid: 10}, {groups: [1, 10]}]) {
    const error = t.throws(() => run({pod: of(ids), host}), {instanceOf: RktError});
    t.deepEqual(
      problemsOf(error)?.map(({name, degradable}) => [name, degradable]),
      [['user', false]],
    );
    t.notThrows(() => run({pod: of(ids)}));
  }
  const owned = (ids: object) => {
    const directory = 'volumes/data' as PodPath;
    const volume = {
      name: 'data' as never,
      kind: 'empty',
      directory,
      readOnly: false,
      mode: 0o755,
      uid: 0,
      gid: 0,
    } as const;
    return pod({volumes: [{...volume, ...ids}]});
  };
  t.notThrows(() => run({pod: owned({uid: 1000, gid: 9}), host}));
  for (const ids of [{uid: 1001}, {gid: 10}]) {
    const error = t.throws(() => run({pod: owned(ids), host}), {instanceOf: RktError});
    t.deepEqual(
      problemsOf(error)?.map(({name, degradable}) => [name, degradable]),
      [['volume/empty', false]],
    );
  }
  const keeping = hostFacts({rootless: {users: 1, groups: 10, changesGroups: false}});
  const error = t.throws(() => run({pod: of({groups: [9]}), host: keeping}), {instanceOf: RktError});
  t.is(error.code, 'RKT_FLAVOR_CANNOT');
});

test('EX-32 an isolator that the contract does not know is refused unless that very name is allowed', (t) => {
  const wanted = pod({apps: [app({isolators: {'example.com/unknown': {x: 1}} as object})]});
  t.is(t.throws(() => run({pod: wanted}), {instanceOf: RktError}).code, 'RKT_FLAVOR_CANNOT');
  const {report} = run({pod: wanted, allowDegraded: ['example.com/unknown']});
  t.is(report.entries.find(({name}) => name === 'example.com/unknown')?.verdict, 'ignored');
});

test('a feature that makes the pod another one cannot be dropped', (t) => {
  const two = pod({apps: [app(), app({name: 'second' as never})]});
  const one = declaration({features: {...declaration().features, 'apps/many': impossible}});
  const error = t.throws(() => run({pod: two, declaration: one, allowDegraded: ['apps/many']}), {instanceOf: RktError});
  t.deepEqual(
    problemsOf(error)?.map(({name, degradable}) => [name, degradable]),
    [['apps/many', false]],
  );
});

test('a default that the flavor cannot give is refused like one that was asked for', (t) => {
  const error = t.throws(() => run({declaration: without('os/linux/capabilities-retain-set')}), {instanceOf: RktError});
  t.is(problemsOf(error)?.[0]?.name, 'os/linux/capabilities-retain-set');
});

test('what the flavor misses on the host is refused with its fix', (t) => {
  const error = t.throws(
    () => run({findings: [{severity: 'missing', what: 'no systemd-nspawn', fix: 'apt-get install systemd-container'}]}),
    {instanceOf: RktError},
  );
  t.is(error.code, 'RKT_FLAVOR_HOST_LACKS');
  t.is(error.hint, 'apt-get install systemd-container');
});

test('a finding that only degrades does not refuse', (t) => {
  t.notThrows(() => run({findings: [{severity: 'degraded', what: 'no cgroups'}]}));
});

test('every isolator of the contract can be refused and dropped by its name', (t) => {
  for (const name of isolatorNames) {
    const wanted = pod({apps: [app({isolators: {[name]: {}} as object})]});
    const error = t.throws(() => run({pod: wanted, declaration: without(name), host: hostFacts()}), {
      instanceOf: RktError,
    });
    t.true(
      problemsOf(error)?.some((problem) => problem.name === name),
      name,
    );
    t.notThrows(() => run({pod: wanted, declaration: without(name), allowDegraded: [name]}), name);
  }
});

test('EX-55 kernel parameters of what a pod shares with the host are refused', (t) => {
  const sysctl = (values: Record<string, string>) => ({'os/unix/sysctl': {values}}) as object;
  const able = declaration();
  const declared = {...able, isolators: {...able.isolators, 'os/unix/sysctl': enforcedSysctl}};
  const refused = (wanted: Parameters<typeof pod>[0]) => {
    const error = t.throws(() => run({declaration: declared, pod: pod(wanted)}), {instanceOf: RktError});
    return problemsOf(error)?.map(({name}) => name);
  };
  const network = (mode: 'host' | 'none') => ({mode, names: []});
  t.deepEqual(refused({network: network('host'), isolators: sysctl({'net.ipv4.ip_forward': '1'})}), ['os/unix/sysctl']);
  t.deepEqual(refused({ipc: 'host', isolators: sysctl({'kernel.shmmax': '1'})}), ['os/unix/sysctl']);
  t.notThrows(() =>
    run({
      declaration: declared,
      pod: pod({network: network('none'), isolators: sysctl({'net.ipv4.ip_forward': '1', 'kernel.sem': '1'})}),
    }),
  );
});
const enforcedSysctl = {level: 'enforced', mechanism: 'written'} as const;

test('whoever started rkt and wants to be told that the pod is ready is no reason to refuse it', (t) => {
  const host = hostFacts({notifySocket: '@name'});
  const entry = (features: Record<string, Support>) =>
    run({host, declaration: declaration({features: features as Declaration['features']})}).report.entries.find(
      ({name}) => name === 'notify',
    );
  const {features} = declaration();
  const {notify: _, ...earlier} = features;
  t.like(entry(features), {verdict: 'enforced', value: '@name', origin: 'default'});
  t.like(entry({...features, notify: impossible}), {verdict: 'ignored', how: 'not here'});
  t.like(entry(earlier), {verdict: 'ignored'});
  t.is(
    run({}).report.entries.find(({name}) => name === 'notify'),
    undefined,
  );
});

test('a name that was probably meant is suggested once', (t) => {
  const error = t.throws(() => run({pod: pod(), allowDegraded: ['network/hos']}), {instanceOf: RktError});
  t.is(error.code, 'RKT_DEGRADED_UNKNOWN');
  const suggestions = error.fields.suggestions as string[];
  t.is(suggestions.filter((name) => name === 'network/host').length, 1);
});
