import {statSync, utimesSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {HostPath} from '../contract/names.ts';
import type {Plan} from '../contract/plan.ts';
import type {Step} from '../contract/step.ts';
import {bootId} from '../linux/boot-id.ts';
import type {Fd} from '../linux/fd.ts';
import {openTree, setMountAttributes} from '../linux/mount.ts';
import {openStored} from '../linux/open-stored.ts';
import {O_PATH} from '../linux/openat2.ts';
import {readJsonIfWhole} from '../linux/read-json.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {textHash} from '../linux/text-hash.ts';
import {RktError} from '../rkt-error.ts';
import {templateFailed} from './errors.ts';

/*
 * What machines go on from: files that a program of a flavor's image has made, for root alone to change. A template is a directory that appears by one rename: `files/` is what pods get, `record.json` is what it was
 * made by and what tells its files from others, and the time of that file is the last use.
 */
export const templatesDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/templates` as HostPath;

/** Where it is written down why a template could not be made: beside them, for each of them is a directory. */
export const failuresDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/template-failures` as HostPath;
export const failureFile = (dataDir: HostPath, template: HostPath): HostPath =>
  `${failuresDirectory(dataDir)}/${basename(template)}` as HostPath;

export type TemplateStep = Extract<Step, {do: 'template'}>;

/** Where the parts of a template are, below its directory. */
export const PARTS = {files: 'files', record: 'record.json'} as const;

export interface TemplateRecord {
  /** See {@link identityOf}. */
  readonly identity: string;
  /** Of the image that it was made with. */
  readonly tree: HostPath;
  /** The start of the host that it was made after. */
  readonly boot: string;
  /** It was made in the place of one that machines did not go on from. */
  readonly isSecond?: true;
  readonly files: Readonly<Record<string, {readonly stamp: string; readonly digest: string}>>;
}

/** All that a template depends on: the image (by its digest, which is in the path of its tree), so kernel, initial file system, emulator and maker; the whole command line; the start of the host: what it knows of the processor's clock need not be true after the next. */
const identityOf = ({tree, command, files, writes}: TemplateStep, boot: string): string =>
  JSON.stringify([tree, command, files, writes, boot]);

/** Tells a file from what somebody has made of it since: no write goes without a change of the last of these times. */
export const stampOf = (path: string): string => {
  const {ino, size, mode, uid, gid, mtimeNs, ctimeNs} = statSync(path, {bigint: true});
  return [ino, size, mode.toString(8), uid, gid, mtimeNs, ctimeNs].join(':');
};

/** Whether one of those that machines did not go on from, as a monitor tells files from others: by the inode, and by when they were written. */
export const isRefuted = (directory: string, refuted: readonly string[]): boolean => {
  const files = Object.values(readRecord(directory)?.files ?? {});
  return files.some(({stamp}) => {
    const [inode, , , , , written] = stamp.split(':');
    return refuted.includes(`${inode}:${written}`);
  });
};

/** `undefined` if nothing whole tells. */
export const readRecord = (template: string): TemplateRecord | undefined =>
  readJsonIfWhole(join(template, PARTS.record));

/** A program that starts a machine gives that two minutes; others may have no bound of their own, and hold every pod up that waits for them. */
const MAKER_TIMEOUT = 180_000;

export interface TakeOptions {
  /** Takes why there is none: the pod runs all the same. */
  readonly note?: (text: string) => void;
  /** Milliseconds that making one may take. Default three minutes. */
  readonly timeout?: number;
  /** See {@link isRefuted}. Default: none. */
  readonly refuted?: () => readonly string[];
}

/**
 * The templates of a plan's `template` steps, by the steps' ids: detached read-only mounts, of this mount namespace. Whoever collects templates does no harm to these. One that is not there is made;
 * one that is damaged, or that machines did not go on from, is removed and made anew; one that machines did not go on from a second time is removed for good, which is told once.
 */
export const takeTemplates = async (
  dataDir: HostPath,
  {filesystem, environment}: Pick<Plan, 'filesystem' | 'environment'>,
  {note = () => {}, timeout = MAKER_TIMEOUT, refuted = () => []}: TakeOptions = {},
): Promise<ReadonlyMap<string, Fd>> => {
  const templates = new Map<string, Fd>();
  const steps = [...filesystem, ...environment].filter((step) => step.do === 'template');
  if (steps.length === 0) return templates;
  const options = {note, timeout, refuted: refuted()};
  for (const step of steps) {
    try {
      templates.set(step.id, await template(dataDir, step, options));
    } catch (error) {
      if (!(error instanceof RktError) || error.code !== 'RKT_TEMPLATE_FAILED') throw error;
      if (error.fields.told !== true) note(error.message);
    }
  }
  return templates;
};

const template = async (
  dataDir: HostPath,
  step: TemplateStep,
  options: Required<Omit<TakeOptions, 'refuted'>> & {readonly refuted: readonly string[]},
): Promise<Fd> => {
  const boot = bootId();
  const identity = identityOf(step, boot);
  const directory = `${templatesDirectory(dataDir)}/${textHash(identity)}` as HostPath;
  const isGood = options.refuted.length === 0 || !isRefuted(directory, options.refuted);
  const known = isGood ? attach(directory, identity) : undefined;
  if (known !== undefined) return known;
  const {makeTemplate} = await import('./make-template.ts');
  await makeTemplate(dataDir, step, {directory, identity, boot, ...options});
  const made = attach(directory, identity);
  if (made === undefined) throw templateFailed(step.tree, {status: 'it has been removed at once', output: ''});
  return made;
};

/** `undefined`: it is not there, or its files have been touched since they were known to be whole. */
const attach = (directory: HostPath, identity: string): Fd | undefined => {
  if (!isUntouched(directory, identity)) return undefined;
  try {
    using files = openStored(`${directory}/${PARTS.files}` as HostPath, O_PATH);
    const now = new Date();
    utimesSync(join(directory, PARTS.record), now, now);
    const mount = openTree(files);
    setMountAttributes(mount, {flags: ['ro', 'nosuid', 'nodev', 'noexec'], propagation: 'private'});
    return mount;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Whether it is a template of that identity whose files are as they were when their digests were last known to be right. */
export const isUntouched = (directory: string, identity: string): boolean => {
  const record = readRecord(directory);
  if (record === undefined || record.identity !== identity) return false;
  try {
    return Object.entries(record.files).every(
      ([name, {stamp}]) => stampOf(join(directory, PARTS.files, name)) === stamp,
    );
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
};
