import test from 'ava';
import type {Declaration, Finding} from '../../../src/contract/index.ts';
import {type Abilities, abilitiesOf, byStrength} from '../../../src/stage1/choice/abilities.ts';
import {examineFlavor} from '../../../src/stage1/choice/examine-flavor.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const LIMITS = ['resource/memory', 'resource/network-bandwidth'] as const;

const abilities = (changes: Partial<Declaration>, findings: readonly Finding[] = [], host = hostFacts()): Abilities => {
  const made = declaration(changes);
  return abilitiesOf(made, examineFlavor(made, findings, host));
};

const without = (...names: string[]): Pick<Declaration, 'features'> => {
  const {features} = declaration();
  const none = Object.fromEntries(names.map((name) => [name, {level: 'impossible', consequence: 'no'} as const]));
  return {features: {...features, ...none}};
};

const fly = abilities({...without('user-namespace', 'network/none')});
const nspawn = abilities({properties: ['own-pid', 'own-ipc']});
const kvm = abilities({properties: ['own-kernel', 'own-network', 'own-pid', 'own-ipc'], ...without('user-namespace')});

test('what a pod has by itself, by a flag, or shares with the host', (t) => {
  t.like(fly, {ownKernel: false, userIds: 'host', network: 'host', pids: 'host', ipc: '--ipc=private'});
  t.like(nspawn, {userIds: '--private-users', network: '--net=none', pids: 'own', ipc: 'own', rootless: false});
  // Users of another kernel are none of the host's.
  t.like(kvm, {ownKernel: true, userIds: 'own', network: 'own'});
});

test('the limits are those that can be had on this host', (t) => {
  const {isolators} = declaration();
  const needing = Object.fromEntries(
    LIMITS.map((name) => [name, {level: 'enforced', mechanism: 'x', requires: ['cgroup/memory']} as const]),
  );
  const {cgroup} = hostFacts();
  const lacking = hostFacts({cgroup: {...cgroup, controllers: ['cpu']}});
  const made = {isolators: {...isolators, ...needing}} as Partial<Declaration>;
  t.deepEqual(abilities(made).limits, [
    'block-bandwidth',
    'block-iops',
    'cpu',
    'hugepages',
    'memory',
    'network-bandwidth',
    'pids',
  ]);
  t.deepEqual(abilities(made, [], lacking).limits, ['block-bandwidth', 'block-iops', 'cpu', 'hugepages', 'pids']);
});

test('the stronger is first, and last what cannot run here', (t) => {
  t.deepEqual([fly, kvm, nspawn].sort(byStrength), [kvm, nspawn, fly]);
  const missing = {...kvm, usable: false};
  t.deepEqual([missing, fly, nspawn].sort(byStrength), [nspawn, fly, missing]);
  t.is(byStrength(fly, {...fly}), 0);
  t.false(abilities({}, [{severity: 'missing', what: 'something'}]).usable);
});
