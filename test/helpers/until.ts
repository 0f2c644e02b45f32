import {setTimeout} from 'node:timers/promises';
import {slowly} from './slowly.ts';

/** Waits until a condition holds, looking every 20 ms; throws after `milliseconds`. */
export const until = async (condition: () => boolean | Promise<boolean>, milliseconds = 60_000): Promise<void> => {
  const end = performance.now() + slowly(milliseconds);
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so after ${milliseconds} ms: ${condition}`);
    await setTimeout(20);
  }
};
