import {createHash} from 'node:crypto';
import {constants, existsSync, mkdirSync, readFileSync, renameSync, statfsSync, writeFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {discard} from '../../image/discard.ts';
import {makeBelow} from '../../image/make-below.ts';
import {BUILD_ENVIRONMENT} from '../../image/sandbox.ts';
import {makeSpool} from '../../image/spool.ts';
import {openStore} from '../../image/store.ts';
import {fsyncDirectory, syncFileSystem} from '../../linux/fsync.ts';
import {lockDirectory} from '../../linux/lock.ts';
import {namesIn} from '../../linux/names-in.ts';
import {openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {kernelBuildFailed} from '../errors.ts';
import {compileKernel} from './compile-kernel.ts';
import {kernelRelease} from './kernel-release.ts';
import {fetchSource, newestSource} from './kernel-source.ts';
import {compilerVersion} from './kernel-tools.ts';
import type {ListedPackage} from './listed-package.ts';
import type {TakenKernel} from './taken-kernel.ts';

/*
 * Kernels that have been compiled here, for root alone. One is a directory that appears by one rename, named by all that it is made of.
 */
export const kernelsDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/kernels` as HostPath;

interface Where {
  readonly dataDir: HostPath;
  /** A file: see compile-kernel.ts. */
  readonly config: string;
  readonly note: (text: string) => void;
}

interface KernelRecord {
  /** Of the kernel. */
  readonly sha256: string;
  readonly source: Pick<ListedPackage, 'name' | 'version' | 'sha256'>;
  /** Digest of the configuration. */
  readonly config: string;
  readonly compiler: string;
}

/** All that its bytes depend on. */
export const kernelKey = (
  {name, version, sha256}: Pick<ListedPackage, 'name' | 'version' | 'sha256'>,
  config: string,
  compiler: string,
): string =>
  createHash('sha256')
    .update(JSON.stringify([name, version, sha256, config, compiler, BUILD_ENVIRONMENT]))
    .digest('hex');

/**
 * The small kernel of a flavor, compiled if it has not been: by the newest source of the distribution, the flavor's configuration and this host's compiler.
 * @throws RKT_GUEST_KERNEL_FAILED, RKT_KERNEL_BUILD_FAILED, RKT_KERNEL_TOOLS_MISSING
 */
export const smallKernel = async ({dataDir, config, note}: Where): Promise<TakenKernel> => {
  const compiler = await compilerVersion();
  const source = await newestSource();
  const text = readFileSync(config, 'utf8');
  const directory = join(kernelsDirectory(dataDir), kernelKey(source, text, compiler));
  const store = openStore(dataDir);
  makeBelow(dataDir, [
    [store.directory, true],
    [kernelsDirectory(dataDir), false],
  ]);
  using _lock = lockDirectory(kernelsDirectory(dataDir), 'exclusive') ?? waitForOther(dataDir, note);
  const known = read(directory);
  if (known !== undefined) return known.kernel;
  if (existsSync(directory)) note(`the kernel ${directory} is damaged: it is made again`);
  using spool = makeSpool(store);
  refuseSmallDisk(spool.path, source);
  note(`downloading ${source.name} ${source.version}: ${Math.ceil(source.bytes / 1e6)} MB`);
  const archive = await fetchSource(source, spool.path);
  const jobs = availableParallelism();
  const vmlinux = await compileKernel({source: archive, config: text, work: spool.path, jobs, note});
  const made = join(spool.path, 'made');
  mkdirSync(made, {mode: 0o700});
  writeFileSync(join(made, KERNEL), vmlinux, {mode: 0o600});
  const record: KernelRecord = {sha256: digestOf(vmlinux), source, config: digestOf(text), compiler};
  writeFileSync(join(made, RECORD), JSON.stringify(record), {mode: 0o600});
  {
    using whole = openHost(made, constants.O_RDONLY | constants.O_DIRECTORY);
    syncFileSystem(whole);
  }
  // Those that it takes the place of, and itself if it is damaged.
  for (const name of namesIn(kernelsDirectory(dataDir))) discard(store, join(kernelsDirectory(dataDir), name));
  renameSync(made, directory);
  fsyncDirectory(kernelsDirectory(dataDir));
  return taken(vmlinux, record);
};

/**
 * The small kernel that has been compiled here of what is the newest source now, by whatever compiler; `undefined` if there is none, or none that this user may read. Makes nothing.
 * @throws RKT_GUEST_KERNEL_FAILED
 */
export const presentSmallKernel = async ({dataDir, config, note}: Where): Promise<TakenKernel | undefined> => {
  const wanted = digestOf(readFileSync(config, 'utf8'));
  const present = readable(kernelsDirectory(dataDir), note);
  if (present.length === 0) return undefined;
  const {sha256} = await newestSource();
  const current = present.find(({record}) => record.config === wanted && record.source.sha256 === sha256);
  if (current !== undefined) return current.kernel;
  note(
    "the small kernel is not of the newest source and this flavor's configuration, so the distribution's is taken: --kernel=small makes it again",
  );
  return undefined;
};

const KERNEL = 'vmlinux';
const RECORD = 'record.json';

const digestOf = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');

interface Stored {
  readonly kernel: TakenKernel;
  readonly record: KernelRecord;
}

/** They are for root alone; an image for a file needs no root. */
const readable = (directory: string, note: (text: string) => void): readonly Stored[] => {
  try {
    return namesIn(directory).flatMap((name) => read(join(directory, name)) ?? []);
  } catch (error) {
    if (!isErrno(error, 'EACCES')) throw error;
    note(`whether there is a small kernel cannot be told without root, so the distribution's is taken: ${directory}`);
    return [];
  }
};

/** `undefined` if it is not there, or not as it was made. */
const read = (directory: string): Stored | undefined => {
  try {
    const record = JSON.parse(readFileSync(join(directory, RECORD), 'utf8')) as KernelRecord;
    const vmlinux = readFileSync(join(directory, KERNEL));
    return digestOf(vmlinux) === record.sha256 ? {kernel: taken(vmlinux, record), record} : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const taken = (vmlinux: Buffer, {source}: KernelRecord): TakenKernel => {
  const release = kernelRelease(vmlinux);
  if (release === undefined) throw kernelBuildFailed('the kernel', 'it says no version');
  return {vmlinux, about: {kind: 'small', release, from: `${source.name} ${source.version}`}};
};

const waitForOther = (dataDir: HostPath, note: (text: string) => void) => {
  note('another rkt is making a kernel: waiting for it');
  return lockDirectory(kernelsDirectory(dataDir), 'exclusive', {wait: true});
};

/** What the unpacked source and what is made of it take. */
const NEEDED = 2e9;

const refuseSmallDisk = (directory: string, {bytes}: ListedPackage): void => {
  const {bavail, bsize} = statfsSync(directory);
  const [free, needed] = [bavail * bsize, NEEDED + 2 * bytes];
  if (free < needed)
    throw kernelBuildFailed('space', `${directory} has ${mega(free)} free, and it takes ${mega(needed)}`);
};

const mega = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
