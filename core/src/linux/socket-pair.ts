import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {O_CLOEXEC} from './openat2.ts';

/** sys/socket.h; SOCK_CLOEXEC is O_CLOEXEC. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;

/** Two sockets that are connected, both close-on-exec. Unlike a pipe, neither can be opened again by its path in /proc. */
export const socketPair = (): [one: Fd, other: Fd] => {
  const ends = Buffer.alloc(8);
  syscall('socketpair', [AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, ends], 'socketpair');
  return [new Fd(ends.readInt32LE(0)), new Fd(ends.readInt32LE(4))];
};
