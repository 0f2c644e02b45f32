import {createHash, type Hash} from 'node:crypto';
import {constants, writeFileSync} from 'node:fs';
import type {HostPath, ImageId} from '../../contract/names.ts';
import type {Fd} from '../../linux/fd.ts';
import {type Shown, seenAt} from '../../linux/isolated.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {pipe} from '../../linux/pipe.ts';
import {readChunks} from '../../linux/read-chunks.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {imageBuildInvalid, imageLimitExceeded} from '../errors.ts';
import {TAR_LIMITS} from '../limits.ts';
import {PIPE_BYTES} from '../read-archive.ts';
import {bsdtarCreate, type HostCommand} from '../sandbox.ts';
import {END, encodeEntry, paddingOf} from '../tar/encode.ts';
import type {TarEntry} from '../tar/entry.ts';
import {MTIME} from '../tar/make-entry.ts';
import {createTarScanner} from '../tar/scan.ts';
import {startTool} from '../tool.ts';
import {listTree} from './list-tree.ts';
import {isReadHere, readEntry} from './read-entry.ts';

export interface ArchiveOptions {
  /** What becomes `rootfs`. */
  readonly directory: HostPath;
  readonly manifest: Buffer;
  /** Time of every file, in seconds since 1970, or that of each. */
  readonly mtime: number | 'keep';
  /** Everything belongs to root, whoever it belongs to here. */
  readonly ownedByRoot: boolean;
  /** An existing directory for files of our own. */
  readonly work: HostPath;
}

export interface TreeArchive {
  /** The archive, uncompressed. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The image's ID, after the last chunk. */
  readonly id: () => ImageId;
  /** What comes out of it, after the last chunk. */
  readonly made: () => {readonly bytes: number; readonly inodes: number};
}

/**
 * Makes an archive of a tree. bsdtar reads what files have (xattrs, hard links, devices); every header is written anew, and what is a hole follows from the content, so
 * that the same tree gives the same bytes wherever and whenever it is built.
 */
export const archiveTree = (options: ArchiveOptions): TreeArchive => {
  const hash = createHash('sha512');
  const made = {bytes: 0, inodes: 0};
  return {
    chunks: write(options, hash, made),
    id: () => `sha512-${hash.digest('hex')}` as ImageId,
    made: () => made,
  };
};

const manifestEntry = (size: number, mtime: number): TarEntry => ({
  path: 'manifest',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size,
  mtime: {seconds: mtime, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
});

/** What belongs to an ordinary user is root's, as it is in the pods of that user. */
const ofUser = ({uid, gid}: Pick<TarEntry, 'uid' | 'gid'>): Pick<TarEntry, 'uid' | 'gid'> => ({
  uid: uid === process.geteuid?.() ? 0 : uid,
  gid: gid === process.getegid?.() ? 0 : gid,
});

/** No time but one that every reader takes for the same, and every file system holds. */
const storable = ({seconds, nanoseconds}: TarEntry['mtime']): TarEntry['mtime'] => {
  if (seconds < 0) return {seconds: Math.max(seconds, MTIME.min), nanoseconds: 0};
  return seconds > MTIME.max ? {seconds: MTIME.max, nanoseconds: 0} : {seconds, nanoseconds};
};

async function* write(
  options: ArchiveOptions,
  hash: Hash,
  made: {bytes: number; inodes: number},
): AsyncGenerator<Buffer> {
  const {directory, manifest, mtime, ownedByRoot, work} = options;
  using tree = openHost(directory, O_PATH | constants.O_DIRECTORY);
  const isApart = process.geteuid?.() === 0;
  // What is to be written next; of an entry all of it.
  let next: (Buffer | TarEntry)[] = [];
  let padding: Buffer = Buffer.alloc(0);
  let passing = false;
  const scanner = createTarScanner(
    {
      entry(entry) {
        made.inodes++;
        const owner = ownedByRoot ? {uid: 0, gid: 0} : ofUser(entry);
        const time = mtime === 'keep' ? storable(entry.mtime) : {seconds: mtime, nanoseconds: 0};
        const written = {...entry, ...owner, mtime: time};
        // The manifest is ours, and in no tree.
        passing = entry.path === 'manifest' || !isReadHere(entry, {isApart});
        next.push(padding, passing ? encodeEntry(written) : written);
        padding = passing ? paddingOf(entry) : Buffer.alloc(0);
      },
      // The chunk is used again before this is written.
      payload: (bytes) => {
        if (passing) next.push(Buffer.from(bytes));
      },
    },
    {fromHost: true},
  );
  function* written(): Generator<Buffer> {
    const parts = next;
    next = [];
    let small: Buffer[] = [];
    for (const part of parts) {
      if (Buffer.isBuffer(part)) {
        small.push(part);
        continue;
      }
      yield Buffer.concat(small);
      small = [];
      yield* readEntry(tree, part);
    }
    yield Buffer.concat(small);
  }
  function* counted(): Generator<Buffer> {
    for (const bytes of written()) {
      hash.update(bytes);
      made.bytes += bytes.length;
      if (made.bytes > TAR_LIMITS.totalBytes) throw imageLimitExceeded('bytes of the archive', TAR_LIMITS.totalBytes);
      yield bytes;
    }
  }
  scanner.push(
    Buffer.concat([
      encodeEntry(manifestEntry(manifest.length, mtime === 'keep' ? 0 : mtime)),
      manifest,
      paddingOf({size: manifest.length}),
    ]),
  );
  yield* counted();

  const names = `${work}/list`;
  writeFileSync(names, Buffer.concat(listed(tree, directory).flatMap((path) => [path, Buffer.alloc(1)])));
  using list = openHost(names, O_PATH);
  const output = pipe({bytes: PIPE_BYTES});
  using read = output.read;
  const tool = startTool(readCommand(tree, list), 'ignore', output.write.number);
  output.write.close();
  try {
    for (const chunk of readChunks(read)) {
      scanner.push(chunk);
      yield* counted();
    }
    const failure = await tool.ended;
    if (failure !== undefined) throw imageBuildInvalid(`bsdtar cannot read ${directory}: ${failure.output}`);
    scanner.end();
    next.push(padding, END);
    yield* counted();
  } finally {
    tool.kill();
  }
}

const listed = (tree: Fd, directory: string): readonly Buffer[] => {
  try {
    return listTree(tree);
  } catch (error) {
    // Of what was there a moment ago.
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    throw imageBuildInvalid(`${directory} has been changed while it was read`, error);
  }
};

const readCommand = (tree: Fd, file: Fd): HostCommand => {
  const list: Shown = {at: '/list', file};
  // `./a` is `rootfs/a`, in names and in targets of hard links, not in those of symlinks.
  const args = ['-s', ',^\\.,rootfs,S', '--no-recursion', '--null', '-T', seenAt(list)];
  return bsdtarCreate(tree, args, [list]);
};
