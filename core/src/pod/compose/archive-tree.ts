import type {TarHooks} from '../../image/tar/scan.ts';
import {followLinks} from './follow-links.ts';
import type {ImageTree} from './image-tree.ts';

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

/** An {@link ImageTree} of an archive that is only read, filled by the hooks of its scanner. */
export const archiveTree = (): {readonly hooks: TarHooks; readonly tree: ImageTree} => {
  const files = new Map<string, Seen>();
  let others = 0;
  const inRootfs = (name: string): string => `/${name.replace(/^rootfs\/?/, '').replace(/\/$/, '')}`;
  const isKept = (name: string): boolean => KEPT.has(name) || (OTHERS.test(name) && ++others <= MAX_OTHERS);
  const find = (path: string): Seen | undefined => {
    const real = followLinks(path, (link) => files.get(link)?.link);
    return real === undefined ? undefined : files.get(real);
  };
  return {
    hooks: {
      entry: ({path, type, mode, uid, gid, size, linkName}) => {
        const kept = type === 'file' && isKept(inRootfs(path));
        const content = kept ? Buffer.alloc(Math.min(size, MAX_KEPT)) : undefined;
        const link = type === 'symlink' ? Buffer.from(linkName, 'latin1').toString('utf8') : undefined;
        files.set(inRootfs(path), {type, mode, uid, gid, link, content});
      },
      // A sparse file comes in as many parts as its archive likes.
      payload: (bytes, {path}, offset) => {
        const content = files.get(inRootfs(path))?.content;
        if (content !== undefined && offset < content.length) bytes.copy(content, offset);
      },
    },
    tree: {
      read: (path, maxBytes) => find(path)?.content?.toString('utf8', 0, maxBytes),
      owner: find,
      directory: (path) => {
        const seen = find(path);
        return seen?.type === 'directory' ? {mode: seen.mode & 0o7777, uid: seen.uid, gid: seen.gid} : undefined;
      },
      has: (path) => files.has(path),
    },
  };
};
