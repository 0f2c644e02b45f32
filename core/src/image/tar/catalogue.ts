import {
  imageDuplicateEntry,
  imageEntryRefused,
  imageLayoutInvalid,
  imageLimitExceeded,
  imageNotAci,
} from '../errors.ts';
import type {TarLimits} from '../limits.ts';
import type {LinkType, TarEntry} from './entry.ts';
import {isOfDocker} from './other-file.ts';

/** What an archive has brought so far, to refuse what contradicts it. */
export interface Catalogue {
  /** Returns it, of a hard link with what it is a further name of. */
  add(entry: TarEntry): TarEntry;
  /** @throws when the archive lacks `rootfs`, or the `manifest` that it has to have. */
  complete(wanted: {readonly manifest: boolean}): void;
  /** Whether some directory is only implied by the names below it. */
  readonly implicit: boolean;
  /** Everything so far, by path; `undefined` for a directory that is only implied. */
  readonly made: ReadonlyMap<string, TarEntry | undefined>;
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const checkTopLevel = (entry: TarEntry): void => {
  const {path, type} = entry;
  if (path === '' && type !== 'directory') throw imageLayoutInvalid('its own directory is not a directory', path);
  if (path === 'manifest' && type !== 'file') throw imageLayoutInvalid('"manifest" is not a regular file', path);
  if (path === 'manifest' && entry.pieces !== undefined) throw imageLayoutInvalid('"manifest" has holes', path);
  if (path === 'rootfs' && type !== 'directory') throw imageLayoutInvalid('"rootfs" is not a directory', path);
  if (path !== '' && path !== 'manifest' && path !== 'rootfs' && !path.startsWith('rootfs/')) {
    if (isOfDocker(path)) throw imageNotAci('it is an image of docker or OCI');
    throw imageLayoutInvalid(`"${path.split('/', 1)[0]}" is neither "manifest" nor "rootfs"`, path);
  }
};

const NONE: TarEntry['xattrs'] = new Map();

const isSame = (some: TarEntry['xattrs'], others: TarEntry['xattrs'] = NONE): boolean =>
  some.size === others.size && [...some].every(([name, value]) => others.get(name)?.equals(value));

/** Of what is remembered of an entry besides its name. */
export const bytesOf = ({linkName, xattrs}: TarEntry): number => {
  let bytes = linkName.length;
  for (const [name, value] of xattrs) bytes += name.length + value.length;
  return bytes;
};

/** Keeps the rules between entries: no path twice (appc IM-02), the top level (IM-03), parents, targets of hard links (S09), how much there may be (S10). */
export const createCatalogue = (
  limits: Pick<TarLimits, 'inodes' | 'links' | 'depth' | 'rememberedBytes'>,
): Catalogue => {
  const made = new Map<string, TarEntry | undefined>();
  // The first name of a file by the others, and how many it has.
  const firsts = new Map<string, string>();
  const names = new Map<string, number>();
  let implicit = 0;
  let remembered = 0;

  const remember = (path: string, entry: TarEntry | undefined): void => {
    remembered += (made.has(path) ? 0 : path.length) + (entry === undefined ? 0 : bytesOf(entry));
    made.set(path, entry);
    if (made.size > limits.inodes) throw imageLimitExceeded('files and directories', limits.inodes);
    if (remembered > limits.rememberedBytes)
      throw imageLimitExceeded('bytes of all names and attributes', limits.rememberedBytes);
  };

  const addParents = (entry: TarEntry): void => {
    for (let path = parentOf(entry.path); path !== ''; path = parentOf(path)) {
      const before = made.get(path);
      if (before !== undefined && before.type !== 'directory')
        throw imageEntryRefused(entry.path, `its parent is a ${before.type}`);
      if (made.has(path)) return;
      remember(path, undefined);
      implicit++;
    }
  };

  const addLink = ({path, linkName, xattrs}: TarEntry): LinkType => {
    if (!linkName.startsWith('rootfs/')) {
      throw imageEntryRefused(path, `a hard link leads out of the rootfs, to "${linkName}"`);
    }
    // A further link is as good a target as the first.
    const target = made.get(linkName);
    const type = target?.type === 'hardlink' ? target.linkType : target?.type;
    if (type === undefined || type === 'directory') {
      throw imageEntryRefused(path, `a hard link to "${linkName}", which is not an earlier file`);
    }
    const first = firsts.get(linkName) ?? linkName;
    // Some tools tell what a file has with each of its names.
    if (xattrs.size > 0 && !isSame(xattrs, made.get(first)?.xattrs))
      throw imageEntryRefused(path, `a hard link with other extended attributes than "${first}", whose file it is`);
    const count = (names.get(first) ?? 1) + 1;
    if (count > limits.links) throw imageLimitExceeded('names of one file', limits.links);
    firsts.set(path, first);
    names.set(first, count);
    return type;
  };

  return {
    made,
    get implicit() {
      return implicit > 0;
    },
    add(given) {
      let entry = given;
      checkTopLevel(entry);
      const depth = entry.path.split('/').length - 1;
      if (depth > limits.depth) throw imageLimitExceeded('depth of directories', limits.depth, depth, entry.path);
      const before = made.get(entry.path);
      if (before !== undefined) throw imageDuplicateEntry(entry.path);
      if (made.has(entry.path)) {
        if (entry.type !== 'directory') throw imageEntryRefused(entry.path, 'it is a directory for earlier entries');
        implicit--;
      }
      addParents(entry);
      if (entry.type === 'hardlink') entry = {...entry, linkType: addLink(entry), xattrs: NONE};
      remember(entry.path, entry);
      return entry;
    },
    complete({manifest}) {
      if (manifest && !made.has('manifest')) throw imageLayoutInvalid('it has no "manifest"');
      if (made.get('rootfs') === undefined) throw imageLayoutInvalid('it has no directory "rootfs"');
    },
  };
};
