import {fstatSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

const S_IFMT = {char: 0o020000, block: 0o060000} as const;

export interface Device {
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

/** Device number as the kernel's calls take and give it (`new_encode_dev`): 12 bits of major, 20 of minor. */
export const encodeDevice = ({major, minor}: Pick<Device, 'major' | 'minor'>): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;

/** The opposite of {@link encodeDevice}. */
export const decodeDevice = (number: number): Pick<Device, 'major' | 'minor'> => ({
  major: (number >>> 8) & 0xfff,
  minor: (number & 0xff) | ((number >>> 12) & 0xfff00),
});

/** Whether an open file is that device. */
export const isDevice = (file: Fd, device: Device): boolean => {
  const stat = fstatSync(file.number);
  const type = stat.isCharacterDevice() ? 'char' : stat.isBlockDevice() ? 'block' : undefined;
  return type === device.type && stat.rdev === encodeDevice(device);
};

/** mknodat(2) of a device; the umask applies. */
export const makeDevice = (directory: Fd, name: string, device: Device, mode: number): void => {
  const node = S_IFMT[device.type] | mode;
  syscall('mknodat', [directory.number, name, node, encodeDevice(device)], name);
};
