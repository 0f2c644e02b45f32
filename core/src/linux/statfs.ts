import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

/** Types of file systems by `f_type` (linux/magic.h). */
const MAGIC = {
  cgroup: 0x27e0eb,
  cgroup2: 0x63677270,
  devpts: 0x1cd1,
  overlay: 0x794c7630,
  proc: 0x9fa0,
  sysfs: 0x62656572,
  tmpfs: 0x01021994,
} as const;

/** `f_type` of the file system that an open file is on. */
const fileSystemMagic = (file: Fd): number => {
  // struct statfs of x86-64 and arm64 has 120 bytes and begins with f_type, a long.
  const buffer = Buffer.alloc(120);
  syscall('fstatfs', [file.number, buffer], file.path);
  return Number(buffer.readBigUInt64LE(0));
};

/** Whether an open file belongs to one of these file systems. */
export const isOn = (file: Fd, ...types: (keyof typeof MAGIC)[]): boolean => {
  const magic = fileSystemMagic(file);
  return types.some((type) => MAGIC[type] === magic);
};

const ST_RDONLY = 1;

/** Whether nothing can be written through the mount, or to the file system, that a file was opened on. */
export const isReadOnly = (file: Fd): boolean => {
  const buffer = Buffer.alloc(120);
  syscall('fstatfs', [file.number, buffer], file.path);
  // f_flags comes after ten words.
  return (Number(buffer.readBigUInt64LE(80)) & ST_RDONLY) !== 0;
};
