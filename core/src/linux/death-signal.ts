import {syscall} from './libc.ts';

/** linux/prctl.h */
const PR_GET_PDEATHSIG = 2;

/** The signal that this thread gets when its parent has died (prctl(2)); 0: none. execve takes it away where the real group is not the effective one. */
export const deathSignal = (): number => {
  const signal = Buffer.alloc(4);
  syscall('prctl', [PR_GET_PDEATHSIG, signal, 0, 0, 0]);
  return signal.readInt32LE(0);
};
