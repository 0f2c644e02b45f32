import {fstatSync} from 'node:fs';
import type {DeviceRule} from '../contract/devices.ts';
import {decodeDevice} from './device.ts';
import {isErrno} from './syscall-error.ts';

/** Pseudo terminals and /dev/null, which every pod has. */
const COMMON = ({major, minor}: {readonly major: number; readonly minor: number}): boolean =>
  major === 136 || (major === 1 && minor === 3);

/** The character devices among the standard streams: a program may open those again by name (`/dev/stdout`). */
export const streamDevices = (): DeviceRule[] => {
  const numbers = [0, 1, 2].flatMap((stream) => {
    const stats = statIfOpen(stream);
    return stats?.isCharacterDevice() ? [decodeDevice(stats.rdev)] : [];
  });
  const unique = new Map(numbers.map((device) => [`${device.major}:${device.minor}`, device]));
  return [...unique.values()]
    .filter((device) => !COMMON(device))
    .map((device) => ({type: 'char', ...device, access: 'rw'}));
};

const statIfOpen = (stream: number) => {
  try {
    return fstatSync(stream);
  } catch (error) {
    if (isErrno(error, 'EBADF')) return undefined;
    throw error;
  }
};
