import test from 'ava';
import {kernelPaths} from '../../../src/appc/compile/kernel-paths.ts';
import {rootfsPath} from '../../../src/contract/names.ts';

test('S07 what rkt and the engines of today hide is hidden', (t) => {
  const {masked, readOnly} = kernelPaths({cpus: 2, unrestricted: false});
  const names = masked as readonly string[];
  for (const path of [
    '/proc/kcore',
    '/proc/keys',
    '/proc/interrupts',
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
  ]) {
    t.true(names.includes(path), path);
  }
  t.true(names.includes('/sys/devices/system/cpu/cpu1/thermal_throttle'));
  t.false(names.includes('/sys/devices/system/cpu/cpu2/thermal_throttle'));
  t.true((readOnly as readonly string[]).includes('/proc/sys'));
  for (const path of [...masked, ...readOnly]) t.true(rootfsPath.safeParse(path).success);
  t.is(new Set([...masked, ...readOnly]).size, masked.length + readOnly.length);
});

test('S07 --insecure-options=paths hides nothing', (t) => {
  t.deepEqual(kernelPaths({cpus: 2, unrestricted: true}), {masked: [], readOnly: []});
});

test('S10 the number of processors is not the number of mounts', (t) => {
  t.is(
    kernelPaths({cpus: 1e9, unrestricted: false}).masked.length,
    kernelPaths({cpus: 1024, unrestricted: false}).masked.length,
  );
});
