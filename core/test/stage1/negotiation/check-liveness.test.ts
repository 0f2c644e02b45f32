import test from 'ava';
import type {Declaration, Plan, Step} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {checkLiveness} from '../../../src/stage1/negotiation/check-liveness.ts';
import {pod} from '../../support/fixtures.ts';

/* A pod that runs and looks dead would be taken away. */

const cgroup = (changes: object = {}): Step => ({
  id: 'cgroup',
  do: 'cgroup',
  path: pod().cgroup,
  limits: {},
  join: true,
  ...changes,
});
const host = {into: 'host', keepLock: true};
const cases: readonly [string, Declaration['liveness'], Step[], object, 'accepted' | 'refused'][] = [
  ['joins the cgroup of the pod', 'cgroup', [cgroup()], {into: 'rootfs'}, 'accepted'],
  ['has no cgroup', 'cgroup', [], {into: 'rootfs'}, 'refused'],
  ['keeps the lock instead', 'cgroup', [], host, 'refused'],
  ['joins another cgroup', 'cgroup', [cgroup({path: 'other'})], {into: 'rootfs'}, 'refused'],
  ['makes it and does not join', 'cgroup', [cgroup({join: false})], {into: 'rootfs'}, 'refused'],
  ['keeps the lock', 'lock', [], host, 'accepted'],
  ['closes it', 'lock', [cgroup()], {...host, keepLock: false}, 'refused'],
  ['closes it for a program of the rootfs', 'lock', [cgroup()], {into: 'rootfs'}, 'refused'],
];
for (const [what, liveness, environment, launch, outcome] of cases) {
  test(`a plan that ${what} is ${outcome} with liveness "${liveness}"`, (t) => {
    const plan = {filesystem: [], environment, launch} as unknown as Plan; // no more is looked at
    const check = () => checkLiveness({name: 'test', liveness}, plan, pod());
    if (outcome === 'accepted') t.notThrows(check);
    else t.is(t.throws(check, {instanceOf: RktError}).code, 'RKT_FLAVOR_PLAN_INVALID');
  });
}
