import {setTimeout} from 'node:timers/promises';

/** Waits until a condition holds, looking every 20 ms; throws after `milliseconds`. */
export const until = async (condition: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> => {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so after ${milliseconds} ms: ${condition}`);
    await setTimeout(20);
  }
};
