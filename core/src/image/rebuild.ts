import {constants, fstatSync} from 'node:fs';
import type {ImageId} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {O_PATH, openBeneath} from '../linux/openat2.ts';
import {CHUNK_BYTES} from '../linux/read-chunks.ts';
import {RktError} from '../rkt-error.ts';
import {imageDamaged, readable} from './errors.ts';
import {openInStore} from './open-in-store.ts';
import {isZero, readPiece} from './read-piece.ts';
import type {ImageStore} from './store.ts';
import type {TarEntry} from './tar/entry.ts';
import {createTarScanner} from './tar/scan.ts';
import {piecesOf} from './tar/sparse.ts';
import {readTarSplit} from './tar-split.ts';

export interface RebuildHooks {
  /** Every byte of the archive, in order. Only valid during the call. */
  readonly bytes?: (bytes: Buffer) => void;
  /** Every entry, in order. */
  readonly entry?: (entry: TarEntry) => void;
}

/**
 * Puts the archive of an image together again. Without `bytes` no file is read: a way to list the entries.
 * @throws RKT_IMAGE_DAMAGED when parts are missing; changed ones are the caller's to find
 */
export const rebuildArchive = async (store: ImageStore, id: ImageId, {bytes, entry}: RebuildHooks): Promise<void> => {
  using directory = openImage(store, id);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const scanner = createTarScanner({
    entry: (found) => entry?.(found),
    raw: (raw) => bytes?.(raw),
    fill: (file) => {
      if (bytes !== undefined) readFile(directory, file, buffer, bytes);
    },
  });
  try {
    const split = openBeneath(directory, 'tar-split.zst', constants.O_RDONLY | constants.O_NONBLOCK, {
      noSymlinks: true,
    });
    for await (const chunk of readTarSplit(split)) scanner.push(chunk);
    scanner.end();
  } catch (cause) {
    if (cause instanceof RktError && cause.code === 'RKT_IMAGE_DAMAGED') throw cause;
    throw imageDamaged(id, 'its archive cannot be put together again', cause);
  }
};

const openImage = (store: ImageStore, id: ImageId): Fd => {
  try {
    return openInStore(store, `images/${id}`, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    throw imageDamaged(id, 'it cannot be opened', error);
  }
};

const readFile = (directory: Fd, entry: TarEntry, buffer: Buffer, bytes: (bytes: Buffer) => void): void => {
  const name = Buffer.from(entry.path, 'latin1');
  using file = openBeneath(directory, name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, {
    noSymlinks: true,
  });
  const {size} = fstatSync(file.number);
  if (size !== entry.size) throw new Error(`${readable(entry.path)} has ${size} bytes and had ${entry.size}`);
  let hole = 0;
  for (const piece of [...piecesOf(entry), {offset: size, size: 0}]) {
    if (!isZero(file, {offset: hole, size: piece.offset - hole}, buffer))
      throw new Error(`${readable(entry.path)} has something where nothing was`);
    for (const part of readPiece(file, piece, buffer)) bytes(part);
    hole = piece.offset + piece.size;
  }
};
