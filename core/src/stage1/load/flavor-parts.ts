import {constants, existsSync, fstatSync, readdirSync, readFileSync, readlinkSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {Unbounded} from '../../config/read-bounded.ts';
import type {Fd} from '../../linux/fd.ts';
import {O_PATH, openBeneath, openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {isExecutable} from './executable-flavor.ts';
import {digestOf} from './file-digest.ts';
import {isWithin, packageClosure, packageOf} from './package-closure.ts';
import {packageManifest} from './package-manifest.ts';
import {ownTrees} from './package-trees.ts';

/** A file or symlink of a flavor, by its place in a copy of it. */
export type FlavorPart = {readonly at: string; readonly content: Buffer} | Link;
type Link = {readonly at: string; readonly link: string};

/** The same, of a flavor that is too large to be copied. */
export type DigestedPart = {readonly at: string; readonly digest: string} | Link;

/** The name, in a copy, of a symlink to the file that the flavor is loaded from. */
export const ENTRY = 'entry';
/** The directory, in a copy, of the packages that it has. */
export const PACKAGES = 'packages';
/** Files, links and directories. What has more is not copied: it is a directory that somebody works in, not a package. */
const MAX_ENTRIES = 2048;
/** Of one that is only looked at. What has more is no flavor. */
const MAX_LOOKED_AT = {entries: 65_536, bytes: 1024 ** 3};
/** Bytes of a package. */
const MAX_PACKAGE = 8 * 1024 * 1024;
/** Bytes of one file, which may be a program with all that it needs. No copy has more. */
const MAX_FILE = 64 * 1024 * 1024;
/** They come by what the package names. */
const LEFT_OUT = ['node_modules', '.git'];

/**
 * Everything that a flavor is made of: a program, or a module that belongs to no package, is one file; of a package, its files and those of the packages that its package.json names, and theirs.
 * What belongs to rkt itself is a symlink to it.
 * @param alone it is one file, whatever it belongs to
 * @returns `undefined` if that is too much, or not for this user to read
 */
export const flavorParts = (source: string, alone = false): FlavorPart[] | undefined => {
  const file = realpathSync(source);
  const directory = packageOf(file);
  const isOne = alone || directory === file || isExecutable(file);
  return isOne
    ? measured(MAX_FILE, (parts) => oneFile(file, parts))
    : measured(MAX_PACKAGE, (parts) => packageParts(file, directory, parts));
};

/**
 * What a package is made of that {@link flavorParts} finds too large: an upgrade has another digest whatever file it changes.
 * @returns `undefined` if it is no package, or not for this user to read
 * @throws Unbounded if it is too large even for that
 */
export const digestedParts = (source: string): DigestedPart[] | undefined => {
  const file = realpathSync(source);
  const directory = packageOf(file);
  if (directory === file) return undefined;
  const parts = new Parts<DigestedPart>(MAX_LOOKED_AT, (opened, at) => ({at, digest: digestOf(opened)}));
  try {
    packageParts(file, directory, parts);
  } catch (error) {
    if (error === TOO_LARGE) throw new Unbounded('too-large');
    if (isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
  return parts.all;
};

/** What a copy has, whether it is what was copied or not; `undefined` if that is more than any copy has, or not for this user to read. */
export const copiedParts = (directory: string): FlavorPart[] | undefined =>
  measured(MAX_FILE, (parts) => parts.tree(directory, '', []));

/** By one measure for what is copied and for the copy. */
const measured = (bytes: number, gather: (parts: Parts<FlavorPart>) => void): FlavorPart[] | undefined => {
  const parts = new Parts<FlavorPart>({entries: MAX_ENTRIES, bytes}, (file, at) => ({
    at,
    content: readFileSync(file.number),
  }));
  try {
    gather(parts);
  } catch (error) {
    if (error === TOO_LARGE || isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
  return parts.all;
};

const packageParts = <P>(file: string, directory: string, parts: Parts<P>): void => {
  const packages = [directory];
  const importable = packageClosure(file);
  parts.link(ENTRY, `${PACKAGES}/0/${path.relative(directory, file)}`);
  for (const [index, from] of packages.entries()) {
    const to = `${PACKAGES}/${index}`;
    parts.tree(from, to, LEFT_OUT);
    for (const [name, found] of dependenciesOf(from, importable)) {
      if (!isOwn(name, found) && !packages.includes(found)) packages.push(found);
      const at = `${to}/node_modules/${name}`;
      parts.link(
        at,
        isOwn(name, found) ? found : path.relative(path.dirname(at), `${PACKAGES}/${packages.indexOf(found)}`),
      );
    }
  }
};

const oneFile = (file: string, parts: Parts<FlavorPart>): void => {
  const at = `program/${path.basename(file)}`;
  using opened = openHost(file, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!fstatSync(opened.number).isFile()) throw new Unbounded('not-regular');
  parts.link(ENTRY, at);
  parts.file(opened, at);
};

const TOO_LARGE = new Error('too large');

interface Most {
  readonly entries: number;
  readonly bytes: number;
}

/** @template P what is made of a file; of a symlink it is always the same */
class Parts<P> {
  readonly all: (P | Link)[] = [];
  readonly #most: Most;
  readonly #read: (file: Fd, at: string) => P;
  #bytes = 0;
  /** Of all parts, and of the directories that they are in. */
  readonly #places = new Set<string>();

  constructor(most: Most, read: (file: Fd, at: string) => P) {
    this.#most = most;
    this.#read = read;
  }

  link(at: string, link: string): void {
    this.#count(at);
    this.all.push({at, link});
  }

  file(file: Fd, at: string): void {
    this.#count(at);
    this.#bytes += fstatSync(file.number).size;
    if (this.#bytes > this.#most.bytes) throw TOO_LARGE;
    this.all.push(this.#read(file, at));
  }

  /** Of a directory, without what is neither a file nor a symlink. */
  tree(from: string, to: string, leftOut: readonly string[]): void {
    using root = openHost(from, O_PATH | constants.O_DIRECTORY);
    this.#walk(root, '', to, leftOut);
  }

  #walk(root: Fd, below: string, to: string, leftOut: readonly string[]): void {
    // Whoever may write there while it is read gets nothing else of the host into it.
    using directory = openBeneath(root, below || '.', constants.O_RDONLY | constants.O_DIRECTORY, {noSymlinks: true});
    for (const entry of readdirSync(`/proc/self/fd/${directory.number}`, {withFileTypes: true})) {
      const {name} = entry;
      if (leftOut.includes(name)) continue;
      const at = to === '' ? name : `${to}/${name}`;
      // Of what has no place in a copy, too: one who only looks has to come to an end.
      this.#count(at);
      if (entry.isDirectory()) this.#walk(root, path.join(below, name), at, leftOut);
      else if (entry.isSymbolicLink()) this.link(at, readlinkSync(`/proc/self/fd/${directory.number}/${name}`));
      else if (entry.isFile()) this.#open(directory, name, at);
    }
  }

  #open(directory: Fd, name: string, at: string): void {
    using file = openBeneath(directory, name, constants.O_RDONLY | constants.O_NONBLOCK, {noSymlinks: true});
    this.file(file, at);
  }

  #count(at: string): void {
    for (let place = at; place !== '.' && !this.#places.has(place); place = path.dirname(place))
      this.#places.add(place);
    if (this.#places.size > this.#most.entries) throw TOO_LARGE;
  }
}

/**
 * The packages that a package names and that are there, by these names: where Node.js would find them.
 * @param importable what a link may lead to; the rest nobody can load
 */
const dependenciesOf = (
  directory: string,
  importable: readonly string[],
): (readonly [name: string, directory: string])[] => {
  const manifest = existsSync(path.join(directory, 'package.json')) ? packageManifest(directory) : {};
  const {dependencies, optionalDependencies, peerDependencies} = manifest;
  const names = [dependencies, optionalDependencies, peerDependencies].flatMap((named) => Object.keys(named ?? {}));
  return [...new Set(names)].sort().flatMap((name) => {
    const found = PACKAGE.test(name) ? findDependency(directory, name) : undefined;
    return found === undefined || !isWithin(found, importable) ? [] : [[name, found] as const];
  });
};

const PACKAGE = /^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/;

const findDependency = (directory: string, name: string): string | undefined => {
  const found = path.join(directory, 'node_modules', name);
  if (existsSync(found)) return realpathSync(found);
  const parent = path.dirname(directory);
  return parent === directory ? undefined : findDependency(parent, name);
};

/** Whether it comes with rkt, and changes when rkt does. */
const isOwn = (name: string, directory: string): boolean =>
  name.startsWith('@rkt/') &&
  ownTrees()
    .map((tree) => path.join(tree, name))
    .some((own) => existsSync(own) && realpathSync(own) === directory);
