import * as z from 'zod/mini';

/** A whole number within bounds, which a manifest has bare and the contract by its name. */
export const numberFrom = <Value>(least: number, most: number, named: (number: number) => Value) => {
  const range = `a whole number from ${least} to ${most}`;
  return z.lazy(() => z.pipe(z.int(range).check(z.minimum(least, range), z.maximum(most, range)), z.transform(named)));
};
