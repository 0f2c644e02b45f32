import {writeSync} from 'node:fs';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** sys/socket.h; the flag is O_CLOEXEC. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** Of `sun_path`. */
const MAX_PATH = 108;
const ENAMETOOLONG = 36;

/** `struct sockaddr_un` (unix(7)). `@` is the null byte that an abstract name begins with; it ends where the address does, a path by a null byte. */
export const unixAddress = (name: string): Buffer => {
  const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > MAX_PATH) throw new SyscallError('connect', ENAMETOOLONG, name);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
};

/** @param what an error calls it */
export const datagramSocket = (what: string): Fd =>
  new Fd(syscall('socket', [AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0], what));

/**
 * A connection to whoever wants to be told of states (sd_notify(3)), which works from whatever root directory and with whatever rights it is used.
 * @throws {SyscallError} when nobody is there
 */
export const connectNotifySocket = (name: string): Fd => {
  const address = unixAddress(name);
  const socket = datagramSocket(name);
  try {
    syscall('connect', [socket.number, address, address.length], name);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
};

/** Tells that this process is ready, and the main one. */
export const notifyReady = (socket: Fd): void => {
  writeSync(socket.number, `READY=1\nMAINPID=${process.pid}\n`);
};
