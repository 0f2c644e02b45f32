import {lstatSync, readdirSync} from 'node:fs';

const SLASH = Buffer.from('/');

/** Every path below a directory, as `./a/b`, parents before children, in the order of their bytes: the same on every host. Sockets, which no archive can hold, are left out. */
export const listTree = (directory: string): Buffer[] => {
  const found: Buffer[] = [Buffer.from('.')];
  const walk = (absolute: Buffer, relative: Buffer): void => {
    const names = readdirSync(absolute, {encoding: 'buffer'}).sort(Buffer.compare);
    for (const name of names) {
      const path = Buffer.concat([absolute, SLASH, name]);
      const below = Buffer.concat([relative, SLASH, name]);
      const stats = lstatSync(path);
      if (stats.isSocket()) continue;
      found.push(below);
      if (stats.isDirectory()) walk(path, below);
    }
  };
  walk(Buffer.from(directory), Buffer.from('.'));
  return found;
};
