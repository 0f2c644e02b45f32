import {processorWaits} from '../../linux/processor-waits.ts';

/** Milliseconds that somebody is waited for at most, however busy the host is. */
const MOST = 60_000;

/** What is left of it. */
export interface Patience {
  /** Milliseconds; zero or less when it is over. */
  readonly left: () => number;
}

/**
 * Begins to wait for what a process does: `milliseconds`, without the time that it and its children only waited for a processor; a minute in all.
 * @param waited milliseconds that they have done so, ever
 */
export const patience = (
  pid: number,
  milliseconds: number,
  waited: () => number = () => processorWaits(pid),
): Patience => {
  const [began, before] = [performance.now(), waited()];
  return {
    left: () => {
      const passed = performance.now() - began;
      if (passed < milliseconds) return milliseconds - passed;
      return Math.min(milliseconds + waited() - before, Math.max(milliseconds, MOST)) - passed;
    },
  };
};
