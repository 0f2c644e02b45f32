import {constants, openSync} from 'node:fs';
import {RktError} from '../rkt-error.ts';
import {tapUnusable} from './errors.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {namespaceFlags} from './namespaces.ts';
import {openHost} from './openat2.ts';

/** linux/if_tun.h */
const TUNSETIFF = 0x4004_54ca;
const TUNGETIFF = 0x8004_54d2;
const IFF_TAP = 0x2;
const IFF_PERSIST = 0x800;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** `struct ifreq`: the name, and flags. */
const REQUEST_BYTES = 40;
const FLAGS_AT = 16;

/**
 * Opens a tap that is there in a network namespace, with a header of virtio before each packet. This thread is in its own namespace as before.
 * @throws RKT_TAP_UNUSABLE
 */
export const openTap = (namespace: string, device: string): Fd => {
  try {
    using there = openHost(namespace, constants.O_RDONLY);
    using home = openHost('/proc/self/ns/net', constants.O_RDONLY);
    join(there, namespace);
    try {
      return attach(namespace, device);
    } finally {
      join(home, 'home');
    }
  } catch (error) {
    throw error instanceof RktError ? error : tapUnusable(namespace, device, error);
  }
};

const join = (namespace: Fd, path: string): void => {
  syscall('setns', [namespace.number, namespaceFlags(['net'])], path);
};

const attach = (namespace: string, device: string): Fd => {
  const tap = new Fd(openSync('/dev/net/tun', 'r+'));
  try {
    const request = Buffer.alloc(REQUEST_BYTES);
    request.write(device, 'latin1');
    request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, FLAGS_AT);
    syscall('ioctl', [tap.number, TUNSETIFF, request], device);
    syscall('ioctl', [tap.number, TUNGETIFF, request], device);
    // What nobody has made the kernel makes, for as long as it is open.
    if ((request.readUInt16LE(FLAGS_AT) & IFF_PERSIST) === 0) throw tapUnusable(namespace, device);
    return tap;
  } catch (error) {
    tap.close();
    throw error;
  }
};
