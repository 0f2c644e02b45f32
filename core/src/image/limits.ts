/*
 * What an archive may ask of this host (S10). Generous for real images, small enough that a hostile one ends early.
 */

/** Bounds of one archive. Tests inject smaller ones. */
export interface TarLimits {
  /** Headers of any kind, extensions included. */
  readonly entries: number;
  /** Files and directories that are made, those included that are only implied. */
  readonly inodes: number;
  /** Names of one file, hard links included: what ext4 can do (EXT4_LINK_MAX). */
  readonly links: number;
  /** Directories above a file. */
  readonly depth: number;
  /** Bytes of all names, targets of links and extended attributes: what has to be remembered while an archive is read. */
  readonly rememberedBytes: number;
  /** Bytes of the uncompressed archive. */
  readonly totalBytes: number;
  /** Bytes of all files, holes included: programs pass over these in steps. */
  readonly apparentBytes: number;
  /** Pieces of all sparse files: each takes a block of the disk. */
  readonly pieces: number;
  /** Bytes of `manifest`. */
  readonly manifestBytes: number;
  /** Bytes of a name, and of the target of a hard link. Below PATH_MAX, so that the store's own prefix fits before it. */
  readonly pathBytes: number;
  /** Bytes of one component of a name (NAME_MAX). */
  readonly nameBytes: number;
  /** Bytes of the target of a symlink (PATH_MAX without its NUL). */
  readonly symlinkBytes: number;
  /** Bytes of one extended header, names and values of extended attributes included. */
  readonly extensionBytes: number;
  /** Bytes of all extended attributes of one entry, names and values. */
  readonly xattrBytes: number;
}

export const TAR_LIMITS: TarLimits = {
  entries: 1_000_000,
  inodes: 1_000_000,
  links: 65_000,
  depth: 256,
  rememberedBytes: 128 * 2 ** 20,
  totalBytes: 64 * 2 ** 30,
  apparentBytes: 4 * 2 ** 40,
  pieces: 1_000_000,
  manifestBytes: 2 ** 20,
  pathBytes: 3800,
  nameBytes: 255,
  symlinkBytes: 4095,
  extensionBytes: 2 ** 20,
  xattrBytes: 256 * 2 ** 10,
};

/** Bounds of what comes out of an archive: `freeBytes` out of any, what is beyond must stay below `ratio` times the bytes read. */
export interface RatioLimits {
  readonly freeBytes: number;
  readonly ratio: number;
}

export const RATIO_LIMITS: RatioLimits = {freeBytes: 256 * 2 ** 20, ratio: 500};

/** What a file, a directory or a piece of a sparse file counts for in that ratio, besides its content. */
export const INODE_BYTES = 4096;

/** Address space of a decompressor: `xz -9` needs 65 MiB, `zstd --long=27` 128 MiB. */
export const DECOMPRESSOR_MEMORY_BYTES = 512 * 2 ** 20;

/** Longest chain of dependencies below an image. */
export const DEPENDENCY_DEPTH = 32;
/** Images visited when one is rendered, repetitions included. */
export const DEPENDENCY_VISITS = 256;
/** Bytes of the path whitelists of all images that one is rendered of, as JSON; a manifest can have one MiB. */
export const WHITELIST_BYTES = 4 * 2 ** 20;
/** Work of a rendering: each entry that a visit lays down, once more for each of its whitelists. */
export const RENDER_STEPS = 4_000_000;
/** An entry whose name, link target and attributes have more bytes counts as several. */
export const RENDER_STEP_BYTES = 256;
/** Distinct trees that are stacked without rendering them: overlayfs takes 500 (OVL_MAX_STACK). */
export const OVERLAY_LAYERS = 256;
