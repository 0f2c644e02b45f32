import test from 'ava';
import {unixAddress} from '../../src/linux/notify.ts';

test('an address of a socket in the file system ends with a null byte, an abstract one begins with it', (t) => {
  t.deepEqual(unixAddress('/run/x'), Buffer.from('\x01\0/run/x\0'));
  t.deepEqual(unixAddress('@x'), Buffer.from('\x01\0\0x'));
  t.is(unixAddress(`@${'x'.repeat(107)}`).length, 110);
  t.is(unixAddress(`/${'x'.repeat(106)}`).length, 110);
  for (const name of [`@${'x'.repeat(108)}`, `/${'x'.repeat(107)}`])
    t.throws(() => unixAddress(name), {code: 'ENAMETOOLONG'});
});
