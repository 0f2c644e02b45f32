import {env} from 'node:process';
import {setTimeout} from 'node:timers/promises';

/** Patience on a machine that is so many times as slow as others. */
export const SLOW = Number(env.RKT_TEST_SLOW ?? 1);

/** Waits for an event, looking every 20 ms; throws after a minute. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 60_000 * SLOW;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not so after a minute: ${what}`);
    await setTimeout(20);
  }
};
