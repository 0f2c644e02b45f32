import {readable} from './errors.ts';
import type {TarEntry} from './tar/entry.ts';

/*
 * What an archive says about its paths, and what is on the disk, as texts that can be compared. Both may be as long as an image can be, and whoever made it chose them: nothing here takes more than
 * one look at each path (S10).
 */

export interface Listing {
  add(entry: TarEntry): void;
  /** By path, one comparable text each. */
  readonly paths: () => Map<string, string>;
}

export const createListing = (): Listing => {
  const properties = new Map<string, string>();
  // By the path that came first with a file, and of that by the others.
  const names = new Map<string, string[]>();
  const targets = new Map<string, string>();
  const devices = new Set<string>();
  return {
    add(entry) {
      if (entry.type === 'hardlink') {
        const target = targets.get(entry.linkName) ?? entry.linkName;
        targets.set(entry.path, target);
        const group = names.get(target);
        if (group === undefined) names.set(target, [target, entry.path]);
        else group.push(entry.path);
        return;
      }
      const {type, mode, uid, gid, size, mtime, linkName, device} = entry;
      const xattrs = [...entry.xattrs].map(([name, value]) => [name, value.toString('base64')]).sort();
      // A symlink's mode is what the file system says.
      const own = [type, type === 'symlink' ? 0 : mode, uid, gid, size, mtime, linkName, device, xattrs];
      properties.set(entry.path, JSON.stringify(own));
      if (device !== undefined) devices.add(entry.path);
    },
    paths() {
      for (const [target, group] of names) {
        const own = properties.get(target) ?? '';
        // Names of one file share its properties, and each names the same one of them. But bsdtar takes each name of a device for another device.
        const text = devices.has(target)
          ? own
          : `${own}\0${group.reduce((least, name) => (name < least ? name : least))}`;
        for (const path of group) properties.set(path, text);
      }
      return properties;
    },
  };
};

/** What is wrong with what was found, in words; `undefined`: it is what was wanted. */
export const firstDifference = (
  wanted: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string | undefined => {
  for (const [path, properties] of wanted) {
    // The archive's own directory is the image's, which is private; of the manifest the store keeps the bytes, which are in the digest.
    if (path === '' || path === 'manifest') continue;
    const actual = found.get(path);
    if (actual === undefined) return `${readable(path)} is missing`;
    if (actual !== properties) return `${readable(path)} has other properties than in its archive`;
  }
  const parents = parentsOf(wanted.keys());
  for (const [path, properties] of found) {
    if (!wanted.has(path) && !(parents.has(path) && isImplied(properties)))
      return `${readable(path)} is not in its archive`;
  }
  return undefined;
};

/** Every directory that something is in. */
const parentsOf = (paths: Iterable<string>): ReadonlySet<string> => {
  const parents = new Set<string>();
  for (const path of paths) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
};

/** Whether it is as a directory that an archive only implies. */
const isImplied = (properties: string): boolean => {
  const [type, mode, uid, gid] = JSON.parse(properties.split('\0')[0] ?? '[]');
  return type === 'directory' && mode === 0o755 && uid === 0 && gid === 0;
};
