import {constants, fchmodSync, fchownSync} from 'node:fs';
import {isDevice} from './device.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_CLOEXEC, O_PATH, openHost, openInRoot} from './openat2.ts';
import {reopen} from './reopen.ts';
import {isOn} from './statfs.ts';
import {SyscallError} from './syscall-error.ts';

const {O_NOCTTY, O_NONBLOCK, O_RDWR} = constants;
/** asm-generic/ioctls.h */
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTPEER = 0x5441;
/** Documentation/admin-guide/devices.txt */
const MULTIPLEXER = {type: 'char', major: 5, minor: 2} as const;

/** What is written to one end is read at the other, with a terminal in between. `inside` is for programs; it is hung up when the last descriptor of `outside` is closed. */
export interface PseudoTerminal {
  /** In non-blocking mode. */
  readonly outside: Fd;
  readonly inside: Fd;
}

/**
 * One of the /dev/pts that a rootfs has: there it has a name, which is its user's alone.
 * @param owner user of the host
 * @returns nothing if the rootfs has none, or none left
 */
export const pseudoTerminalOf = (root: Fd, owner: number): PseudoTerminal | undefined => {
  try {
    using multiplexer = openInRoot(root, '/dev/pts/ptmx', O_PATH);
    // Whatever else an app or an image may have put there is not opened at all.
    if (!isOn(multiplexer, 'devpts') || !isDevice(multiplexer, MULTIPLEXER)) return undefined;
    const made = pair(reopen(multiplexer, O_RDWR | O_NOCTTY | O_NONBLOCK));
    fchownSync(made.inside.number, owner, -1);
    fchmodSync(made.inside.number, 0o600);
    return made;
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
};

/** One of the host's, which has no name in a pod. */
export const pseudoTerminalOfHost = (): PseudoTerminal => pair(openHost('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK));

const pair = (outside: Fd): PseudoTerminal => {
  syscall('ioctl', [outside.number, TIOCSPTLCK, Buffer.alloc(4)], '/dev/ptmx');
  const inside = new Fd(syscall('ioctl', [outside.number, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC], '/dev/ptmx'));
  return {outside, inside};
};
