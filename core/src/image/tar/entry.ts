import type {Piece} from './sparse.ts';

/** What an entry makes. */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** What may have several names. */
export type LinkType = Exclude<TarEntryType, 'directory' | 'hardlink'>;

/**
 * One member of an archive, extensions applied. Names and link targets are bytes, one per character (latin1): file names need not be
 * UTF-8. Paths are normalised: relative, no `.`, no `..`, no slash at the end; the archive's own directory is `''`.
 */
export interface TarEntry {
  readonly path: string;
  readonly type: TarEntryType;
  /** Permissions, set-user-ID, set-group-ID and sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
  /** Of a sparse file: what its archive has of it, in order and apart; the rest are zeros. */
  readonly pieces?: readonly Piece[];
  readonly mtime: {readonly seconds: number; readonly nanoseconds: number};
  /** Target of a symlink as it stands, or normalised path of the entry that a hard link names; else `''`. */
  readonly linkName: string;
  /** Of a hard link that is in its archive's catalogue: what it is a further name of. */
  readonly linkType?: LinkType;
  /** Of `char` and `block`. */
  readonly device?: {readonly major: number; readonly minor: number};
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Of a directory of what an overlay had above its layers: nothing of theirs is in it. */
  readonly isOpaque?: true;
}
