import test from 'ava';
import type {ImageId} from '../../../src/contract/names.ts';
import type {Support} from '../../../src/contract/support.ts';
import {combine} from '../../../src/stage1/policy/combine.ts';
import {judge} from '../../../src/stage1/policy/judge.ts';
import {mismatch} from '../../../src/stage1/policy/match.ts';
import type {Rule, SubjectApp} from '../../../src/stage1/policy/policy.ts';
import {programsIn} from '../../../src/stage1/policy/programs-in.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';

const ID = `sha512-${'a'.repeat(128)}` as ImageId;
const app = (changes: Partial<SubjectApp> = {}): SubjectApp => ({
  name: 'main',
  image: {id: ID, name: 'example.com/web'},
  labels: {version: '1'},
  annotations: {tier: ['front']},
  uid: 1000,
  isolators: ['resource/memory'],
  ...changes,
});
const rule = (changes: Partial<Rule>): Rule => ({
  name: 'one',
  layer: 'local',
  file: '/etc/rkt/policy.d/a.yaml',
  ...changes,
});
const matches = (changes: Partial<Rule>, subject = app(), host = hostFacts()) =>
  mismatch(rule(changes), subject, host) === undefined;

test('an image matches by whole parts of the beginning of its name', (t) => {
  for (const prefix of ['example.com', 'example.com/', 'example.com/web'])
    t.true(matches({match: {images: [prefix]}}), prefix);
  for (const prefix of ['example.co', 'example.com/we', 'ample.com', 'web'])
    t.false(matches({match: {images: [prefix]}}), prefix);
});

test('every condition has to hold, by one of its values', (t) => {
  t.true(matches({match: {labels: {version: ['0', '1']}, annotations: {tier: ['front']}, users: ['other']}}));
  t.false(matches({match: {labels: {version: ['0', '1'], os: ['linux']}}}));
  t.false(matches({match: {annotations: {tier: ['back']}}}));
  t.true(matches({match: {annotations: {tier: ['back']}}}, app({annotations: {tier: ['front', 'back']}})));
  t.true(matches({match: {users: ['root', 1000]}}));
  t.false(matches({match: {users: ['root']}}));
  t.true(matches({match: {users: ['root']}}, app({uid: 0})));
  t.true(matches({match: {isolators: ['resource/memory', 'resource/cpu']}}));
  t.false(matches({match: {isolators: ['resource/cpu']}}));
  t.false(matches({match: {labels: {constructor: ['x']}}}));
});

test('facts of the host are in the words of what flavors require', (t) => {
  const host = hostFacts({seccomp: false});
  t.false(matches({match: {host: {has: ['seccomp']}}}, app(), host));
  t.true(matches({match: {host: {lacks: ['seccomp'], arch: ['x86_64']}}}, app(), host));
  t.false(matches({match: {host: {arch: ['aarch64']}}}, app(), host));
  t.true(matches({match: {host: {has: ['cgroup/memory', 'user-namespaces']}}}, app(), host));
});

test('a host is asked for the programs that rules are about', (t) => {
  const has = ['seccomp', 'program/tool', 'program//opt/x', 'built-with/tool/SECCOMP'] as const;
  const rules = [
    rule({match: {host: {has: [...has]}}}),
    rule({except: {host: {lacks: ['built-with/systemd-nspawn/APPARMOR']}}}),
  ];
  t.deepEqual(programsIn(rules), ['tool', '/opt/x', 'systemd-nspawn']);
});

test('an exception is for the apps that it matches', (t) => {
  t.false(matches({except: {images: ['example.com']}}));
  t.true(matches({except: {images: ['other.example']}}));
  t.true(matches({except: {images: ['example.com'], host: {arch: ['aarch64']}}}));
});

test('a rule that matches one app of a pod restricts the pod', (t) => {
  const rules = [rule({match: {images: ['example.com/web']}, forbid: ['fly']})];
  const apps = [app(), app({name: 'other', image: {id: ID, name: 'example.com/db'}})];
  const {restrictions, applications} = combine(rules, apps, hostFacts());
  t.deepEqual(restrictions, rules);
  t.deepEqual(applications[0]?.apps, ['main']);
});

test('leave to degrade is for a pod all of whose apps the rule matches, leave to accept for the app', (t) => {
  const rules = [
    rule({
      match: {images: ['example.com/web']},
      degrade: {allow: ['dns']},
      accept: {allow: ['os/linux/oom-score-adj']},
    }),
  ];
  const other = app({name: 'other', image: {id: ID, name: 'example.com/db'}});
  t.deepEqual(
    combine(rules, [app()], hostFacts()).degrade.allowed.map(({name}) => name),
    ['dns'],
  );
  const {degrade, accept} = combine(rules, [app(), other], hostFacts());
  t.deepEqual(degrade.allowed, []);
  t.deepEqual(
    accept.get('main')?.allowed.map(({name}) => name),
    ['os/linux/oom-score-adj'],
  );
  t.deepEqual(accept.get('other')?.allowed, []);
});

