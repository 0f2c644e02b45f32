import {createHash} from 'node:crypto';

/** How many numbers hosts are divided into. */
const OF = 100;

/**
 * The number of a host for a flavor, 0 to 99: always the same, another for another flavor, so that not the same hosts are first every time.
 * @param machineId of machine-id(5), which is not to be told as it is: no more than this number comes of it
 */
export const canaryNumber = (machineId: string, flavor: string): number =>
  createHash('sha256').update(`rkt flavor use\0${flavor}\0${machineId}`).digest().readUInt32BE(0) % OF;
