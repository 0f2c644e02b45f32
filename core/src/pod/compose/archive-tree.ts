import type {TarHooks} from '../../image/tar/scan.ts';
import type {ImageTree} from './image-tree.ts';

/** What of an archive's files is remembered: the rest nobody asks for. */
const KEPT: ReadonlySet<string> = new Set(['/etc/passwd', '/etc/group']);
const MAX_KEPT = 2 * 1024 * 1024;

interface Seen {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  content: Buffer | undefined;
}

/** An {@link ImageTree} of an archive that is only read, filled by the hooks of its scanner. Paths are taken as they are: no symlink is followed. */
export const archiveTree = (): {readonly hooks: TarHooks; readonly tree: ImageTree} => {
  const files = new Map<string, Seen>();
  const inRootfs = (name: string): string => `/${name.replace(/^rootfs\/?/, '').replace(/\/$/, '')}`;
  return {
    hooks: {
      entry: ({path, type, mode, uid, gid}) => {
        const content = type === 'file' && KEPT.has(inRootfs(path)) ? Buffer.alloc(0) : undefined;
        files.set(inRootfs(path), {type, mode, uid, gid, content});
      },
      payload: (bytes, {path}, offset) => {
        const file = files.get(inRootfs(path));
        if (file?.content !== undefined && offset <= MAX_KEPT)
          file.content = Buffer.concat([file.content, Buffer.alloc(offset - file.content.length), bytes]);
      },
    },
    tree: {
      read: (path, maxBytes) => files.get(path)?.content?.toString('utf8', 0, maxBytes),
      owner: (path) => files.get(path),
      directory: (path) => {
        const seen = files.get(path);
        return seen?.type === 'directory' ? {mode: seen.mode & 0o7777, uid: seen.uid, gid: seen.gid} : undefined;
      },
      has: (path) => files.has(path),
    },
  };
};
