import {existsSync, rmSync} from 'node:fs';
import type {DatabaseSync} from 'node:sqlite';
import type {ImageId} from '../contract/names.ts';
import {log} from '../debug.ts';
import {isOutOfSpace, unlessFull} from '../linux/out-of-space.ts';
import {startFile} from '../linux/unfinished-file.ts';
import {RktError} from '../rkt-error.ts';
import {imageIndexDamaged, imageIndexUnusable} from './errors.ts';
import {imageIds, isImageId} from './image-ids.ts';
import {readInfo} from './info.ts';
import {type ImageStore, lockImages, makeStore} from './store.ts';

/*
 * `index.db` finds images by name. It holds nothing that the images do not say themselves. A row is written before its image appears and
 * removed after it is gone: what a crash leaves is a row without an image, which readers ignore, never an image without a row.
 */

export interface IndexRow {
  readonly id: ImageId;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of the uncompressed archive. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly importTime: number;
}

const VERSION = 1;
const BUSY_MILLISECONDS = 10_000;
const SCHEMA = `
  DROP TABLE IF EXISTS images;
  CREATE TABLE images (id TEXT PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, size INTEGER NOT NULL, importTime INTEGER NOT NULL) STRICT;
  CREATE INDEX images_by_name ON images (name);
`;
/** SQLITE_CORRUPT, SQLITE_NOTADB */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);
/** An extended code has its primary one below. */
const PRIMARY = 0xff;
/** SQLITE_PERM, SQLITE_BUSY, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN */
const UNUSABLE: Readonly<Record<number, string>> = {
  3: 'permission denied',
  5: 'another process has held it for long',
  8: 'it cannot be written',
  10: 'the disk cannot be read or written',
  14: 'it cannot be opened',
};

const CANNOT_OPEN = 14;

/** Whether no file can be made beside the index, which needs a journal: SQLite does not say why it could not open it. */
const withoutSpace = ({index}: ImageStore): unknown => {
  try {
    using _journal = startFile(index);
    return undefined;
  } catch (error) {
    return isOutOfSpace(error) ? error : undefined;
  }
};

const open = (store: ImageStore, file: string): DatabaseSync => {
  // Loaded when used: an image that is named by its full ID needs no index.
  const {DatabaseSync: Database} = process.getBuiltinModule('node:sqlite');
  const database = new Database(file, {timeout: BUSY_MILLISECONDS});
  try {
    database.exec('PRAGMA synchronous = NORMAL');
    if (version(database) !== VERSION) fill(database, store);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
};

const version = (database: DatabaseSync): unknown => database.prepare('PRAGMA user_version').get()?.user_version;

const transaction = (database: DatabaseSync, work: () => void): void => {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
};

const fill = (database: DatabaseSync, store: ImageStore): void =>
  transaction(database, () => {
    // Another process may have done it while this one waited.
    if (version(database) === VERSION) return;
    log('image')('making the index');
    database.exec(SCHEMA);
    for (const id of imageIds(store)) insertKnown(database, store, id);
    database.exec(`PRAGMA user_version = ${VERSION}`);
  });

const insert = (database: DatabaseSync, row: IndexRow): void => {
  database
    .prepare('INSERT OR REPLACE INTO images (id, name, labels, size, importTime) VALUES (?, ?, ?, ?, ?)')
    .run(row.id, row.name, JSON.stringify(row.labels), row.size, row.importTime);
};

const insertKnown = (database: DatabaseSync, store: ImageStore, id: ImageId): void => {
  try {
    insert(database, readInfo(store, id));
  } catch (error) {
    // `image verify` is where damage is reported; the other images must be found.
    if (!(error instanceof RktError)) throw error;
  }
};

const withIndex = <T>(store: ImageStore, work: (database: DatabaseSync) => T, file: string = store.index): T => {
  let database: DatabaseSync | undefined;
  try {
    database = open(store, file);
    return work(database);
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && DAMAGED.has(error.errcode))
      throw imageIndexDamaged(store.index, error);
    if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') {
      const full = (error.errcode & PRIMARY) === CANNOT_OPEN ? withoutSpace(store) : undefined;
      if (full !== undefined) throw full;
      const because = UNUSABLE[error.errcode & PRIMARY];
      if (because !== undefined) throw imageIndexUnusable(store.index, because, error);
    }
    throw error;
  } finally {
    database?.close();
  }
};

/** For who only looks: what cannot be noted on a full disk is made in memory (S10). */
const lookInIndex = <T>(store: ImageStore, look: (database: DatabaseSync) => T): T => {
  try {
    return withIndex(store, look);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    return withIndex(store, look, ':memory:');
  }
};

const toRow = (record: Record<string, unknown>): IndexRow =>
  // Columns are as SCHEMA says (STRICT), and labels are what `insert` wrote.
  ({...record, labels: JSON.parse(String(record.labels))}) as unknown as IndexRow;

/** Notes an image that is about to appear. */
export const addToIndex = (store: ImageStore, row: IndexRow): void =>
  withIndex(store, (database) => insert(database, row));

/** Forgets an image that is gone. */
export const removeFromIndex = (store: ImageStore, id: ImageId): void =>
  unlessFull(() => withIndex(store, (database) => void database.prepare('DELETE FROM images WHERE id = ?').run(id)));

/**
 * Images by name, the newest first; some may be gone. Makes the index if there is none.
 * @throws RKT_IMAGE_INDEX_DAMAGED
 */
export const findInIndex = (store: ImageStore, name: string): IndexRow[] => {
  if (!existsSync(store.images)) return [];
  return lookInIndex(store, (database) =>
    database
      .prepare('SELECT * FROM images WHERE name = ? ORDER BY importTime DESC, id')
      .all(name)
      .map(toRow)
      .filter(({id}) => isImageId(id)),
  );
};

/** Every image, after making the index agree with what is there. @throws RKT_IMAGE_INDEX_DAMAGED */
export const listIndex = (store: ImageStore): IndexRow[] => {
  if (!existsSync(store.images)) return [];
  return lookInIndex(store, (database) => {
    const ids = new Set(imageIds(store));
    const all = () => database.prepare('SELECT * FROM images ORDER BY importTime, id').all().map(toRow);
    const rows = all();
    const listed = new Set(rows.map(({id}) => id));
    const missing = [...ids].filter((id) => !listed.has(id));
    if (missing.length === 0) return rows.filter(({id}) => ids.has(id));
    transaction(database, () => {
      for (const id of missing) insertKnown(database, store, id);
    });
    return all().filter(({id}) => ids.has(id));
  });
};

/** Throws the index away and makes it anew from the images; returns how many it has. */
export const rebuildIndex = (store: ImageStore): number => {
  makeStore(store);
  using _lock = lockImages(store, 'exclusive');
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${store.index}${suffix}`, {force: true});
  return listIndex(store).length;
};
