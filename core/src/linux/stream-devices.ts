import {constants, fstatSync} from 'node:fs';
import type {DeviceRule} from '../contract/devices.ts';
import {decodeDevice} from './device.ts';
import {openFlags} from './fd-flags.ts';
import {isErrno} from './syscall-error.ts';
import {isTerminal} from './terminal.ts';

/** Pseudo terminals and /dev/null, which every pod has. */
const COMMON = ({major, minor}: {readonly major: number; readonly minor: number}): boolean =>
  major === 136 || (major === 1 && minor === 3);

/** The character devices among the standard streams: a program may open those again by name (`/dev/stdout`), to do what they were opened for; a terminal is for both. */
export const streamDevices = (): DeviceRule[] => {
  const found = [0, 1, 2].flatMap((stream) => {
    const stats = statIfOpen(stream);
    return stats?.isCharacterDevice() ? [{...decodeDevice(stats.rdev), access: accessOf(stream)}] : [];
  });
  const unique = Map.groupBy(
    found.filter((device) => !COMMON(device)),
    ({major, minor}) => `${major}:${minor}`,
  );
  return [...unique.values()].flatMap((same) => {
    const [{major, minor} = {major: 0, minor: 0}] = same;
    const all = new Set(same.flatMap(({access}) => [...access]));
    return {type: 'char', major, minor, access: all.size > 1 ? 'rw' : all.has('r') ? 'r' : 'w'};
  });
};

const O_ACCMODE = 3;

const accessOf = (stream: number): 'r' | 'w' | 'rw' => {
  const mode = openFlags(stream) & O_ACCMODE;
  if (isTerminal(stream) || mode === constants.O_RDWR) return 'rw';
  return mode === constants.O_RDONLY ? 'r' : 'w';
};

const statIfOpen = (stream: number) => {
  try {
    return fstatSync(stream);
  } catch (error) {
    if (isErrno(error, 'EBADF')) return undefined;
    throw error;
  }
};
