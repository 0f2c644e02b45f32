import type {DeviceRule} from '../contract/devices.ts';

/** A rule as the files of cgroup v1 have it: `c 1:3 rwm`. */
export const showRule = ({type, major, minor, access}: DeviceRule): string =>
  `${type === 'char' ? 'c' : 'b'} ${major}:${minor ?? '*'} ${access}`;
