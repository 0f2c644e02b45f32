import test from 'ava';
import type {Scope} from '../../../src/appc/isolators/definition.ts';
import {isolatorDefinitions} from '../../../src/appc/isolators/definitions.ts';
import {normalizeIsolators} from '../../../src/appc/isolators/normalize.ts';
import {overrideIsolators} from '../../../src/appc/isolators/override.ts';
import {isolatorValues} from '../../../src/contract/isolators.ts';
import {refused} from '../support.ts';

type Name = keyof typeof isolatorDefinitions;
const normalize = (
  name: string,
  value: unknown,
  scope: Scope = isolatorDefinitions[name as Name]?.scopes[0] ?? 'app',
) => normalizeIsolators([{name, value}], scope);

const values: readonly (readonly [id: string, name: Name, value: unknown, normalized: unknown])[] = [
  ['EX-47', 'os/linux/apparmor-profile', {profile: 'rkt-default'}, {profile: 'rkt-default'}],
  ['EX-48', 'os/linux/capabilities-remove-set', {set: ['CAP_KILL', 'CAP_KILL']}, {set: ['CAP_KILL']}],
  ['EX-48', 'os/linux/capabilities-retain-set', {set: ['CAP_SYS_ADMIN']}, {set: ['CAP_SYS_ADMIN']}],
  ['EX-56', 'os/linux/cpu-shares', 2, {shares: 2}],
  ['EX-56', 'os/linux/cpu-shares', 262_144, {shares: 262_144}],
  ['EX-49', 'os/linux/no-new-privileges', true, {enabled: true}],
  ['EX-49', 'os/linux/no-new-privileges', false, {enabled: false}],
  ['EX-57', 'os/linux/oom-score-adj', -1000, {score: -1000}],
  ['EX-57', 'os/linux/oom-score-adj', 1000, {score: 1000}],
  ['EX-35', 'os/linux/seccomp-remove-set', {set: ['@appc.io/empty']}, {set: ['@appc.io/empty']}],
  ['EX-39', 'os/linux/seccomp-retain-set', {set: ['read', 'read'], errno: ''}, {set: ['read']}],
  ['EX-40', 'os/linux/seccomp-retain-set', {set: ['read'], errno: 'ENOTSUP'}, {set: ['read'], errno: 'ENOTSUP'}],
  [
    'EX-46',
    'os/linux/selinux-context',
    {user: 'u', role: 'r', type: 't', level: 's0:c1,c2'},
    {user: 'u', role: 'r', type: 't', level: 's0:c1,c2'},
  ],
  ['own', 'os/unix/rlimits', {nofile: {soft: '1K', hard: '4Ki'}}, {limits: {nofile: {soft: 1000, hard: 4096}}}],
  ['own', 'os/unix/rlimits', {core: {hard: 0}}, {limits: {core: {soft: 0, hard: 0}}}],
  ['own', 'os/unix/rlimits', {as: {soft: 7, hard: 'unlimited'}}, {limits: {as: {soft: 7, hard: null}}}],
  ['own', 'os/unix/rlimits', {}, {limits: {}}],
  [
    'EX-55',
    'os/unix/sysctl',
    {'net.ipv4.conf.eth0/1.rp_filter': '1', 'kernel.shmmax': '1 2'},
    {values: {'net.ipv4.conf.eth0/1.rp_filter': '1', 'kernel.shmmax': '1 2'}},
  ],
  ['EX-53', 'resource/block-bandwidth', {default: true, limit: '2M'}, {limit: 2_000_000}],
  ['EX-53', 'resource/block-iops', {default: true, limit: '1000'}, {limit: 1000}],
  ['EX-53', 'resource/network-bandwidth', {default: true, limit: '1G'}, {limit: 1_000_000_000}],
  ['EX-56', 'resource/cpu', {request: '250m', limit: '500m'}, {request: 250, limit: 500}],
  ['EX-50', 'resource/cpu', {limit: '1.5'}, {request: 1500, limit: 1500}],
  ['EX-50', 'resource/memory', {limit: '1Gi', request: null}, {request: 2 ** 30, limit: 2 ** 30}],
  ['EX-52', 'resource/memory', {default: false, limit: 4096}, {request: 4096, limit: 4096}],
  ['EX-51', 'resource/pids', {limit: '100'}, {limit: 100}],
  ['EX-51', 'os/linux/cpuset-cpus', '0-2,5,8191', {cpus: [0, 1, 2, 5, 8191]}],
  ['EX-51', 'os/linux/cpuset-mems', '1', {nodes: [1]}],
  ['EX-51', 'resource/hugepages', {'2Mi': '64Mi', '1Gi': 0}, {limits: {2097152: 67_108_864, 1073741824: 0}}],
];
for (const [number, [id, name, value, normalized]] of values.entries()) {
  test(`${id} ${name} ${JSON.stringify(value)} (${number}) is brought into the contract's terms`, (t) => {
    const isolators = normalize(name, value);
    t.deepEqual<unknown, unknown>(isolators, {[name]: normalized});
    t.true(isolatorValues[name].safeParse(isolators[name]).success);
  });
}

