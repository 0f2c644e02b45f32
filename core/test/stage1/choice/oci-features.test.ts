import test from 'ava';
import * as z from 'zod/mini';
import type {Declaration} from '../../../src/contract/declaration.ts';
import type {HostFacts} from '../../../src/contract/host.ts';
import type {Support} from '../../../src/contract/support.ts';
import {examineFlavor} from '../../../src/stage1/choice/examine-flavor.ts';
import {ociFeatures} from '../../../src/stage1/choice/oci-features.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

/* What the specification's schema of version 1.3.0 has (schema/features-schema.json and features-linux.json), and nothing else: of later versions nothing may be there. */
const enabled = z.strictObject({enabled: z.boolean()});
const flags = z.array(
  z.enum(['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map((name) => `SECCOMP_FILTER_FLAG_${name}`)),
);
const actions = ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG', 'NOTIFY'];
const FEATURES = z.strictObject({
  ociVersionMin: z.literal('1.3.0'),
  ociVersionMax: z.literal('1.3.0'),
  hooks: z.array(z.string()),
  mountOptions: z.array(z.string()),
  annotations: z.record(z.string().check(z.minLength(1)), z.string()),
  linux: z.strictObject({
    namespaces: z.array(z.enum(['mount', 'pid', 'network', 'uts', 'ipc', 'user', 'cgroup', 'time'])),
    capabilities: z.array(z.string().check(z.regex(/^CAP_[A-Z_]+$/))),
    cgroup: z.strictObject(
      Object.fromEntries(['v1', 'v2', 'systemd', 'systemdUser', 'rdma'].map((name) => [name, z.boolean()])),
    ),
    seccomp: z.strictObject({
      enabled: z.boolean(),
      actions: z.array(z.enum(actions.map((name) => `SCMP_ACT_${name}`))),
      operators: z.array(z.string()),
      archs: z.array(z.enum(['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'])),
      knownFlags: flags,
      supportedFlags: flags,
    }),
    apparmor: enabled,
    selinux: enabled,
    intelRdt: enabled,
    mountExtensions: z.strictObject({idmap: enabled}),
    netDevices: enabled,
  }),
});

const impossible = {level: 'impossible', consequence: 'it is so'} as const;

const featuresOf = (changes: Partial<Declaration>, host: HostFacts = hostFacts()) => {
  const flavor = declaration({properties: [], ...changes});
  return ociFeatures(flavor, examineFlavor(flavor, [], host), host);
};

test('every feature follows the promise that it stands for', (t) => {
  const whole = declaration();
  const without = (kind: 'isolators' | 'features', ...names: string[]) =>
    featuresOf({[kind]: {...whole[kind], ...Object.fromEntries(names.map((name) => [name, impossible]))}});
  const all = featuresOf({});
  t.deepEqual(all.linux.namespaces, ['ipc', 'mount', 'network', 'pid', 'user', 'uts']);
  t.true(all.linux.seccomp.enabled && all.linux.apparmor.enabled && all.linux.selinux.enabled);
  t.deepEqual(all.linux.seccomp.archs, ['SCMP_ARCH_X86_64']);
  t.true(all.linux.capabilities.includes('CAP_BPF'));
  t.deepEqual([all.linux.cgroup.v1, all.linux.cgroup.v2], [true, true]);

  for (const [feature, namespace] of [
    ['ipc/private', 'ipc'],
    ['network/none', 'network'],
    ['pid/private', 'pid'],
    ['user-namespace', 'user'],
    ['hostname', 'uts'],
  ] as const) {
    t.deepEqual(
      without('features', feature).linux.namespaces,
      all.linux.namespaces.filter((each) => each !== namespace),
    );
  }
  t.deepEqual(without('features', 'volume/host').mountOptions, []);
  t.false(without('isolators', 'os/linux/apparmor-profile').linux.apparmor.enabled);
  t.false(without('isolators', 'os/linux/selinux-context').linux.selinux.enabled);
  const capabilities = ['os/linux/capabilities-retain-set', 'os/linux/capabilities-remove-set'];
  t.deepEqual(without('isolators', ...capabilities).linux.capabilities, []);
  const filters = without('isolators', 'os/linux/seccomp-retain-set', 'os/linux/seccomp-remove-set').linux.seccomp;
  t.deepEqual([filters.enabled, filters.actions, filters.archs], [false, [], []]);
  const limits = Object.keys(whole.isolators).filter((name) => name.startsWith('resource/'));
  t.false(without('isolators', ...limits).linux.cgroup.v2);
  t.true(without('isolators', ...limits.slice(1)).linux.cgroup.v2);
});

test('the features are what the schema of the specification has, and nothing else', (t) => {
  for (const host of [hostFacts(), hostFacts({arch: 'aarch64', seccomp: false})]) {
    const {error} = FEATURES.safeParse(featuresOf({}, host));
    t.deepEqual(error?.issues ?? [], []);
  }
});

test('a namespace that every pod has needs no flag', (t) => {
  const none = {...declaration().features, 'pid/private': impossible, 'ipc/private': impossible};
  const {namespaces} = featuresOf({features: none, properties: ['own-pid', 'own-ipc']}).linux;
  t.true(namespaces.includes('pid') && namespaces.includes('ipc'));
});

test('a pod of an ordinary user has a user namespace, of a flavor that runs those', (t) => {
  const features = {...declaration().features, 'user-namespace': impossible};
  const host = hostFacts({rootless: {users: 1, groups: 1, changesGroups: false}});
  const has = (properties: Declaration['properties'], on: HostFacts) =>
    featuresOf({features, properties}, on).linux.namespaces.includes('user');
  t.deepEqual([has(['rootless'], host), has([], host), has(['rootless'], hostFacts())], [true, false, false]);
});

test('what this host lacks is no feature, and told', (t) => {
  const {isolators} = declaration();
  const filter: Support = {level: 'enforced', mechanism: 'a filter', requires: ['seccomp']};
  const changes = {
    isolators: {...isolators, 'os/linux/seccomp-retain-set': filter, 'os/linux/seccomp-remove-set': filter},
  };
  t.true(featuresOf(changes).linux.seccomp.enabled);
  const {linux, annotations} = featuresOf(changes, hostFacts({seccomp: false}));
  t.false(linux.seccomp.enabled);
  t.is(annotations['coreos.com/rkt/isolator/os/linux/seccomp-retain-set'], 'impossible');
});
