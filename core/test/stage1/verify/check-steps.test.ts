import test from 'ava';
import type {Plan, Step} from '../../../src/contract/index.ts';
import type {MountEntry} from '../../../src/linux/mountinfo.ts';
import type {ProcessState} from '../../../src/linux/read-back.ts';
import {checkSteps} from '../../../src/stage1/verify/check-steps.ts';
import {app} from '../../support/fixtures.ts';

const mount = (path: string, flags: string[] = ['nosuid']): Step =>
  ({
    ...{id: path.slice(1), do: 'mount', type: 'tmpfs', target: {in: 'rootfs', app: 'main', path}},
    ...{flags, options: {}},
  }) as Step;
const planOf = (steps: readonly Step[], into = 'rootfs') =>
  ({filesystem: steps, environment: [], launch: {into}}) as unknown as Plan;
const entry = (mountPoint: string, type = 'tmpfs', options = ['rw', 'nosuid']) =>
  ({mountPoint, type, options}) as unknown as MountEntry;
const state = (mnt: string) => ({namespaces: {mnt, ipc: '1'}}) as unknown as ProcessState;
const evidence = (mounts: readonly MountEntry[], changes: Parameters<typeof app>[0] = {}) => ({
  ...{app: app(changes), mounts, state: state('2'), host: state('1')},
});

const verdicts = (steps: readonly Step[], mounts: readonly MountEntry[], into?: string) =>
  checkSteps(planOf(steps, into), evidence(mounts)).map(({name, holds}) => [name, holds]);

test('what steps have mounted is there, with its kind and flags', (t) => {
  t.deepEqual(verdicts([mount('/a')], [entry('/a')]), [['plan/mounts', true]]);
  for (const wrong of [
    [],
    [entry('/b')],
    [entry('/a', 'proc')],
    [entry('/a', 'tmpfs', ['rw'])],
    [entry('/a'), entry('/a', 'ext4')],
  ]) {
    t.deepEqual(verdicts([mount('/a')], wrong), [['plan/mounts', false]]);
  }
});

test('another app, a place of the pod and what a volume is over are not looked for', (t) => {
  const other = {...mount('/a'), target: {in: 'rootfs', app: 'other', path: '/a'}} as Step;
  const ofPod = {...mount('/a'), target: {in: 'pod', path: 'a'}} as Step;
  t.deepEqual(verdicts([other, ofPod], []), []);
  const volume = {volume: 'data', path: '/a', readOnly: false} as never;
  t.deepEqual(checkSteps(planOf([mount('/a')]), evidence([], {mounts: [volume]})), []);
});

test('namespaces that were left are left, where the launched program is the app', (t) => {
  const step: Step = {id: 'namespace', do: 'namespace', unshare: ['mount', 'ipc']};
  t.deepEqual(verdicts([step], []), [
    ['plan/namespaces', true],
    ['plan/namespaces', false],
  ]);
  t.deepEqual(verdicts([step], [], 'host'), []);
});
