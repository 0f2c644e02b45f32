/** Comments on the strings of a source, by string: `/** More than one app. *\/ 'apps/many',`. */
export const commentsOfNames = (source: string): Record<string, string> =>
  Object.fromEntries(
    [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*'([\w/-]+)'/g)].map(([, comment = '', name = '']) => [
      name,
      comment
        .replaceAll(/^\s*\*/gm, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ]),
  );
