import test from 'ava';
import type {Plan} from '../../../src/contract/plan.ts';
import {checkPids} from '../../../src/stage1/negotiation/check-pids.ts';
import {hostFacts} from '../../support/fixtures.ts';

const plan = (unshare: readonly string[], into: string) =>
  ({
    flavor: {name: 'some'},
    filesystem: [{id: 'namespace', do: 'namespace', unshare}],
    environment: [],
    launch: {into},
  }) as unknown as Plan;
const user = hostFacts({
  rootless: {users: 1, groups: 1, changesGroups: false},
  cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'},
});

test('S05 a pod of an ordinary user has a pid namespace, by which it is known', (t) => {
  t.notThrows(() => checkPids(plan(['mount', 'pid'], 'rootfs'), user));
  t.notThrows(() => checkPids(plan(['mount'], 'rootfs'), hostFacts()));
  t.throws(() => checkPids(plan(['mount'], 'rootfs'), user), {code: 'RKT_FLAVOR_PLAN_INVALID'});
});

test('what is launched on the host has none', (t) => {
  t.throws(() => checkPids(plan(['mount', 'pid'], 'host'), hostFacts()), {code: 'RKT_FLAVOR_PLAN_INVALID'});
});