test('of leave, the highest layer that gives any counts; what any layer forbids is forbidden', (t) => {
  const rules = [
    rule({name: 'high', layer: 'system', degrade: {allow: ['dns', 'hostname']}}),
    rule({name: 'low', layer: 'user', degrade: {allow: ['resource/memory'], forbid: ['hostname']}}),
  ];
  const {degrade} = combine(rules, [app()], hostFacts());
  t.deepEqual(
    degrade.allowed.map(({name}) => name),
    ['dns'],
  );
  t.is(degrade.forbiddenBy('hostname')?.name, 'low');
  t.is(degrade.forbiddenBy('dns'), undefined);
});

test('"all" that is forbidden spares what the same rule allows, and no other rule', (t) => {
  const rules = [
    rule({name: 'high', layer: 'system', degrade: {allow: ['dns'], forbid: 'all'}}),
    rule({name: 'low', layer: 'user', degrade: {allow: ['resource/memory']}}),
  ];
  const {degrade} = combine(rules, [app()], hostFacts());
  t.is(degrade.forbiddenBy('dns'), undefined);
  t.is(degrade.forbiddenBy('resource/memory')?.name, 'high');
  t.deepEqual(
    degrade.allowed.map(({name}) => name),
    ['dns'],
  );
});

test('the order is that of the first rule that has one, of the highest layer', (t) => {
  const rules = [
    rule({name: 'high', layer: 'system', flavors: ['kvm', 'nspawn']}),
    rule({name: 'low', layer: 'user', flavors: ['nspawn', 'kvm']}),
  ];
  t.is(combine(rules, [app()], hostFacts()).order?.name, 'high');
});

const reasons = (changes: Partial<Rule>, candidate: Partial<Parameters<typeof judge>[1]> = {}, later = false) =>
  judge(
    {restrictions: [rule(changes)]},
    {
      ...{name: 'test', names: [], aliases: [], declaration: declaration()},
      ...{findings: [], host: hostFacts(), pod: pod(), ...candidate},
    },
    {later},
  );

test('a list of flavors means what is found by these names, not what calls itself so', (t) => {
  t.deepEqual(reasons({flavors: ['test']}, {names: ['test']}), []);
  t.is(reasons({flavors: ['test']}).length, 1);
});

test('a flavor that calls itself as one that is forbidden is forbidden', (t) => {
  t.is(reasons({forbid: ['test']}).length, 1);
  t.is(reasons({forbid: ['/opt/test']}, {aliases: ['/opt/test']}).length, 1);
  t.deepEqual(reasons({forbid: ['other']}), []);
});

test('every reason has its rule and file', (t) => {
  const [reason] = reasons({require: [['own-kernel']]});
  t.like(reason, {kind: 'policy', rule: {name: 'one', layer: 'local', file: '/etc/rkt/policy.d/a.yaml'}});
});

test('a property is had by what the flavor declares, or by what the pod asks for and it gives here', (t) => {
  const own = declaration({properties: ['own-pid', 'own-kernel', 'rootless']});
  for (const name of ['own-pid', 'own-kernel', 'no-shared-pid'])
    t.deepEqual(reasons({require: [[name]]}, {declaration: own}), [], name);
  for (const name of ['own-pid', 'own-kernel', 'own-network', 'own-ipc', 'own-user-ids', 'rootless', 'no-shared-pid'])
    t.is(reasons({require: [[name]]}).length, 1, name);
  // Of root it is a pod of root's.
  t.is(reasons({require: [['rootless']]}, {declaration: own}).length, 1);
  const host = hostFacts({rootless: {users: 1, groups: 1, changesGroups: false}});
  t.deepEqual(reasons({require: [['rootless']]}, {declaration: own, host}), []);
  const asking = pod({
    network: {mode: 'none', names: []},
    ipc: 'private',
    userNamespace: true,
    idMap: {base: 2 ** 19, count: 2 ** 16},
  });
  for (const name of ['own-network', 'own-ipc', 'own-user-ids', 'no-shared-network', 'no-shared-ipc'])
    t.deepEqual(reasons({require: [[name]]}, {pod: asking}), [], name);
  const cannot = declaration();
  const lacking = {
    ...cannot,
    features: {...cannot.features, 'user-namespace': {level: 'impossible', consequence: 'no'} as const},
  };
  t.is(reasons({require: [['own-user-ids']]}, {pod: asking, declaration: lacking}).length, 1);
});

