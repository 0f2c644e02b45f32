import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {findProgram} from '../../linux/programs.ts';
import {imageProgramNotFound} from '../errors.ts';
import {closureOf} from './closure.ts';

const MAX_SYMLINKS = 40;
/** Where loaders look by themselves; for a library elsewhere they need their cache. */
const LIBRARY_DIRECTORIES = /^(\/usr)?\/lib(32|64|x32)?\//;

/**
 * Fills a directory with programs of this host, what they need to run, and the little that every root file system has. Symlinks on the way stay symlinks
 * (`/bin -> usr/bin`, `sh -> dash`). Set-user-ID bits do not come along.
 * @param programs absolute paths, or names in the usual directories
 * @returns `paths`: of each program, as asked for; `files`: of everything that was copied
 * @throws RKT_IMAGE_PROGRAM_NOT_FOUND, RKT_IMAGE_BUILD_INVALID
 */
export const stageHostFiles = (
  programs: readonly string[],
  target: string,
): {readonly paths: string[]; readonly files: string[]} => {
  const paths = programs.map(locate);
  const done = new Set<string>();
  const needed = [...paths];
  for (let path = needed.pop(); path !== undefined; path = needed.pop()) {
    const real = stage(path, target, path);
    if (done.has(real)) continue;
    done.add(real);
    if (!isLibrary(path)) needed.push(...closureOf(real));
    else if (!LIBRARY_DIRECTORIES.test(path) && existsSync('/etc/ld.so.cache')) stage('/etc/ld.so.cache', target, path);
  }
  addBasics(target);
  return {paths, files: [...done].sort()};
};

/** Libraries come out of the closure of a program, which is complete. */
const isLibrary = (path: string): boolean => /\.so(\.[0-9.]+)?$/.test(path);

const locate = (program: string): string => {
  const path = program.startsWith('/') ? program : findProgram(program);
  if (path === undefined || !existsSync(path)) throw imageProgramNotFound(program);
  return path;
};

/** Copies one path of the host with all directories and symlinks that lead to it; returns where it really is. */
const stage = (path: string, target: string, asked: string): string => {
  let current = '/';
  const parts = path.split('/');
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current = dirname(current);
      continue;
    }
    const next = join(current, part);
    const stats = lstatSync(next, {throwIfNoEntry: false});
    const copy = join(target, next);
    if (stats === undefined || links > MAX_SYMLINKS) throw imageProgramNotFound(asked);
    if (stats.isSymbolicLink()) {
      links++;
      const to = readlinkSync(next);
      if (!isThere(copy)) symlinkSync(to, copy);
      parts.unshift(...to.split('/'));
      if (to.startsWith('/')) current = '/';
      continue;
    }
    current = next;
    if (stats.isDirectory()) {
      if (!isThere(copy)) makeDirectory(copy);
    } else if (!stats.isFile()) throw imageProgramNotFound(asked);
    else if (!isThere(copy)) {
      copyFileSync(next, copy);
      chmodSync(copy, stats.mode & 0o755);
    }
  }
  return current;
};

const makeDirectory = (path: string): void => {
  mkdirSync(path);
  // Whatever the umask is.
  chmodSync(path, 0o755);
};

const isThere = (path: string): boolean => lstatSync(path, {throwIfNoEntry: false}) !== undefined;

const addBasics = (target: string): void => {
  // Where /bin is a symlink to /usr/bin, programs are known by both paths.
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const merged = lstatSync(`/${name}`, {throwIfNoEntry: false})?.isSymbolicLink() ?? false;
    if (merged && !isThere(join(target, name)) && isThere(join(target, 'usr', name))) stage(`/${name}`, target, name);
  }
  for (const directory of ['etc', 'root', 'tmp', 'var']) {
    if (!isThere(join(target, directory))) makeDirectory(join(target, directory));
  }
  chmodSync(join(target, 'root'), 0o700);
  chmodSync(join(target, 'tmp'), 0o1777);
  const nobody = 'nobody:x:65534:';
  const shell = isThere(join(target, 'bin/sh')) ? '/bin/sh' : '/bin/false';
  writeFileSync(
    join(target, 'etc/passwd'),
    `root:x:0:0:root:/root:${shell}\n${nobody}65534:nobody:/nonexistent:/bin/false\n`,
  );
  writeFileSync(join(target, 'etc/group'), `root:x:0:\n${nobody.replace('nobody', 'nogroup')}\n`);
};
