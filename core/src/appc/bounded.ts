import * as z from 'zod/mini';

/**
 * A check that a list has no more items than a pod can be started with in reasonable time: each is a mount, or a word that systemd compares with all others
 * (S10).
 */
export const bounded = (limit: number, items: string) =>
  z.check<readonly unknown[]>((context) => {
    const {length} = context.value;
    if (length <= limit) return;
    const message = `at most ${limit} ${items}, not ${length}`;
    context.issues.unshift({code: 'custom', message, path: [], input: context.value});
  });
