import {chmodSync, existsSync, lstatSync, realpathSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {isOwn} from '../../linux/is-own.ts';
import {findProgram} from '../../linux/programs.ts';
import {imageProgramNotFound} from '../errors.ts';
import {closureOf, needsOf} from './closure.ts';
import {refuseSecret} from './refuse-secret.ts';
import {stageDirectory} from './stage-directory.ts';
import {isThere, makeDirectory, stagePath} from './stage-path.ts';

/** A path of the host that has to come along. */
interface Needed {
  readonly path: string;
  /** A file that others than root can change, if that says so. */
  readonly by?: string;
}

/** Where loaders look by themselves; for a library elsewhere they need their cache. */
const LIBRARY_DIRECTORIES = /^(\/usr)?\/lib(32|64|x32)?\//;

/**
 * Fills a directory with programs and directories of this host, what the programs and libraries among them need to run, and the little that every root file system has. Symlinks on the way stay symlinks
 * (`/bin -> usr/bin`, `sh -> dash`). Set-user-ID bits do not come along.
 * @param programs absolute paths, of directories too, or names in the usual directories
 * @param data absolute paths of files that are no programs
 * @returns the paths of everything that was copied
 * @throws RKT_IMAGE_PROGRAM_NOT_FOUND, RKT_IMAGE_BUILD_INVALID
 */
export const stageHostFiles = (programs: readonly string[], target: string, data: readonly string[] = []): string[] => {
  const done = new Set<string>();
  const needed: Needed[] = programs.map((program) => ({path: locate(program)}));
  const add = (found: readonly string[], by?: string) =>
    needed.push(...found.map((path) => (by === undefined ? {path} : {path, by})));
  for (let next = needed.pop(); next !== undefined; next = needed.pop()) {
    const {path, by} = next;
    const real = stagePath(path, target, path);
    if (done.has(real)) continue;
    if (by !== undefined) refuseSecret(by, real);
    done.add(real);
    if (by === undefined && statSync(real).isDirectory()) {
      for (const file of stageDirectory(real, target)) {
        if (!done.has(file)) add(needsOf(file), isOwn(realpathSync(file)) ? undefined : file);
        done.add(file);
      }
    } else if (!isLibrary(path)) {
      if (by === undefined) add(closureOf(real), isOwn(real) ? undefined : path);
      else add(needsOf(real), by);
    } else if (!LIBRARY_DIRECTORIES.test(path) && existsSync('/etc/ld.so.cache'))
      stagePath('/etc/ld.so.cache', target, path);
  }
  for (const path of data) done.add(stagePath(path, target, path));
  addBasics(target);
  return [...done].sort();
};

/** Libraries come out of the closure of a program, which is complete. */
const isLibrary = (path: string): boolean => /\.so(\.[0-9.]+)?$/.test(path);

const locate = (program: string): string => {
  const path = program.startsWith('/') ? program : findProgram(program);
  if (path === undefined || !existsSync(path)) throw imageProgramNotFound(program);
  return path;
};

const addBasics = (target: string): void => {
  // Where /bin is a symlink to /usr/bin, programs are known by both paths.
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const merged = lstatSync(`/${name}`, {throwIfNoEntry: false})?.isSymbolicLink() ?? false;
    if (merged && !isThere(join(target, name)) && isThere(join(target, 'usr', name)))
      stagePath(`/${name}`, target, name);
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
