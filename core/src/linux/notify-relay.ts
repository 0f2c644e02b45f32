import {chmodSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {connectNotifySocket, datagramSocket, unixAddress} from './notify.ts';
import {SyscallError} from './syscall-error.ts';

/** asm-generic/fcntl.h */
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC_NONBLOCK = 0o24000;
const NAME = 'notify';

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
  let to: Fd;
  try {
    to = connectNotifySocket(manager);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
  const own = `${directory.path}/${NAME}`;
  const local = unixAddress(own);
  const from = datagramSocket(own);
  syscall('bind', [from.number, local, local.length], own);
  chmodSync(own, 0o600);
  syscall('fcntl', [from.number, F_SETOWN, process.pid]);
  syscall('fcntl', [from.number, F_SETFL, O_ASYNC_NONBLOCK]);
  return {from, to, path: `/proc/${process.pid}/fd/${directory.number}/${NAME}`};
};
