import {spawnSync} from 'node:child_process';
import {closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync} from 'node:fs';
import {basename} from 'node:path';
import {isOwn} from '../../linux/is-own.ts';
import {isolated} from '../../linux/isolated.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import {imageBuildInvalid, imageProgramNotFound} from '../errors.ts';
import {inspector, TOOL_ENVIRONMENT} from '../sandbox.ts';
import type {DlopenNote} from './dlopen-notes.ts';
import {readElf} from './elf.ts';

/** Longest first line of a script that the kernel reads (BINPRM_BUF_SIZE). */
const SHEBANG_BYTES = 256;

/**
 * What a program of this host needs to run besides itself: dynamic loader and libraries, or the interpreter of a script and what that needs. Asks the
 * loader that the program names. Of a program that others can change only a loader that they cannot, as the user whose program it is, or nobody: `--list` runs what the program names for it (DT_AUDIT), too (S36).
 * @param program without a symlink in its path
 * @throws RKT_IMAGE_BUILD_INVALID
 */
export const closureOf = (program: string): string[] => {
  const file = openSync(program, 'r');
  try {
    const elf = readElf(file);
    if (elf === undefined) return scriptNeeds(program, file);
    const {interpreter} = elf;
    if (interpreter === undefined) return [];
    if (!existsSync(interpreter)) throw imageProgramNotFound(interpreter);
    if (!isOwn(realpathSync(interpreter)))
      throw imageBuildInvalid(`${program} is loaded by ${interpreter}, which others can change`);
    return [interpreter, ...libraries(program, interpreter, isOwn(program) ? asWeAre : asItsOwner(file))];
  } finally {
    closeSync(file);
  }
};

/** What others write into somebody's file, or root's, is not run as that user. */
const asItsOwner = (file: number): Start => {
  const {uid, mode} = fstatSync(file);
  const owner = uid === 0 || (mode & 0o022) !== 0 ? undefined : {uid};
  return (command) => inspector(command, owner);
};

/**
 * The same of any file of a directory that was asked for: nothing, where it is neither a program nor a library, or needs what the host lacks. A file that others can change is a stranger's: it can name any program
 * as its loader, and have a loader run code of its own (DT_AUDIT). No loader of theirs is started, and one that reads their files is nobody (S36).
 */
export const needsOf = (path: string): string[] => {
  // What has no symlinks and is nobody else's stays what it is.
  const real = realpathSync(path);
  const own = isOwn(real);
  const file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const elf = readElf(file);
    const interpreter = elf?.interpreter ?? ownInterpreter();
    if (elf === undefined || interpreter === undefined || !isOwn(realpathSync(interpreter))) return [];
    const needed = own ? libraries(real, interpreter) : libraries(real, interpreter, inspector);
    return [...(elf.interpreter === undefined ? [] : [elf.interpreter]), ...needed];
  } catch (error) {
    // Of a loader that is not there, likewise.
    if (error instanceof RktError || isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return [];
    throw error;
  } finally {
    closeSync(file);
  }
};

/** A library names no loader; it is loaded by that of the programs of this host. */
const ownInterpreter = (): string | undefined => {
  const file = openSync(process.execPath, 'r');
  try {
    return readElf(file)?.interpreter;
  } finally {
    closeSync(file);
  }
};

const scriptNeeds = (program: string, file: number): string[] => {
  const start = Buffer.alloc(SHEBANG_BYTES);
  const line = start.toString('utf8', 0, readSync(file, start, 0, SHEBANG_BYTES, 0)).split('\n', 1)[0] ?? '';
  const interpreter = /^#!\s*(\/\S+)/.exec(line)?.[1];
  if (interpreter === undefined) throw imageBuildInvalid(`${program} is neither a program of this host nor a script`);
  return [interpreter];
};

/** Used by what rkt runs of a host's programs, although those can do without: a filter that systemd cannot load is no filter. */
const WANTED = new Set(['mount', 'seccomp']);

const isWanted = ({priority, feature}: DlopenNote): boolean =>
  priority !== 'suggested' || (feature !== undefined && WANTED.has(feature));

/** What starts the loader. */
type Start = (command: readonly string[]) => {readonly file: string; readonly args: readonly string[]};

const asWeAre: Start = ([file = '', ...args]) => ({file, args});

/** Those that it is linked with, and those that it or they say they load later. */
const libraries = (program: string, interpreter: string, start = asWeAre): string[] => {
  const linked = listLibraries(program, interpreter, [], start);
  const later = new Set([program, ...linked].flatMap(dlopensOf));
  for (const path of linked) later.delete(basename(path));
  return later.size === 0 ? linked : listLibraries(program, interpreter, [...later], start);
};

const dlopensOf = (path: string): string[] => {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    return (readElf(file)?.dlopens ?? []).filter(isWanted).flatMap(({soname}) => soname);
  } finally {
    closeSync(file);
  }
};

/** @param more libraries to look for besides; those that the host lacks are passed over */
const listLibraries = (program: string, interpreter: string, more: readonly string[], start: Start): string[] => {
  const preload = more.length === 0 ? [] : ['--preload', more.join(':')];
  const {file, args} = start([interpreter, ...preload, '--list', program]);
  // It may need any file of the host.
  const {status, stdout, stderr, error} = isolated(
    'all',
    () =>
      spawnSync(file, args, {
        env: {LC_ALL: TOOL_ENVIRONMENT.LC_ALL},
        encoding: 'utf8',
        maxBuffer: 1024 * 1024,
        timeout: 30_000,
        killSignal: 'SIGKILL',
      }),
    {offline: start !== asWeAre},
  );
  if (error !== undefined) throw imageProgramNotFound(interpreter);
  if (status !== 0) throw imageBuildInvalid(`the libraries of ${program} cannot be found: ${stderr.trim()}`);
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1];
  if (missing !== undefined) throw imageBuildInvalid(`${program} needs ${missing}, which this host lacks`);
  // `libc.so.6 => /lib/…/libc.so.6 (0x…)`, or the path alone.
  return [...stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map((match) => match[1] ?? '');
};
