import type {PassedSocket} from '../contract/host.ts';
import {syscall} from './libc.ts';
import {passedSockets} from './passed-sockets.ts';

/** asm-generic/socket.h, linux/socket.h, linux/in.h */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PROTOCOL = 38;
const FAMILIES: Readonly<Record<number, PassedSocket['family']>> = {1: 'unix', 2: 'inet', 10: 'inet6'};
const PROTOCOLS: Readonly<Record<number, PassedSocket['protocol']>> = {6: 'tcp', 17: 'udp', 132: 'sctp'};
const SOCK_STREAM = 1;
/** `struct sockaddr_storage` */
const ADDRESS_LENGTH = 128;

/**
 * What the sockets that rkt's caller passed listen on, in their order.
 * @throws RKT_LISTEN_FDS_INVALID
 */
export const passedAddresses = (): PassedSocket[] => passedSockets().fds.map(describeSocket);

export const describeSocket = (fd: number): PassedSocket => {
  const buffer = Buffer.alloc(ADDRESS_LENGTH);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(ADDRESS_LENGTH);
  syscall('getsockname', [fd, buffer, length], `fd ${fd}`);
  return {
    ...parseAddress(buffer),
    protocol: PROTOCOLS[option(fd, SO_PROTOCOL)] ?? 'other',
    stream: option(fd, SO_TYPE) === SOCK_STREAM,
  };
};

/** A `struct sockaddr` (in(7), ipv6(7)). IPv6 is written without abbreviation. */
export const parseAddress = (buffer: Buffer): Pick<PassedSocket, 'family' | 'address' | 'port'> => {
  const family = FAMILIES[buffer.readUInt16LE(0)] ?? 'other';
  switch (family) {
    case 'inet':
      return {family, address: buffer.subarray(4, 8).join('.'), port: buffer.readUInt16BE(2)};
    case 'inet6': {
      const groups = Array.from({length: 8}, (_, index) => buffer.readUInt16BE(8 + 2 * index).toString(16));
      return {family, address: groups.join(':'), port: buffer.readUInt16BE(2)};
    }
    default:
      return {family, address: '', port: 0};
  }
};

const option = (fd: number, name: number): number => {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(4);
  syscall('getsockopt', [fd, SOL_SOCKET, name, value, length], `fd ${fd}`);
  return value.readInt32LE(0);
};
