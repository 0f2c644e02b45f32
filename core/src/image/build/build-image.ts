import {fstatSync, type Stats, statSync} from 'node:fs';
import {basename, resolve} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGzip, createZstdCompress} from 'node:zlib';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {serialize} from '../../appc/serialize.ts';
import type {HostPath, ImageId} from '../../contract/names.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {outputMode} from '../../linux/umask.ts';
import {startFile} from '../../linux/unfinished-file.ts';
import {writeAll} from '../../linux/write-all.ts';
import {RktError} from '../../rkt-error.ts';
import {checkOutput, outputFault} from '../check-output.ts';
import {imageBuildInvalid, imageNotBuildable} from '../errors.ts';
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
  /** Default false: owners stay, but for an ordinary user that builds it, who is root there. */
  readonly ownedByRoot?: boolean;
}

/** What is wrong with a file, and not with the way an archive of it was written. */
const UNBUILDABLE: ReadonlySet<string> = new Set(['RKT_IMAGE_ENTRY_REFUSED', 'RKT_IMAGE_LIMIT_EXCEEDED']);

/**
 * Builds an image of a directory: the same bytes for the same files, names, modes, owners and xattrs. Needs no store.
 * @throws RKT_IMAGE_BUILD_INVALID, RKT_IMAGE_OUTPUT_…, and what importing the result would throw
 */
export const buildImage = async (options: BuildOptions): Promise<ImageId> => {
  const {directory, manifest, overwrite = false, compression = 'none', mtime = 0, ownedByRoot = false} = options;
  const output = resolve(options.output);
  if (!output.endsWith('.aci'))
    throw imageBuildInvalid(`the name of an image ends with .aci, "${basename(output)}" does not`);
  checkOutput(output, 'file', overwrite);
  checkDirectory(directory);
  using work = scratchDirectory('rkt-build-');
  using file = atOutput(output, () => startFile(output));
  try {
    const bytes = Buffer.from(serialize(manifest));
    const archive = archiveTree({directory, manifest: bytes, mtime, ownedByRoot, work: work.path});
    await save(archive.chunks, file.number, compression);
    const {bytes: size, inodes} = archive.made();
    checkRatio(size, inodes, fstatSync(file.number).size);
    atOutput(output, () => file.appear(outputMode(), {overwrite}));
    return archive.id();
  } catch (error) {
    throw error instanceof RktError && UNBUILDABLE.has(error.code) ? imageNotBuildable(error) : error;
  }
};

/** @throws RKT_IMAGE_BUILD_INVALID */
const checkDirectory = (directory: string): void => {
  let stats: Stats | undefined;
  try {
    stats = statSync(directory, {throwIfNoEntry: false});
  } catch (cause) {
    throw imageBuildInvalid(`${directory}: ${errnoText(cause) ?? String(cause)}`, cause);
  }
  if (stats === undefined) throw imageBuildInvalid(`there is no directory ${directory}`);
  if (!stats.isDirectory()) throw imageBuildInvalid(`${directory} is not a directory`);
};

/** Other files are read while the result is written: what goes wrong with those is not about the output. */
const atOutput = <T>(output: string, act: () => T): T => {
  try {
    return act();
  } catch (error) {
    throw outputFault(output, error);
  }
};

const save = async (chunks: AsyncIterable<Buffer>, file: number, compression: BuildCompression): Promise<void> => {
  const source = Readable.from(chunks, {objectMode: false});
  // Not a stream of Node's, which closes the file when something fails.
  const target = async (written: AsyncIterable<Buffer>): Promise<void> => {
    for await (const bytes of written) writeAll(file, bytes);
  };
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
