import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Readable} from 'node:stream';
import type {HostPath, ImageId} from '../../../../src/contract/names.ts';
import {type ImportOptions, importImage} from '../../../../src/image/import.ts';
import {type ImageStore, openStore} from '../../../../src/image/store.ts';
import type {RktError} from '../../../../src/rkt-error.ts';

/** A store in a directory of its own, with something beside it that must not change. */
export interface TestStore {
  readonly directory: string;
  readonly store: ImageStore;
  readonly decoy: string;
  readonly remove: () => void;
}

export const testStore = (): TestStore => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-store-'));
  const decoy = path.join(directory, 'decoy');
  mkdirSync(path.join(decoy, 'sub'), {recursive: true});
  writeFileSync(path.join(decoy, 'file'), 'precious');
  chownSync(path.join(decoy, 'file'), 1000, 1000);
  const store = openStore(path.join(directory, 'data') as HostPath);
  return {directory, store, decoy, remove: () => rmSync(directory, {recursive: true, force: true})};
};

export const importBytes = (
  store: ImageStore,
  archive: Buffer,
  options: Partial<ImportOptions> = {},
): Promise<ImageId> => importImage(store, Readable.from([archive]), {source: 'test', ...options});

/** The code of the error, or `undefined` when there is none. */
export const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    const {code} = error as RktError;
    if (code === undefined) throw error;
    return code;
  }
};

/** Every inode of a tree with all that could be changed about it, except what reading changes. */
export const inodes = (directory: string, except: string): string[] => {
  const found: string[] = [];
  const walk = (file: string): void => {
    if (file === except) return;
    const {ino, mode, uid, gid, size, nlink, mtimeNs, ctimeNs} = lstatSync(file, {bigint: true});
    found.push([file, ino, mode, uid, gid, size, nlink, mtimeNs, ctimeNs].join(' '));
    if ((mode & 0o170000n) === 0o040000n) for (const name of readdirSync(file).sort()) walk(path.join(file, name));
  };
  walk(directory);
  return found;
};

/** What a tree has, path by path, as the kernel tells it; latin1, one character per byte. */
export const treeEntries = (directory: string): Map<string, string> => {
  const found = new Map<string, string>();
  const walk = (file: Buffer, name: string): void => {
    const stat = lstatSync(file, {bigint: true});
    const type = Number(stat.mode & 0o170000n).toString(8);
    const link = stat.isSymbolicLink() ? readlinkSync(file, {encoding: 'buffer'}).toString('latin1') : '';
    const content = stat.isFile() ? readFileSync(file).toString('latin1') : '';
    const mode = stat.isSymbolicLink() ? 0 : Number(stat.mode & 0o7777n);
    found.set(
      name,
      JSON.stringify([
        type,
        mode,
        Number(stat.uid),
        Number(stat.gid),
        String(stat.mtimeNs),
        link,
        content,
        Number(stat.rdev),
      ]),
    );
    if (!stat.isDirectory()) return;
    for (const child of readdirSync(file, {encoding: 'buffer'})) {
      walk(
        Buffer.concat([file, Buffer.from('/'), child]),
        `${name === '' ? '' : `${name}/`}${child.toString('latin1')}`,
      );
    }
  };
  for (const name of readdirSync(directory)) {
    if (name === 'manifest' || name === 'rootfs') walk(Buffer.from(path.join(directory, name)), name);
  }
  return found;
};
