import test from 'ava';
import {boundLimits, compileLimits, MIN_MEMORY} from '../../../src/appc/compile/limits.ts';
import {compileRlimits} from '../../../src/appc/compile/rlimits.ts';
import {normalizeIsolators} from '../../../src/appc/isolators/normalize.ts';
import {refused} from '../support.ts';

const compile = (values: Record<string, unknown>) =>
  compileLimits(
    normalizeIsolators(
      Object.entries(values).map(([name, value]) => ({name, value})),
      'app',
    ),
  );

test('EX-50 nothing asked for, nothing limited', (t) => {
  t.deepEqual(compile({}), {});
  t.deepEqual(compile({'os/linux/no-new-privileges': true}), {});
});

test('EX-57 memory has a hard limit and a request that is reclaimed last', (t) => {
  t.deepEqual(compile({'resource/memory': {request: '1M', limit: '2M'}}), {
    memoryMax: 2_000_000,
    memoryLow: 1_000_000,
    memorySwapMax: 0,
  });
});

test('EX-50 a request defaults to the limit', (t) => {
  t.deepEqual(compile({'resource/memory': {limit: '64Mi'}}), {
    memoryMax: 2 ** 26,
    memoryLow: 2 ** 26,
    memorySwapMax: 0,
  });
  t.deepEqual(compile({'resource/cpu': {limit: '1'}}), {cpuMax: 1000, cpuShares: 1024});
});

test('EX-56 a request of processor time is its weight, unless cpu-shares gives one', (t) => {
  t.deepEqual(compile({'resource/cpu': {request: '250m', limit: '500m'}}), {cpuMax: 500, cpuShares: 256});
  t.deepEqual(compile({'resource/cpu': {limit: '2'}, 'os/linux/cpu-shares': 99}), {cpuMax: 2000, cpuShares: 99});
  t.is(compile({'resource/cpu': {limit: '1m'}}).cpuShares, 2);
  t.is(compile({'resource/cpu': {limit: '1K'}}).cpuShares, 262_144);
});

test('EX-51 tasks are limited', (t) => {
  t.deepEqual(compile({'resource/pids': {limit: '100'}}), {pidsMax: 100});
});

test('EX-51 processors, memory nodes and huge pages are limited', (t) => {
  t.deepEqual(
    compile({'os/linux/cpuset-cpus': '0-1,3', 'os/linux/cpuset-mems': '0', 'resource/hugepages': {'2Mi': '4Mi'}}),
    {
      cpus: [0, 1, 3],
      memoryNodes: [0],
      hugepages: {2097152: 4_194_304},
    },
  );
});

test('EX-31 an app has of its pod what it may have itself, and an error where that is nothing', (t) => {
  const bounded = boundLimits(
    {cpus: [1, 2], hugepages: {2: 8, 4: 4}},
    {cpus: [0, 1], memoryNodes: [0], hugepages: {2: 6}},
  );
  t.deepEqual(bounded, {cpus: [1], hugepages: {2: 6, 4: 4}});
  t.like(
    refused(t, 'RKT_CPUSET_EMPTY', () => boundLimits({memoryNodes: [1]}, {memoryNodes: [0]})),
    {isolator: 'os/linux/cpuset-mems', app: [1], pod: [0]},
  );
});

test('EX-57 memory that no program starts with is refused', (t) => {
  t.like(
    refused(t, 'RKT_MEMORY_LIMIT_TOO_SMALL', () => compile({'resource/memory': {limit: MIN_MEMORY - 1}})),
    {bytes: 1_048_575, minimum: 1_048_576},
  );
  t.is(compile({'resource/memory': {limit: MIN_MEMORY}}).memoryMax, MIN_MEMORY);
  t.is(compile({'resource/memory': {limit: MIN_MEMORY + 1}}).memoryMax, MIN_MEMORY + 1);
});

test('EX-56 no processor time at all is refused', (t) => {
  refused(t, 'RKT_CPU_LIMIT_TOO_SMALL', () => compile({'resource/cpu': {limit: '0'}}));
});

test('EX-31 the pod bounds its apps', (t) => {
  const app = {memoryMax: 8000, memoryLow: 7000, cpuMax: 500, cpuShares: 2000, pidsMax: 10};
  t.deepEqual(boundLimits(app, {}), app);
  t.deepEqual(boundLimits(app, {memoryMax: 6000, memoryLow: 100, cpuMax: 400, cpuShares: 2, pidsMax: 9}), {
    memoryMax: 6000,
    memoryLow: 6000,
    cpuMax: 400,
    cpuShares: 2000,
    pidsMax: 9,
  });
  t.deepEqual(boundLimits({}, {memoryMax: 1}), {});
  t.deepEqual(boundLimits(app, {memoryMax: 9000, cpuMax: 501, pidsMax: 11}), app);
});

test('resource limits are in the order of their numbers, and only those asked for', (t) => {
  const isolators = normalizeIsolators(
    [{name: 'os/unix/rlimits', value: {rttime: {hard: 5}, nofile: {soft: '1K', hard: 'unlimited'}, cpu: {hard: '1'}}}],
    'app',
  );
  t.deepEqual(compileRlimits(isolators), [
    {name: 'cpu', soft: 1, hard: 1},
    {name: 'nofile', soft: 1000, hard: null},
    {name: 'rttime', soft: 5, hard: 5},
  ]);
  t.deepEqual(compileRlimits({}), []);
});