test('EX-33 every isolator of the contract has a case here', (t) => {
  t.deepEqual(Object.keys(isolatorValues).sort(), [...new Set(values.map(([, name]) => name as string))].sort());
});

const faults: readonly (readonly [id: string, name: Name, value: unknown, path: string])[] = [
  ['EX-47', 'os/linux/apparmor-profile', {profile: ''}, 'profile'],
  ['EX-47', 'os/linux/apparmor-profile', 'rkt-default', '$'],
  ['EX-48', 'os/linux/capabilities-retain-set', {set: []}, 'set'],
  ['EX-48', 'os/linux/capabilities-retain-set', {set: ['CAP_EVERYTHING']}, 'set[0]'],
  ['EX-48', 'os/linux/capabilities-remove-set', {set: ['cap_kill']}, 'set[0]'],
  ['EX-48', 'os/linux/capabilities-remove-set', {}, 'set'],
  ['EX-56', 'os/linux/cpu-shares', 1, '$'],
  ['EX-56', 'os/linux/cpu-shares', 262_145, '$'],
  ['EX-56', 'os/linux/cpu-shares', '1024', '$'],
  ['EX-49', 'os/linux/no-new-privileges', 'true', '$'],
  ['EX-57', 'os/linux/oom-score-adj', -1001, '$'],
  ['EX-57', 'os/linux/oom-score-adj', 1001, '$'],
  ['EX-57', 'os/linux/oom-score-adj', 0.5, '$'],
  ['EX-36', 'os/linux/seccomp-remove-set', {set: []}, 'set'],
  ['EX-36', 'os/linux/seccomp-retain-set', {errno: 'EPERM'}, 'set'],
  ['EX-36', 'os/linux/seccomp-retain-set', {set: ['']}, 'set[0]'],
  ['EX-35', 'os/linux/seccomp-retain-set', {set: ['@all']}, 'set[0]'],
  ['EX-35', 'os/linux/seccomp-retain-set', {set: ['READ']}, 'set[0]'],
  ['EX-40', 'os/linux/seccomp-retain-set', {set: ['read'], errno: 'eperm'}, 'errno'],
  ['EX-40', 'os/linux/seccomp-retain-set', {set: ['read'], errno: 1}, 'errno'],
  ['EX-46', 'os/linux/selinux-context', {user: 'u:v', role: 'r', type: 't', level: 's0'}, 'user'],
  ['EX-46', 'os/linux/selinux-context', {user: 'u', role: 'r', type: 't'}, 'level'],
  ['EX-46', 'os/linux/selinux-context', {user: 'u', role: 'r', type: '', level: 's0'}, 'type'],
  ['own', 'os/unix/rlimits', {nofile: {soft: 2, hard: 1}}, 'nofile.soft'],
  ['own', 'os/unix/rlimits', {nofile: {soft: 'unlimited', hard: 1}}, 'nofile.soft'],
  ['own', 'os/unix/rlimits', {RLIMIT_NOFILE: {hard: 1}}, 'RLIMIT_NOFILE'],
  ['own', 'os/unix/rlimits', {nofile: {soft: 1}}, 'nofile.hard'],
  ['own', 'os/unix/rlimits', {nofile: {hard: -1}}, 'nofile.hard'],
  ['EX-55', 'os/unix/sysctl', {'kernel.core_pattern': '|/x'}, 'kernel.core_pattern'],
  ['EX-55', 'os/unix/sysctl', {'kernel.shmmax.x': '1'}, 'kernel.shmmax.x'],
  ['EX-55', 'os/unix/sysctl', {'vm.swappiness': '1'}, 'vm.swappiness'],
  ['EX-55', 'os/unix/sysctl', {net: '1'}, 'net'],
  ['EX-55', 'os/unix/sysctl', {'net..ipv4': '1'}, 'net..ipv4'],
  ...['net.//.kernel.core_pattern', 'net./', 'net.ipv4.//.//.x'].map((key): [string, Name, unknown, string] => [
    'EX-55',
    'os/unix/sysctl',
    {[key]: '1'},
    key,
  ]),
  ['EX-55', 'os/unix/sysctl', {'net.ipv4.ip_forward': 1}, 'net.ipv4.ip_forward'],
  ['EX-55', 'os/unix/sysctl', {'net.ipv4.ip_forward': '1\n2'}, 'net.ipv4.ip_forward'],
  ['EX-53', 'resource/block-bandwidth', {limit: '2M'}, 'default'],
  ['EX-53', 'resource/block-iops', {default: false, limit: '2M'}, 'default'],
  ['EX-53', 'resource/network-bandwidth', {default: true}, 'limit'],
  ['EX-53', 'resource/block-iops', {default: true, limit: '1', request: '1'}, 'request'],
  ['EX-50', 'resource/cpu', {request: '1'}, 'limit'],
  ['EX-50', 'resource/cpu', {request: '2', limit: '1'}, 'request'],
  ['EX-52', 'resource/memory', {limit: '-1'}, 'limit'],
  ['EX-52', 'resource/memory', {limit: -1}, 'limit'],
  ['EX-52', 'resource/memory', {limit: null}, 'limit'],
  ['EX-52', 'resource/memory', {limit: '1E'}, 'limit'],
  ['EX-51', 'resource/pids', {limit: '0'}, 'limit'],
  ...['', '1-0', '2,1', '1,1', '0-', '-1', '0-8192', '0,', 'all', '0-2:2', ' 0', '0-9999999999'].map(
    (list): [string, Name, unknown, string] => ['EX-51', 'os/linux/cpuset-cpus', list, '$'],
  ),
  ['EX-51', 'os/linux/cpuset-mems', 0, '$'],
  ['EX-51', 'resource/hugepages', {'3Mi': '3Mi'}, '3Mi'],
  ['EX-51', 'resource/hugepages', {'4Ki': '4Ki'}, '4Ki'],
  ['EX-51', 'resource/hugepages', {'2Mi': '3Mi'}, '2Mi'],
  ['EX-51', 'resource/hugepages', {'2Mi': '4Mi', '2048Ki': '2Mi'}, '2048Ki'],
  ['EX-51', 'resource/hugepages', {'2MB': '4Mi'}, '2MB'],
];
for (const [number, [id, name, value, path]] of faults.entries()) {
  test(`${id} ${name} ${JSON.stringify(value)} (${number}) is refused`, (t) => {
    const fields = refused(t, 'RKT_ISOLATOR_INVALID', () => normalize(name, value));
    t.is(fields.isolator, name);
    t.is(fields.path, path);
  });
}

