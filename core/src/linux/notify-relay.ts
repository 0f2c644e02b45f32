import {chmodSync} from 'node:fs';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** sys/socket.h, asm-generic/fcntl.h */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC_NONBLOCK = 0o24000;
/** With its null byte. */
const MAX_PATH = 108;
const NAME = 'notify';

/** `struct sockaddr_un`; a name that begins with `@` is no file. */
const address = (name: string): Buffer =>
  Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`)]);

const datagramSocket = (): Fd => new Fd(syscall('socket', [AF_UNIX, SOCK_DGRAM_CLOEXEC, 0]));

export interface NotifyRelay {
  /** Tells this process by SIGIO that something has come. */
  readonly from: Fd;
  readonly to: Fd;
  /** NOTIFY_SOCKET of who is to be heard, as long as this process has `directory` open. */
  readonly path: string;
}

/**
 * What takes the place of a service manager's socket (sd_notify(3)) for a child of this process: a manager commonly believes its main process alone.
 * @param directory that nobody else may write to: a socket is made in it
 * @returns `undefined` if the manager's socket cannot be reached, which is the same for whoever would use it
 */
export const openNotifyRelay = (manager: string, directory: Fd): NotifyRelay | undefined => {
  const to = datagramSocket();
  try {
    const upstream = address(manager);
    syscall('connect', [to.number, upstream, upstream.length], manager);
  } catch (error) {
    to.close();
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
  const from = datagramSocket();
  const own = `${directory.path}/${NAME}`;
  const local = address(own);
  if (local.length > MAX_PATH) throw new TypeError(`${own} is too long`);
  syscall('bind', [from.number, local, local.length], own);
  chmodSync(own, 0o600);
  syscall('fcntl', [from.number, F_SETOWN, process.pid]);
  syscall('fcntl', [from.number, F_SETFL, O_ASYNC_NONBLOCK]);
  return {from, to, path: `/proc/${process.pid}/fd/${directory.number}/${NAME}`};
};
