import {syscall} from './libc.ts';

/** asm-generic/ioctls.h */
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCSETSW = 0x5403;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
/** `struct termios` of the kernel on x86-64 and arm64: four words of flags, the line discipline, 19 special characters. */
const TERMIOS_BYTES = 36;
const FLAGS = {input: 0, output: 4, control: 8, local: 12} as const;
const SPECIAL = 17;
const VTIME = 5;
const VMIN = 6;
/** asm-generic/termbits.h */
const OPOST = 0o1;
const CS8 = 0o60;
/** What cfmakeraw(3) clears. */
const CLEARED = {input: 0o2753, output: OPOST, control: 0o460, local: 0o100113} as const;
/** `struct winsize` */
const SIZE_BYTES = 8;

/** How a terminal treats what is typed and written (termios(3)), as the kernel gives it. */
export type Modes = Buffer;

export const modesOf = (fd: number): Modes => {
  const modes = Buffer.alloc(TERMIOS_BYTES);
  syscall('ioctl', [fd, TCGETS, modes], `fd ${fd}`);
  return modes;
};

/** Sets them when all that has been written is out. */
export const setModes = (fd: number, modes: Modes): void => {
  syscall('ioctl', [fd, TCSETSW, modes], `fd ${fd}`);
};

/** Modes in which every byte is passed on as it is, in both directions, as soon as it is there. */
export const raw = (modes: Modes): Modes => {
  const changed = Buffer.from(modes);
  for (const [flags, cleared] of Object.entries(CLEARED) as [keyof typeof FLAGS, number][]) {
    changed.writeUInt32LE((changed.readUInt32LE(FLAGS[flags]) & ~cleared) >>> 0, FLAGS[flags]);
  }
  changed.writeUInt32LE((changed.readUInt32LE(FLAGS.control) | CS8) >>> 0, FLAGS.control);
  changed.writeUInt8(1, SPECIAL + VMIN);
  changed.writeUInt8(0, SPECIAL + VTIME);
  return changed;
};

/** Gives a new terminal the modes of another. With `plainOutput` it leaves ends of lines to that one. */
export const copyModes = (from: number, to: number, {plainOutput}: {readonly plainOutput: boolean}): void => {
  const modes = Buffer.from(modesOf(from));
  if (plainOutput) modes.writeUInt32LE((modes.readUInt32LE(FLAGS.output) & ~OPOST) >>> 0, FLAGS.output);
  syscall('ioctl', [to, TCSETS, modes], `fd ${to}`);
};

/** Gives a terminal the size of another; who is on it is told if it is a change (SIGWINCH). */
export const copySize = (from: number, to: number): void => {
  const size = Buffer.alloc(SIZE_BYTES);
  syscall('ioctl', [from, TIOCGWINSZ, size], `fd ${from}`);
  syscall('ioctl', [to, TIOCSWINSZ, size], `fd ${to}`);
};
