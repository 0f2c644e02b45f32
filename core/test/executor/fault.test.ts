import test from 'ava';
import {faultPoint, parseFault} from '../../src/executor/fault.ts';

test('a fault is a step and a way, and the step may have colons', (t) => {
  t.deepEqual(parseFault('rootfs.main:kill'), {id: 'rootfs.main', how: 'kill'});
  t.deepEqual(parseFault('volume.main.data:/a:b:error'), {id: 'volume.main.data:/a:b', how: 'error'});
  t.deepEqual(parseFault('pod.run:stop'), {id: 'pod.run', how: 'stop'});
  t.is(parseFault('rootfs.main'), undefined);
  t.is(parseFault('rootfs.main:panic'), undefined);
  t.is(parseFault(''), undefined);
  t.is(parseFault(undefined), undefined);
});

test.serial('only the step that is named fails', (t) => {
  process.env.RKT_FAULT = 'a.b:error';
  try {
    faultPoint('a');
    const error = t.throws(() => faultPoint('a.b'), {code: 'RKT_FAULT_INJECTED'});
    t.like(error, {fields: {step: 'a.b'}});
  } finally {
    delete process.env.RKT_FAULT;
  }
  t.notThrows(() => faultPoint('a.b'));
});
