import {createHash} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  constants,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {HostPath} from '../contract/names.ts';
import {discard} from '../image/discard.ts';
import {makeBelow} from '../image/make-below.ts';
import {MAKER, templateMaker} from '../image/sandbox.ts';
import {makeSpool} from '../image/spool.ts';
import {type ImageStore, makeStore, openStore} from '../image/store.ts';
import {startTool, type ToolFailure} from '../image/tool.ts';
import {atomicWrite} from '../linux/atomic-write.ts';
import {fsyncDirectory, syncFileSystem} from '../linux/fsync.ts';
import {lockDirectory} from '../linux/lock.ts';
import {namesIn} from '../linux/names-in.ts';
import {openStored} from '../linux/open-stored.ts';
import {O_PATH, openHost} from '../linux/openat2.ts';
import {isOutOfSpace} from '../linux/out-of-space.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {writeCache} from '../linux/write-cache.ts';
import {templateFailed} from './errors.ts';
import {
  failureFile,
  isRefuted,
  isUntouched,
  PARTS,
  readRecord,
  stampOf,
  type TemplateRecord,
  type TemplateStep,
  templatesDirectory,
} from './templates.ts';

interface Wanted {
  /** Where it is to be. */
  readonly directory: HostPath;
  readonly identity: string;
  readonly boot: string;
  readonly note: (text: string) => void;
  /** Milliseconds after which the program that makes it is ended. */
  readonly timeout: number;
  /** See {@link isRefuted}. */
  readonly refuted: readonly string[];
}

/**
 * Makes a template, unless another rkt is making it: then it waits for that. One that is there and whole stays, whatever its times are; one that is not is removed.
 * @throws RKT_TEMPLATE_FAILED
 */
export const makeTemplate = async (dataDir: HostPath, step: TemplateStep, wanted: Wanted): Promise<void> => {
  const {directory, identity, note, refuted} = wanted;
  const store = openStore(dataDir);
  const failures = failureFile(dataDir, directory);
  refuseFailed(failures, step.tree);
  makeBelow(dataDir, [
    [store.directory, true],
    // For root alone: whoever can open it can lock it, and rkt would wait.
    [templatesDirectory(dataDir), false],
  ]);
  // One at a time: each has a processor for itself.
  using lock = lockDirectory(templatesDirectory(dataDir), 'exclusive', {wait: true});
  void lock;
  try {
    const isBad = isRefuted(directory, refuted);
    if (!isBad && (isUntouched(directory, identity) || (await isWhole(directory, identity)))) return;
    refuseFailed(failures, step.tree);
    const isSecond = isBad && readRecord(directory)?.isSecond === true;
    if (isBad && !isSecond) note(`machines do not go on from the template ${directory}: it is made again`);
    if (!isBad && existsSync(directory)) note(`the template ${directory} is damaged: it is made again`);
    if (existsSync(directory)) remove(store, directory);
    if (isSecond) throw new MakerFailed(USELESS);
    await make(store, step, {...wanted, isSecond: isBad});
  } catch (error) {
    if (error instanceof MakerFailed) {
      writeCache(failures, JSON.stringify(error.failure));
      throw templateFailed(step.tree, error.failure);
    }
    if (isOutOfSpace(error)) throw templateFailed(step.tree, {status: error.message, output: ''});
    throw error;
  }
};

/** Another would not be better; nothing is tried any more until something is another: the image, the host's start, or that somebody collects what is not used. */
const USELESS: ToolFailure = {status: 'none has gone on from two of them', output: ''};

/** What the program says of itself, which the next would say, too; a full disk is another matter. */
class MakerFailed extends Error {
  readonly failure: ToolFailure;
  constructor(failure: ToolFailure) {
    super(failure.status);
    this.failure = failure;
  }
}

/** Milliseconds until a program that has failed is tried again: it may take two minutes, and whoever waits has a pod to run. */
const PATIENCE = 10 * 60_000;

/** @throws RKT_TEMPLATE_FAILED if it could not be made a short time ago, by this rkt or the one that has been waited for */
const refuseFailed = (file: HostPath, tree: HostPath): void => {
  const failure = recentFailure(file);
  if (failure !== undefined) throw templateFailed(tree, failure, {told: failure.status === USELESS.status});
};

