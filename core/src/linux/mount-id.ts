import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

const AT_EMPTY_PATH = 0x1000;
const STATX_MNT_ID = 0x1000;
/** Size of `struct statx` and place of `stx_mnt_id` in it (linux/stat.h). */
const STATX = {size: 256, mountId: 0x90} as const;

/** The mount through which a file was opened: the first field of its line in mountinfo. Since Linux 5.8. */
export const mountId = (file: Fd): number => {
  const found = Buffer.alloc(STATX.size);
  syscall('statx', [file.number, '', AT_EMPTY_PATH, STATX_MNT_ID, found], file.path);
  return Number(found.readBigUInt64LE(STATX.mountId));
};
