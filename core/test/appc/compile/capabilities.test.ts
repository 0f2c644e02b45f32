import test from 'ava';
import {compileCapabilities, DEFAULT_CAPABILITIES} from '../../../src/appc/compile/capabilities.ts';
import {CAPABILITIES} from '../../../src/contract/kernel-names.ts';
import type {Capability} from '../../../src/contract/process.ts';

const root = {uid: 0, unrestricted: false};
const retain = (...set: Capability[]) => ({'os/linux/capabilities-retain-set': {set}});
const remove = (...set: Capability[]) => ({'os/linux/capabilities-remove-set': {set}});
const numbers = (set: readonly Capability[]) => set.map((capability) => CAPABILITIES.indexOf(capability));

test('EX-48 the default is the fourteen of the specification', (t) => {
  const {bounding, effective, ambient} = compileCapabilities({}, root);
  t.is(DEFAULT_CAPABILITIES.length, 14);
  t.deepEqual(numbers(bounding), [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]);
  t.deepEqual(effective, bounding);
  t.deepEqual(ambient, []);
});

test('EX-48 a retain-set is all that stays', (t) => {
  t.deepEqual(compileCapabilities(retain('CAP_SYS_ADMIN', 'CAP_CHOWN'), root).bounding, ['CAP_CHOWN', 'CAP_SYS_ADMIN']);
});

test('EX-48 a remove-set subtracts from the default', (t) => {
  const {bounding} = compileCapabilities(remove('CAP_SYS_CHROOT', 'CAP_MKNOD'), root);
  t.is(bounding.length, 12);
  t.false(bounding.includes('CAP_MKNOD'));
});

test('EX-48 to remove what is not in the default has no effect', (t) => {
  t.deepEqual(compileCapabilities(remove('CAP_SYS_ADMIN'), root), compileCapabilities({}, root));
});

test('EX-48 other users than root start without capabilities', (t) => {
  t.like(compileCapabilities(retain('CAP_CHOWN'), {...root, uid: 1}), {
    bounding: ['CAP_CHOWN'],
    effective: [],
    ambient: [],
  });
});

test('EX-48 --insecure-options=capabilities leaves all, whatever the image says', (t) => {
  t.deepEqual(compileCapabilities(retain('CAP_CHOWN'), {uid: 0, unrestricted: true}).bounding, [...CAPABILITIES]);
});
