import {constants, fstatSync, readlinkSync} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from './fd.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import {interpreterOf} from './program-file.ts';
import {PROGRAM_DIRECTORIES} from './programs.ts';
import {SyscallError} from './syscall-error.ts';

/** A program of a tree that is not the root directory. */
export interface TreeProgram {
  readonly path: HostPath;
  /** The loader that it names. Absent: it is static, or no ELF file. */
  readonly interpreter?: string;
  /** How it is started from here: the tree's own loader, told where the tree's libraries are. Absent: it needs none, or the tree lacks it. */
  readonly through?: {readonly loader: HostPath; readonly arguments: string[]};
}

const DIRECTORY = O_PATH | constants.O_DIRECTORY;
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64'];
const TRIPLET = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/**
 * Finds a program of a tree, by absolute path or in the usual directories. Symlinks stay in the tree. `undefined` if it is not there.
 * @throws RKT_EXEC_… if it is no program for this machine
 */
export const findTreeProgram = (root: Fd, name: string): TreeProgram | undefined => {
  const candidates = name.startsWith('/') ? [name] : PROGRAM_DIRECTORIES.map((directory) => `${directory}/${name}`);
  for (const candidate of candidates) {
    using file = open(root, candidate, O_PATH);
    if (file === undefined || !isExecutable(file)) continue;
    return {path: whereabouts(file), ...startedThrough(root, file, candidate)};
  }
  return undefined;
};

/** Whether a tree has a directory at a path. */
export const hasDirectory = (root: Fd, path: string): boolean => {
  using directory = open(root, path, DIRECTORY);
  return directory !== undefined;
};

const open = (root: Fd, path: string, flags: number): Fd | undefined => {
  try {
    return openInRoot(root, path, flags);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
};

const isExecutable = (file: Fd): boolean => {
  const stats = fstatSync(file.number);
  return stats.isFile() && (stats.mode & 0o111) !== 0;
};

/** Without symlinks: it means the same file as long as nobody changes the tree. */
const whereabouts = (file: Fd): HostPath => readlinkSync(file.path) as HostPath;

const startedThrough = (root: Fd, file: Fd, path: string): Omit<TreeProgram, 'path'> => {
  const interpreter = interpreterOf(file, path);
  if (interpreter === undefined) return {};
  using loader = open(root, interpreter, O_PATH);
  if (loader === undefined) return {interpreter};
  // Of the host's loader cache nothing is wanted: it knows other files by the same names.
  return {
    interpreter,
    through: {
      loader: whereabouts(loader),
      arguments: ['--inhibit-cache', '--library-path', libraryDirectories(root).join(':')],
    },
  };
};

/** Where the tree's own loader would look, and where systemd keeps libraries of its own. */
const libraryDirectories = (root: Fd): string[] => {
  const found = new Set<string>();
  for (const directory of LIBRARIES) {
    for (const below of [`/${TRIPLET}/systemd`, '/systemd', `/${TRIPLET}`, '']) {
      using there = open(root, `${directory}${below}`, DIRECTORY);
      if (there !== undefined) found.add(whereabouts(there));
    }
  }
  return [...found];
};
