import * as z from 'zod/mini';

/** A check that no two items of a list have the same name. */
export const uniqueNames = z.check<readonly {readonly name: string}[]>((context) => {
  const seen = new Set<string>();
  context.value.forEach(({name}, i) => {
    if (seen.has(name)) {
      context.issues.push({code: 'custom', message: 'a name that occurs once', path: [i, 'name'], input: name});
    }
    seen.add(name);
  });
});
