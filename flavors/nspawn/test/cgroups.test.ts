import test from 'ava';
import type {AppName, HostPath} from '../../../core/src/contract/index.ts';
import {app, hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {limitsInside, oomCounter, podControllers, podLimits} from '../src/cgroups.ts';

const two = (limits: object) => pod({apps: [app({limits}), app({name: 'other' as AppName})]});
const on = (mode: 'hybrid' | 'v2') => hostFacts({cgroup: {...hostFacts().cgroup, mode}});

test('the cgroup of a pod has the controllers with which its systemd limits apps', (t) => {
  const block = {ioBandwidth: 1024};
  t.deepEqual(podControllers(two({memoryMax: 1024}), on('v2')), ['name=systemd', 'cpu', 'memory', 'pids']);
  t.deepEqual(podControllers(two(block), on('v2')), ['name=systemd', 'cpu', 'memory', 'pids', 'io']);
  t.true(podControllers(two(block), on('hybrid')).includes('blkio'));
});

test('without limits of its apps it needs none', (t) => {
  t.deepEqual(podControllers(two({}), on('v2')), ['name=systemd']);
});

test('what supervises the apps is not among what their limits are for', (t) => {
  const one = pod({limits: {pidsMax: 500}, apps: [app({limits: {memoryMax: 1024, ioBandwidth: 4096}})]});
  t.true(limitsInside(one));
  t.deepEqual(podLimits(one, on('v2')), {pidsMax: 500, ioBandwidth: 4096});
  t.false(limitsInside(pod({apps: [app({limits: {ioBandwidth: 4096}})]})));
});

test('processors, memory nodes and huge pages of a single app are those of its pod', (t) => {
  const limits = {cpus: [0], memoryNodes: [0], hugepages: {2097152: 0}};
  const one = pod({apps: [app({limits})]});
  t.deepEqual(podLimits(one, on('hybrid')), limits);
  t.false(limitsInside(one));
  t.deepEqual(podLimits(two(limits), on('v2')), {});
  t.deepEqual(podControllers(two({cpus: [0]}), on('v2')), ['name=systemd', 'cpu', 'memory', 'pids', 'cpuset']);
  t.true(limitsInside(two({hugepages: {2097152: 0}})));
});

test('the cgroup of a pod keeps the memory that its apps ask for', (t) => {
  const apps = [app({limits: {memoryLow: 1024}}), app({name: 'other' as AppName, limits: {memoryLow: 2048}})];
  t.deepEqual(podLimits(pod({apps}), on('v2')), {memoryLow: 3072});
  t.deepEqual(podLimits(pod({apps, limits: {memoryLow: 4096}}), on('v2')), {memoryLow: 4096});
});

test('on cgroup v1 it has what systemd has no setting for there: nothing is swapped', (t) => {
  const limited = two({memoryMax: 1024, memorySwapMax: 0});
  t.deepEqual(podLimits(limited, on('hybrid')), {memorySwapMax: 0});
  t.deepEqual(podLimits(limited, on('v2')), {});
  t.deepEqual(podLimits(two({pidsMax: 5}), on('hybrid')), {});
});

test('what has been killed for want of memory is counted by the app itself on v1, and above it on v2', (t) => {
  const limited = app({limits: {memoryMax: 1024}});
  t.is(oomCounter(on('v2'), limited), '/sys/fs/cgroup/system.slice/memory.events');
  const v1 = {version: 1, mountPoint: '/sys/fs/cgroup/memory' as HostPath, controllers: ['memory'], own: '/'} as const;
  const hybrid = hostFacts({
    cgroup: {...hostFacts().cgroup, mode: 'hybrid', hierarchies: [{...v1, controllers: ['memory']}]},
  });
  t.regex(
    oomCounter(hybrid, limited) ?? '',
    /^\/sys\/fs\/cgroup\/memory\/system\.slice\/app-[a-z]+\.service\/memory\.oom_control$/,
  );
  t.is(oomCounter(hybrid, app({})), undefined);
});
