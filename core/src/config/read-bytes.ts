import {configTooLarge, configUnreadable} from './errors.ts';
import {readBounded, Unbounded} from './read-bounded.ts';

/** Largest file of the configuration. */
const MAX_BYTES = 1 << 20;

/** @throws RKT_CONFIG_TOO_LARGE, RKT_CONFIG_UNREADABLE */
export const readBytes = (file: string): Buffer => {
  try {
    return readBounded(file, MAX_BYTES, {followLinks: false});
  } catch (cause) {
    if (cause instanceof Unbounded && cause.reason === 'too-large') throw configTooLarge(file, MAX_BYTES);
    throw configUnreadable(file, cause);
  }
};