test('S10 the name of a kernel parameter has 255 characters at most', (t) => {
  const sysctl = (length: number) => normalize('os/unix/sysctl', {[`net.${'a'.repeat(length - 4)}`]: '1'}, 'pod');
  t.notThrows(() => sysctl(255));
  refused(t, 'RKT_ISOLATOR_INVALID', () => sysctl(256));
});

test('EX-32 unknown isolators are kept as given and named', (t) => {
  const list = [
    {name: 'example.org/x', value: {a: [1]}},
    {name: 'constructor', value: null},
    {name: 'example.org/x', value: 2},
  ];
  t.deepEqual<unknown, unknown>(normalizeIsolators(list, 'app'), {'example.org/x': 2, constructor: null});
  t.deepEqual(normalizeIsolators(null, 'pod'), {});
});

test('EX-42 EX-48 what excludes each other is refused in both orders', (t) => {
  const retain = {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_KILL']}};
  const remove = {name: 'os/linux/capabilities-remove-set', value: {set: ['CAP_KILL']}};
  for (const list of [
    [retain, remove],
    [remove, retain],
    [retain, retain],
  ]) {
    refused(t, 'RKT_ISOLATOR_INVALID', () => normalizeIsolators(list, 'app'));
  }
});

test('EX-55 an isolator outside its scope is refused', (t) => {
  refused(t, 'RKT_ISOLATOR_INVALID', () => normalize('os/unix/sysctl', {}, 'app'));
  refused(t, 'RKT_ISOLATOR_INVALID', () => normalize('os/linux/no-new-privileges', true, 'pod'));
});

test('EX-48 flags replace the isolators of an image and what excludes them', (t) => {
  const image = [
    {name: 'os/linux/capabilities-remove-set', value: {set: ['CAP_KILL']}},
    {name: 'resource/cpu', value: {limit: '1'}},
    {name: 'example.org/x', value: 1},
  ];
  const flags = [
    {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_CHOWN']}},
    {name: 'resource/cpu', value: {limit: '2'}},
  ];
  t.deepEqual(overrideIsolators(image, flags), [{name: 'example.org/x', value: 1}, ...flags]);
  t.deepEqual(overrideIsolators(undefined, flags), flags);
  t.deepEqual(overrideIsolators(image, []), image);
});
