import test from 'ava';
import {holds, limitFiles, weightOfShares} from '../../src/linux/cgroup-limits.ts';

const all = {memoryMax: 33_554_432, memoryLow: 1_048_576, cpuMax: 1500, cpuShares: 1024, pidsMax: 30};
const files = (version: 1 | 2, limits = all) => limitFiles(limits, version).map(({file, value}) => [file, value]);

test('limits as files of v1, the period before the quota', (t) => {
  t.deepEqual(files(1), [
    ['memory.limit_in_bytes', '33554432'],
    ['memory.soft_limit_in_bytes', '1048576'],
    ['cpu.cfs_period_us', '100000'],
    ['cpu.cfs_quota_us', '150000'],
    ['cpu.shares', '1024'],
    ['pids.max', '30'],
  ]);
});

test('limits as files of v2', (t) => {
  t.deepEqual(files(2), [
    ['memory.max', '33554432'],
    ['memory.low', '1048576'],
    ['cpu.max', '150000 100000'],
    ['cpu.weight', '100'],
    ['pids.max', '30'],
  ]);
});

test('memory that is limited is not swapped', (t) => {
  t.deepEqual(
    ([1, 2] as const).map((version) => limitFiles({memorySwapMax: 0}, version).map(({file, value}) => [file, value])),
    [[['memory.swappiness', '0']], [['memory.swap.max', '0']]],
  );
});

test("a quota below the kernel's millisecond takes a longer period", (t) => {
  t.deepEqual(
    limitFiles({cpuMax: 1}, 2).map(({value}) => value),
    ['1000 1000000'],
  );
  t.deepEqual(
    limitFiles({cpuMax: 10}, 2).map(({value}) => value),
    ['1000 100000'],
  );
});

test('nothing asked for is nothing written', (t) => {
  t.deepEqual(limitFiles({}, 1), []);
});

test('shares become weights: ends and defaults on each other, always rising', (t) => {
  t.deepEqual([2, 1024, 262_144].map(weightOfShares), [1, 100, 10_000]);
  const weights = Array.from({length: 200}, (_, index) => weightOfShares(2 + index * 1310));
  t.deepEqual(
    weights,
    weights.toSorted((a, b) => a - b),
  );
});

test('the kernel may round memory down to a page, and nothing else', (t) => {
  const [memory, , , , pids] = limitFiles({...all, memoryMax: 33_554_433}, 2);
  if (memory === undefined || pids === undefined) return t.fail();
  t.true(holds(memory, '33554432'));
  t.true(holds(memory, '33554433'));
  t.false(holds(memory, '33554434'));
  t.false(holds(memory, 'max'));
  t.false(holds(memory, '30000000'));
  t.false(holds(pids, '29'));
  t.true(holds(pids, '30'));
});

test('processors and memory nodes are lists, and what is left of them beneath other cgroups is all', (t) => {
  const limits = {cpus: [0, 1, 2, 5, 7, 8], memoryNodes: [0]};
  const of = (version: 1 | 2) =>
    limitFiles(limits, version).map(({file, value, effective}) => [file, value, effective]);
  t.deepEqual(of(1), [
    ['cpuset.cpus', '0-2,5,7-8', 'cpuset.effective_cpus'],
    ['cpuset.mems', '0', 'cpuset.effective_mems'],
  ]);
  t.deepEqual(of(2), [
    ['cpuset.cpus', '0-2,5,7-8', 'cpuset.cpus.effective'],
    ['cpuset.mems', '0', 'cpuset.mems.effective'],
  ]);
});

test('huge pages are limited by size, used and reserved', (t) => {
  const limits = {hugepages: {65536: 131_072, 2097152: 4_194_304, 1073741824: 0}};
  const of = (version: 1 | 2) => limitFiles(limits, version).map(({file, value}) => [file, value]);
  t.deepEqual(of(2), [
    ['hugetlb.64KB.max', '131072'],
    ['hugetlb.64KB.rsvd.max', '131072'],
    ['hugetlb.2MB.max', '4194304'],
    ['hugetlb.2MB.rsvd.max', '4194304'],
    ['hugetlb.1GB.max', '0'],
    ['hugetlb.1GB.rsvd.max', '0'],
  ]);
  t.deepEqual(of(1).slice(0, 2), [
    ['hugetlb.64KB.limit_in_bytes', '131072'],
    ['hugetlb.64KB.rsvd.limit_in_bytes', '131072'],
  ]);
});

test('limits of block devices are set for each disk', (t) => {
  const limits = {ioBandwidth: 1024, ioOperations: 50};
  const of = (version: 1 | 2) => limitFiles(limits, version, ['8:0', '8:16']).map(({file, value}) => [file, value]);
  t.deepEqual(of(1).slice(0, 4), [
    ['blkio.throttle.read_bps_device', '8:0 1024'],
    ['blkio.throttle.write_bps_device', '8:0 1024'],
    ['blkio.throttle.read_iops_device', '8:0 50'],
    ['blkio.throttle.write_iops_device', '8:0 50'],
  ]);
  t.is(of(1).length, 8);
  t.deepEqual(of(2).slice(0, 2), [
    ['io.max', '8:0 rbps=1024 wbps=1024'],
    ['io.max', '8:0 riops=50 wiops=50'],
  ]);
  t.deepEqual(limitFiles(limits, 2), []);
});

test('limits of block devices hold when the line of their disk says so', (t) => {
  const [, write] = limitFiles({ioBandwidth: 1024}, 1, ['8:0']);
  const [both] = limitFiles({ioBandwidth: 1024}, 2, ['8:0']);
  if (write === undefined || both === undefined) return t.fail();
  t.true(holds(write, '8:16 99\n8:0 1024'));
  t.false(holds(write, '8:16 1024\n8:0 99'));
  t.false(holds(write, ''));
  t.true(holds(both, '8:0 rbps=1024 wbps=1024 riops=max wiops=max'));
  t.false(holds(both, '8:0 rbps=1024 wbps=max riops=max wiops=max'));
});