const recentFailure = (file: HostPath): ToolFailure | undefined => {
  try {
    const age = Date.now() - statSync(file).mtimeMs;
    const failure = JSON.parse(readFileSync(file, 'utf8')) as ToolFailure;
    return failure.status === USELESS.status || (age >= 0 && age <= PATIENCE) ? failure : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Whether its files have their digests, though they have been touched: which is remembered. */
const isWhole = async (directory: HostPath, identity: string): Promise<boolean> => {
  const record = readRecord(directory);
  if (record === undefined || record.identity !== identity) return false;
  try {
    const files = await recordsOf(join(directory, PARTS.files), Object.keys(record.files));
    if (!Object.entries(record.files).every(([name, {digest}]) => files[name]?.digest === digest)) return false;
    atomicWrite(join(directory, PARTS.record), JSON.stringify({...record, files} satisfies TemplateRecord), 0o600);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return false;
    throw error;
  }
};

const remove = (store: ImageStore, directory: HostPath): void => {
  using spool = makeSpool(store);
  void spool;
  discard(store, directory);
};

/** Nothing goes on from what was made after an earlier start of the host, and each takes a lot of the disk. */
const removeEarlier = (store: ImageStore, boot: string): void => {
  const directory = templatesDirectory(store.dataDir);
  makeStore(store);
  for (const name of namesIn(directory)) {
    const record = readRecord(join(directory, name));
    if (record !== undefined && record.boot !== boot) discard(store, join(directory, name));
  }
};

const make = async (
  store: ImageStore,
  step: TemplateStep,
  {directory, identity, boot, timeout, isSecond}: Wanted & {readonly isSecond: boolean},
): Promise<void> => {
  const {tree, command, files, writes} = step;
  removeEarlier(store, boot);
  using spool = makeSpool(store);
  const template = join(spool.path, 'template');
  const made = join(template, PARTS.files);
  mkdirSync(made, {recursive: true, mode: 0o700});
  chownSync(made, MAKER, MAKER);
  {
    using root = openStored(tree, O_PATH);
    using target = openHost(made, O_PATH);
    const maker = startTool(templateMaker(root, target, writes, command), 'ignore', 'ignore', {offline: true});
    let late = false;
    const watchdog = setTimeout(() => {
      late = true;
      maker.kill();
    }, timeout);
    const failure = await maker.ended.finally(() => clearTimeout(watchdog));
    // It may be a signal that a maker ends by, for want of a page of what it has mapped.
    if (failure !== undefined && isFull(made)) throw templateFailed(tree, {status: 'no space left', output: ''});
    if (failure !== undefined)
      throw new MakerFailed(late ? {...failure, status: `it has not ended within ${timeout / 1000} s`} : failure);
  }
  takeOver(made, files);
  writeFileSync(
    join(template, PARTS.record),
    JSON.stringify({
      ...{identity, tree, boot, files: await recordsOf(made, files)},
      ...(isSecond && {isSecond}),
    } satisfies TemplateRecord),
    {mode: 0o600},
  );
  {
    using whole = openHost(template, constants.O_RDONLY | constants.O_DIRECTORY);
    syncFileSystem(whole);
  }
  renameSync(template, directory);
  fsyncDirectory(templatesDirectory(store.dataDir));
};

/** Whether nobody but root could write a mebibyte more, or one more file; what has been written is still there. */
const isFull = (directory: string): boolean => {
  const {bavail, bsize, files, ffree} = statfsSync(directory);
  return bavail * bsize < 1024 * 1024 || (files > 0 && ffree === 0);
};

/** From here on root alone changes them; the user of a pod's machine, who is nobody else, reads them. */
const takeOver = (made: string, files: readonly string[]): void => {
  chownSync(made, 0, 0);
  chmodSync(made, 0o755);
  for (const name of readdirSync(made)) {
    if (!files.includes(name)) rmSync(join(made, name), {recursive: true});
  }
  for (const name of files) {
    const path = join(made, name);
    const stats = lstatSync(path, {throwIfNoEntry: false});
    if (stats?.isFile() !== true || stats.nlink !== 1)
      throw new MakerFailed({status: 'exit status 0', output: `it has left no file ${name}`});
    chownSync(path, 0, 0);
    chmodSync(path, 0o444);
  }
};

const recordsOf = async (directory: string, names: readonly string[]): Promise<TemplateRecord['files']> => {
  const records: Record<string, {stamp: string; digest: string}> = {};
  for (const name of names) {
    const path = join(directory, name);
    const stamp = stampOf(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, {flags: 'r', highWaterMark: 1024 * 1024}), hash);
    records[name] = {stamp, digest: hash.digest('hex')};
  }
  return records;
};