test('a pod of an ordinary user has pids and ipc of its own, where its flavor can give them and it asks for no others', (t) => {
  const host = hostFacts({rootless: {users: 1, groups: 1, changesGroups: false}});
  const shares = declaration({properties: ['host-ipc', 'host-pid']});
  for (const name of ['own-ipc', 'no-shared-ipc', 'own-pid', 'no-shared-pid']) {
    t.deepEqual(reasons({require: [[name]]}, {declaration: shares, host}), [], name);
    t.is(reasons({require: [[name]]}, {declaration: shares}).length, 1, name);
  }
  t.is(reasons({require: [['no-shared-ipc']]}, {declaration: shares, host, pod: pod({ipc: 'host'})}).length, 1);
  const impossible = {level: 'impossible', consequence: 'it is so'} as const;
  const cannot = {...shares, features: {...shares.features, 'ipc/private': impossible}};
  t.is(reasons({require: [['no-shared-ipc']]}, {declaration: cannot, host}).length, 1);
});

test('a namespace that a flavor declares is not had by a pod that shares the one of the host', (t) => {
  const own = declaration({properties: ['own-ipc', 'own-network']});
  t.is(reasons({require: [['own-ipc']]}, {declaration: own, pod: pod({ipc: 'host'})}).length, 1);
  t.is(reasons({require: [['own-network']]}, {declaration: own}).length, 1);
});

test("what is a flavor's word alone meets no rule", (t) => {
  const given = declaration();
  const word = {level: 'unproved', mechanism: 'handed on', consequence: 'nobody sees it'} as const;
  const unproved = {...given, features: {...given.features, 'network/none': word, 'rootfs/read-only': word}};
  const asking = pod({network: {mode: 'none', names: []}});
  for (const name of ['own-network', 'no-shared-network', 'rootfs/read-only'])
    t.is(reasons({require: [[name]]}, {declaration: unproved, pod: asking}).length, 1, name);
});

test('ids that cannot be had for this pod are not had, even where it may do without', (t) => {
  const beyond = pod({userNamespace: true, idMap: {base: 2 ** 19, count: 1}});
  const [first] = beyond.apps;
  const asking = {...beyond, apps: first === undefined ? [] : [{...first, process: {...first.process, uid: 5}}]};
  t.is(reasons({require: [['own-user-ids']]}, {pod: asking}).length, 1);
});

test('one of several is enough', (t) => {
  t.deepEqual(
    reasons({require: [['own-kernel', 'own-pid']]}, {declaration: declaration({properties: ['own-pid']})}),
    [],
  );
  t.is(
    reasons({require: [['own-kernel'], ['own-pid']]}, {declaration: declaration({properties: ['own-pid']})}).length,
    1,
  );
});

test('a promise is kept on this host, or not', (t) => {
  const some = declaration();
  const needsLandlock: Support = {level: 'enforced', mechanism: 'x', requires: ['landlock']};
  const needing = {
    ...some,
    features: {...some.features, dns: needsLandlock},
  };
  t.deepEqual(reasons({require: [['dns'], ['enter'], ['resource/memory']]}), []);
  t.is(reasons({require: [['dns']]}, {declaration: needing}).length, 1);
});

test('the fix is the flag by which this flavor would give it', (t) => {
  t.is(reasons({require: [['own-user-ids']]})[0]?.fix, 'run the pod with --private-users');
  t.is(reasons({require: [['own-network']]})[0]?.fix, 'run the pod with --net=none');
  t.is(reasons({require: [['own-kernel']]})[0]?.fix, undefined);
});

test('of a pod that is prepared, what is said when it runs is judged when it runs', (t) => {
  t.deepEqual(reasons({require: [['own-network']]}, {}, true), []);
  t.is(reasons({require: [['own-user-ids']]}, {}, true).length, 1);
  t.is(reasons({require: [['own-kernel']]}, {}, true).length, 1);
});

test('what the host lacks is a reason, with its fix', (t) => {
  t.deepEqual(
    judge(
      {restrictions: []},
      {
        name: 'test',
        names: [],
        aliases: [],
        declaration: declaration(),
        findings: [
          {severity: 'missing', what: 'no systemd', fix: 'install it'},
          {severity: 'note', what: 'by the way'},
        ],
        host: hostFacts(),
        pod: pod(),
      },
    ),
    [{kind: 'host', because: 'no systemd', fix: 'install it'}],
  );
});
