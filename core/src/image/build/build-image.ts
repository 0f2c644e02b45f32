import {randomBytes} from 'node:crypto';
import {createWriteStream, existsSync, mkdtempSync, renameSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGzip, createZstdCompress} from 'node:zlib';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {serialize} from '../../appc/serialize.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import {renameNoReplace} from '../../linux/rename.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import {imageBuildInvalid, imageNotBuildable, imageOutputExists} from '../errors.ts';
import {checkRatio} from '../read-archive.ts';
import {archiveTree} from './archive-tree.ts';

export const BUILD_COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type BuildCompression = (typeof BUILD_COMPRESSIONS)[number];

export interface BuildOptions {
  /** The root file system of the image. */
  readonly directory: HostPath;
  readonly manifest: ImageManifest;
  /** Path of the ACI to write. */
  readonly output: string;
  readonly overwrite?: boolean;
  /** Default `none`. */
  readonly compression?: BuildCompression;
  /** Seconds since 1970 for every file, or `keep` what each has. Default 0. */
  readonly mtime?: number | 'keep';
  /** Default false: owners stay. */
  readonly ownedByRoot?: boolean;
}

/** What is wrong with a file, and not with the way an archive of it was written. */
const UNBUILDABLE: ReadonlySet<string> = new Set(['RKT_IMAGE_ENTRY_REFUSED', 'RKT_IMAGE_LIMIT_EXCEEDED']);

/**
 * Builds an image of a directory: the same bytes for the same files, names, modes, owners and xattrs. Needs no store.
 * @throws RKT_IMAGE_BUILD_INVALID, RKT_IMAGE_OUTPUT_EXISTS, and what importing the result would throw
 */
export const buildImage = async (options: BuildOptions): Promise<ImageId> => {
  const {directory, manifest, overwrite = false, compression = 'none', mtime = 0, ownedByRoot = false} = options;
  const output = resolve(options.output);
  if (!output.endsWith('.aci'))
    throw imageBuildInvalid(`the name of an image ends with .aci, "${basename(output)}" does not`);
  if (!overwrite && existsSync(output)) throw imageOutputExists(output);
  if (!(statSync(directory, {throwIfNoEntry: false})?.isDirectory() ?? false)) {
    throw imageBuildInvalid(`${directory} is not a directory`);
  }
  const work = mkdtempSync(join(tmpdir(), 'rkt-build-')) as HostPath;
  const temporary = join(dirname(output), `.${basename(output)}.${randomBytes(6).toString('hex')}`);
  try {
    const bytes = Buffer.from(serialize(manifest));
    const archive = archiveTree({directory, manifest: bytes, mtime, ownedByRoot, work});
    await save(archive.chunks, temporary, compression);
    const {bytes: size, inodes} = archive.made();
    checkRatio(size, inodes, statSync(temporary).size);
    if (overwrite) renameSync(temporary, output);
    else renameNoReplace(temporary, output);
    return archive.id();
  } catch (error) {
    rmSync(temporary, {force: true});
    if (isErrno(error, 'EEXIST')) throw imageOutputExists(output);
    throw error instanceof RktError && UNBUILDABLE.has(error.code) ? imageNotBuildable(error) : error;
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
};

const save = async (chunks: AsyncIterable<Buffer>, path: string, compression: BuildCompression): Promise<void> => {
  const source = Readable.from(chunks, {objectMode: false});
  const target = createWriteStream(path, {flags: 'wx', mode: 0o644, flush: true});
  switch (compression) {
    case 'none':
      return pipeline(source, target);
    case 'gzip':
      return pipeline(source, createGzip(), target);
    case 'zstd':
      return pipeline(source, createZstdCompress(), target);
    default:
      return compression satisfies never;
  }
};
