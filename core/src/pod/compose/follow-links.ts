/** As the kernel's MAXSYMLINKS. */
const MAX_LINKS = 40;
/** Of all links together: each part may be looked up in every layer (S10). */
const MAX_PARTS = 1000;

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/**
 * What a path of a tree means when its symlinks are followed, which never leads out of the tree; `undefined` when there is no end to them.
 * @param linkAt what the symlink at a path says, none of whose directories is one; `undefined`: it is none
 */
export const followLinks = (path: string, linkAt: (path: string) => string | undefined): string | undefined => {
  const waiting = partsOf(path).reverse();
  const done: string[] = [];
  let links = 0;
  for (let seen = 0; seen < MAX_PARTS; seen++) {
    const part = waiting.pop();
    if (part === undefined) return `/${done.join('/')}`;
    if (part === '..') {
      done.pop();
      continue;
    }
    const to = linkAt(`/${[...done, part].join('/')}`);
    if (to === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (links > MAX_LINKS) return undefined;
    if (to.startsWith('/')) done.length = 0;
    waiting.push(...partsOf(to).reverse());
  }
  return undefined;
};
