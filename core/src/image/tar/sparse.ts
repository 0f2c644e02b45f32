import type {TarEntry} from './entry.ts';

/*
 * Sparse files: an archive has pieces of such a file, and what lies between them reads as zeros.
 */

/** A piece of a file's content. */
export interface Piece {
  readonly offset: number;
  readonly size: number;
}

/** What an archive has of a sparse file. */
export interface SparseMap {
  readonly pieces: readonly Piece[];
  /** Bytes of the content in the archive, the map not counted. */
  readonly stored: number;
}

/** The pieces of an entry's content, in order. */
export const piecesOf = ({pieces, size}: Pick<TarEntry, 'pieces' | 'size'>): readonly Piece[] =>
  pieces ?? (size === 0 ? [] : [{offset: 0, size}]);

/** Bytes of an entry's content that its archive has. */
export const storedBytes = ({pieces, size}: Pick<TarEntry, 'pieces' | 'size'>): number =>
  pieces === undefined ? size : sum(pieces);

const sum = (pieces: readonly Piece[]): number => pieces.reduce((total, {size}) => total + size, 0);

/**
 * The one spelling of a map: empty pieces left out, those that touch made one. `undefined` for a file without holes; a text says why no file has these pieces.
 * @param realSize of the file
 */
export const judgeMap = (
  {pieces, stored}: SparseMap,
  realSize: number,
): {readonly pieces: readonly Piece[] | undefined} | string => {
  const judged: {offset: number; size: number}[] = [];
  let end = 0;
  for (const {offset, size} of pieces) {
    if (offset < end) return 'pieces of a sparse file overlap, or are out of order';
    end = offset + size;
    if (!(end <= realSize)) return 'a piece of a sparse file is beyond its end';
    if (size === 0) continue;
    const last = judged.at(-1);
    if (last !== undefined && last.offset + last.size === offset) last.size += size;
    else judged.push({offset, size});
  }
  if (sum(judged) !== stored) return 'the pieces of a sparse file are not what the archive has of it';
  return {pieces: stored === realSize ? undefined : judged};
};
