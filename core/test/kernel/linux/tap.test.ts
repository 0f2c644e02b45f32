import {readlinkSync} from 'node:fs';
import {lacksTaps, openNetwork} from '../../../../test/helpers/network.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {openTap} from '../../../src/linux/tap.ts';
import {RktError} from '../../../src/rkt-error.ts';

const own = (): string => readlinkSync('/proc/thread-self/ns/net');

testIf(lacksTaps())(
  'a tap of another network namespace is opened, once, and this thread stays in its own',
  async (t) => {
    const {namespace, close} = await openNetwork(
      'ip tuntap add dev tap0 mode tap; ip link add veth0 type veth peer veth1',
    );
    t.teardown(close);
    const before = own();
    const unusable = (device: string, place = namespace): void => {
      const error = t.throws(() => openTap(place, device), {instanceOf: RktError, code: 'RKT_TAP_UNUSABLE'});
      t.like(error, {fields: {namespace: place, device}});
      t.is(own(), before);
    };
    {
      using tap = openTap(namespace, 'tap0');
      t.is(readlinkSync(tap.path), '/dev/net/tun');
      t.is(own(), before);
      unusable('tap0');
    }
    openTap(namespace, 'tap0').close();
    unusable('veth0');
    unusable('tap0', '/proc/self/ns/mnt');
    unusable('tap0', '/nowhere');
    // Nor is one made where there was none.
    unusable('tap1');
    unusable('tap1');
  },
);
