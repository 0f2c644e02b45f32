import {imageDuplicateEntry, imageEntryRefused, imageLayoutInvalid} from '../errors.ts';
import type {TarEntry, TarEntryType} from './entry.ts';

type Known = TarEntryType | 'implicit';

/** What an archive has brought so far, to refuse what contradicts it. */
export interface Catalogue {
  add(entry: TarEntry): void;
  /** @throws when the archive lacks `manifest` or `rootfs`. */
  complete(): void;
  /** Whether some directory is only implied by the names below it. */
  readonly implicit: boolean;
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const checkTopLevel = (entry: TarEntry): void => {
  const {path, type} = entry;
  if (path === '' && type !== 'directory') throw imageLayoutInvalid('its own directory is not a directory', path);
  if (path === 'manifest' && type !== 'file') throw imageLayoutInvalid('"manifest" is not a regular file', path);
  if (path === 'rootfs' && type !== 'directory') throw imageLayoutInvalid('"rootfs" is not a directory', path);
  if (path !== '' && path !== 'manifest' && path !== 'rootfs' && !path.startsWith('rootfs/')) {
    throw imageLayoutInvalid(`"${path.split('/', 1)[0]}" is neither "manifest" nor "rootfs"`, path);
  }
};

/** Keeps the rules between entries: no path twice (appc IM-02), the top level (IM-03), parents, targets of hard links (S09). */
export const createCatalogue = (): Catalogue => {
  const known = new Map<string, Known>();
  let implicit = 0;

  const addParents = (entry: TarEntry): void => {
    for (let path = parentOf(entry.path); path !== ''; path = parentOf(path)) {
      const type = known.get(path);
      if (type === 'directory' || type === 'implicit') return;
      if (type !== undefined) throw imageEntryRefused(entry.path, `its parent is a ${type}`);
      known.set(path, 'implicit');
      implicit++;
    }
  };

  return {
    get implicit() {
      return implicit > 0;
    },
    add(entry) {
      checkTopLevel(entry);
      const before = known.get(entry.path);
      if (before === 'implicit') {
        if (entry.type !== 'directory') throw imageEntryRefused(entry.path, 'it is a directory for earlier entries');
        implicit--;
      } else if (before !== undefined) throw imageDuplicateEntry(entry.path);
      addParents(entry);
      if (entry.type === 'hardlink') {
        if (!entry.linkName.startsWith('rootfs/')) {
          throw imageEntryRefused(entry.path, `a hard link leads out of the rootfs, to "${entry.linkName}"`);
        }
        const target = known.get(entry.linkName);
        if (target !== 'file') {
          throw imageEntryRefused(entry.path, `a hard link to "${entry.linkName}", which is not an earlier file`);
        }
      }
      // A further link is as good a target as the first.
      known.set(entry.path, entry.type === 'hardlink' ? 'file' : entry.type);
    },
    complete() {
      if (!known.has('manifest')) throw imageLayoutInvalid('it has no "manifest"');
      if (known.get('rootfs') !== 'directory') throw imageLayoutInvalid('it has no directory "rootfs"');
    },
  };
};
