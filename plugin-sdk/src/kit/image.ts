import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';

interface Mode {
  readonly mode?: number;
}
/** One entry of a root file system; a string is the content of a file. */
export type Entry =
  | string
  | (Mode & {readonly content: string})
  | {readonly symlink: string}
  | (Mode & {readonly directory: true})
  | (Mode & {readonly fifo: true});

/** What an image has besides a shell and its programs. */
export interface ImageSpec {
  readonly files?: Readonly<Record<string, Entry>>;
  /** Of the manifest's `app`. */
  readonly app?: Readonly<Record<string, unknown>>;
}

/** The programs of images, which are those of this host: nothing has to be compiled or fetched. */
export const PROGRAMS = [
  ...[
    'base64',
    'cat',
    'chmod',
    'chown',
    'chroot',
    'cut',
    'dd',
    'env',
    'find',
    'grep',
    'head',
    'id',
    'ln',
    'ls',
    'mkdir',
  ],
  ...['mkfifo', 'mknod', 'mount', 'mv', 'readlink', 'rm', 'sh', 'stat', 'tail', 'touch', 'tr', 'true', 'umount'],
  ...['unshare', 'wc'],
] as const;

export const BASE = 'rkt.kit/base';

/** The manifest of an image that is laid upon that with the programs. */
export const manifestOf = ({app = {}}: ImageSpec, name: string, base: string) => ({
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name,
  labels: [
    {name: 'version', value: '1.0.0'},
    {name: 'os', value: 'linux'},
    {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
  ],
  app: {exec: ['/bin/sh', '-c', 'exit 0'], user: '0', group: '0', ...app},
  dependencies: [{imageName: BASE, imageID: base}],
});

export const writeFiles = (directory: string, files: ImageSpec['files'] = {}): void => {
  mkdirSync(directory, {mode: 0o755});
  for (const [name, entry] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), {recursive: true, mode: 0o755});
    writeEntry(file, entry);
    if (typeof entry === 'object' && 'mode' in entry && entry.mode !== undefined) chmodSync(file, entry.mode);
  }
};

const writeEntry = (file: string, entry: Entry): void => {
  if (typeof entry === 'string') writeFileSync(file, entry);
  else if ('content' in entry) writeFileSync(file, entry.content);
  else if ('symlink' in entry) {
    rmSync(file, {force: true});
    symlinkSync(entry.symlink, file);
  } else if ('directory' in entry) mkdirSync(file, {recursive: true});
  else if (!tryTool('mkfifo', file)) throw new Error(`mkfifo ${file} failed`);
};

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** A program of this host, by its place in the usual directories. */
export const hostTool = (name: string): string => {
  const found = DIRECTORIES.map((directory) => path.join(directory, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`this host has no ${name}`);
  return found;
};

/** @returns whether it ended well */
export const tryTool = (name: string, ...args: readonly string[]): boolean =>
  spawnSync(hostTool(name), args, {stdio: 'ignore'}).status === 0;
