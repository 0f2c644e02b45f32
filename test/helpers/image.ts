import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {program} from '../runner/packages.ts';
import {rktCommand, rktEnvironment} from './command.ts';
import {slowly} from './slowly.ts';

interface Owned {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}
/** One entry of a rootfs; a string is a file's content. */
export type Entry =
  | string
  | (Owned & {readonly content: string | Buffer})
  | (Owned & {readonly symlink: string})
  | (Owned & {readonly directory: true})
  | (Owned & {readonly fifo: true})
  | (Owned & {readonly device: readonly [type: 'c' | 'b', major: number, minor: number]});

export interface ImageSpec {
  /** Default `example.com/test`. */
  readonly name?: string;
  /** The manifest's `app`; `exec`, `user` and `group` have defaults. `null`: an image without an app. */
  readonly app?: Readonly<Record<string, unknown>> | null;
  /** By absolute path, on top of busybox. */
  readonly files?: Readonly<Record<string, Entry>>;
  /** Leave busybox out. */
  readonly bare?: boolean;
  /** Further fields of the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

const busybox = program('busybox') ?? '/bin/busybox';
/** Those that something starts by their path; a shell of busybox needs no link to find the others. Each costs every image, and all trees made of it. */
const APPLETS =
  `ash cat chmod chown cp dd echo env false find grep head id ln ls mkdir mkfifo mknod mount nc nohup ps printf pwd readlink rm rmdir sed
  seq setsid sh sleep sort stat stty su sync tail tar tee test timeout touch tr true tty umount uname vi wc xargs yes`.split(
    /\s+/,
  );

const writeEntry = (file: string, entry: Entry) => {
  mkdirSync(path.dirname(file), {recursive: true});
  const owned: Owned = typeof entry === 'string' ? {} : entry;
  if (typeof entry === 'string') writeFileSync(file, entry);
  else if ('content' in entry) writeFileSync(file, entry.content);
  else if ('symlink' in entry) {
    rmSync(file, {force: true});
    symlinkSync(entry.symlink, file);
  } else if ('directory' in entry) mkdirSync(file, {recursive: true});
  else {
    const [type, ...numbers] = 'fifo' in entry ? ['p'] : entry.device;
    const made = spawnSync(program('mknod') ?? 'mknod', [file, String(type), ...numbers.map(String)], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`mknod ${file}: ${made.stderr}`);
  }
  if (owned.uid !== undefined || owned.gid !== undefined) lchownSync(file, owned.uid ?? 0, owned.gid ?? 0);
  if (owned.mode !== undefined) chmodSync(file, owned.mode);
};

export const imageManifest = ({name = 'example.com/test', app = {}, manifest = {}}: ImageSpec) => ({
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name,
  labels: [
    {name: 'version', value: '1.0.0'},
    {name: 'os', value: 'linux'},
    {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
  ],
  ...(app === null ? {} : {app: {exec: ['/bin/sh', '-c', 'exit 0'], user: '0', group: '0', ...app}}),
  ...manifest,
});

/** Fills a directory with the rootfs that a spec describes. */
export const writeRootfs = (directory: string, {files = {}, bare = false}: ImageSpec): void => {
  mkdirSync(directory, {recursive: true});
  if (!bare) {
    mkdirSync(path.join(directory, 'bin'));
    copyFileSync(busybox, path.join(directory, 'bin/busybox'));
    for (const applet of APPLETS) symlinkSync('busybox', path.join(directory, 'bin', applet));
    mkdirSync(path.join(directory, 'tmp'));
    chmodSync(path.join(directory, 'tmp'), 0o1777);
  }
  for (const [file, entry] of Object.entries(files)) writeEntry(path.join(directory, file), entry);
};

/** Of the whole run of tests; of this process alone when a test file is run by itself. */
let cache: string | undefined;
const cacheDirectory = (): string => {
  if (cache !== undefined) return cache;
  const own = env.RKT_TEST_DIRECTORY === undefined ? mkdtempSync(path.join(tmpdir(), 'rkt-test-images-')) : undefined;
  if (own !== undefined) process.once('exit', () => rmSync(own, {recursive: true, force: true}));
  cache = path.join(own ?? env.RKT_TEST_DIRECTORY ?? '', 'images');
  mkdirSync(cache, {recursive: true});
  return cache;
};

/** The ACI of a spec, built by `rkt image build` and kept for the whole run of tests. Returns its path. */
export const buildImage = (spec: ImageSpec = {}): string => {
  const directory = cacheDirectory();
  const key = createHash('sha256')
    .update(JSON.stringify([spec, imageManifest(spec)]))
    .digest('hex')
    .slice(0, 24);
  const file = path.join(directory, `${key}.aci`);
  if (existsSync(file)) return file;
  const work = mkdtempSync(path.join(directory, 'build-'));
  try {
    const rootfs = path.join(work, 'rootfs');
    writeRootfs(rootfs, spec);
    const manifest = path.join(work, 'manifest.json');
    writeFileSync(manifest, JSON.stringify(imageManifest(spec)));
    // Several test files may want the same image at once.
    const made = path.join(work, 'image.aci');
    const [rkt, ...args] = rktCommand;
    const built = spawnSync(
      rkt,
      [...args, `--dir=${work}/data`, 'image', 'build', rootfs, `--manifest=${manifest}`, '-o', made],
      {env: rktEnvironment, encoding: 'utf8', timeout: slowly(60_000)},
    );
    if (built.status === 0) renameSync(made, file);
    else throw new Error(`rkt image build ended with ${built.status}: ${built.stderr}`);
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
  return file;
};
