import * as z from 'zod/mini';

/** A check that no two items of a list have the same `field`. */
export const unique = <K extends string>(field: K) =>
  z.check<readonly {readonly [P in K]: string}[]>((context) => {
    const seen = new Set<string>();
    context.value.forEach((item, i) => {
      const value = item[field];
      if (seen.has(value)) {
        context.issues.push({code: 'custom', message: `a ${field} that occurs once`, path: [i, field], input: value});
      }
      seen.add(value);
    });
  });
