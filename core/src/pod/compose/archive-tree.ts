import type {HostPath} from '../../contract/names.ts';
import type {TarHooks} from '../../image/tar/scan.ts';
import {following, layersTree, type UnfollowedTree} from './image-tree.ts';

/** What of an archive's files is remembered: these, and some others of the same names, one of which a symlink may mean. The rest nobody asks for. */
const KEPT: ReadonlySet<string> = new Set(['/etc/passwd', '/etc/group']);
const OTHERS = /\/(?:passwd|group)$/;
const MAX_OTHERS = 16;
const MAX_KEPT = 2 * 1024 * 1024;

interface Seen {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly link: string | undefined;
  readonly content: Buffer | undefined;
}

/**
 * An {@link ImageTree} of an archive that is only read, filled by the hooks of its scanner.
 * @returns `over` lays it over what it depends on
 */
export const archiveTree = () => {
  const files = new Map<string, Seen>();
  let others = 0;
  const isKept = (place: string): boolean => KEPT.has(place) || (OTHERS.test(place) && ++others <= MAX_OTHERS);
  const hooks: TarHooks = {
    entry: ({path, type, mode, uid, gid, size, linkName}) => {
      const place = inRootfs(path);
      if (place === undefined) return;
      // A further name of an earlier file.
      const first = type === 'hardlink' ? files.get(inRootfs(linkName) ?? '') : undefined;
      if (first !== undefined) {
        files.set(place, first);
        return;
      }
      const kept = type === 'file' && isKept(place);
      const content = kept ? Buffer.alloc(Math.min(size, MAX_KEPT)) : undefined;
      const link = type === 'symlink' ? Buffer.from(linkName, 'latin1').toString('utf8') : undefined;
      files.set(place, {type, mode, uid, gid, link, content});
    },
    // A sparse file comes in as many parts as its archive likes.
    payload: (bytes, {path}, offset) => {
      const content = files.get(inRootfs(path) ?? '')?.content;
      if (content !== undefined && offset < content.length) bytes.copy(content, offset);
    },
  };
  /** Whether what it depends on has no say there: the archive has something, or a way to it that is no directory. */
  const covers = (path: string): boolean =>
    files.has(path) || placesTo(path).some((place) => (files.get(place)?.type ?? 'directory') !== 'directory');
  const over = (lower: UnfollowedTree): UnfollowedTree => ({
    link: (path) => (covers(path) ? files.get(path)?.link : lower.link(path)),
    read: (path, maxBytes) =>
      covers(path) ? files.get(path)?.content?.toString('utf8', 0, maxBytes) : lower.read(path, maxBytes),
    owner: (path) => (covers(path) ? files.get(path) : lower.owner(path)),
    directory: (path) => {
      if (!covers(path)) return lower.directory(path);
      const seen = files.get(path);
      return seen?.type === 'directory' ? {mode: seen.mode & 0o7777, uid: seen.uid, gid: seen.gid} : undefined;
    },
    has: (path) => files.has(path) || (!covers(path) && lower.has(path)),
  });
  return {
    hooks,
    tree: following(over(layersTree([]))),
    over: (layers: readonly HostPath[]) => following(over(layersTree(layers))),
  };
};

/** The path of an entry in the root file system; `undefined` of what is beside that. */
const inRootfs = (name: string): string | undefined =>
  name === 'rootfs' || name.startsWith('rootfs/') ? `/${name.slice('rootfs/'.length)}` : undefined;

/** `/a` and `/a/b` of `/a/b/c`. */
const placesTo = (path: string): string[] => {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
};
