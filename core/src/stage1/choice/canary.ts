/** How many numbers hosts are divided into. */
const OF = 100;

/**
 * The number of a host for a flavor, 0 to 99. It is always the same for one flavor and different for another, so that it is not always the same hosts that come first.
 * @param machineId of machine-id(5), which is confidential: nothing but this number is derived from it
 */
export const canaryNumber = (machineId: string, flavor: string): number =>
  process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(`rkt flavor use\0${flavor}\0${machineId}`)
    .digest()
    .readUInt32BE(0) % OF;
