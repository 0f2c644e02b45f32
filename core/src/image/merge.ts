import type {ImageId} from '../contract/names.ts';
import {imageLimitExceeded} from './errors.ts';
import {RENDER_STEP_BYTES, RENDER_STEPS, TAR_LIMITS} from './limits.ts';
import {bytesOf} from './tar/catalogue.ts';
import type {TarEntry} from './tar/entry.ts';
import type {Visit, Whitelist} from './visits.ts';

/*
 * Rendering as a pure function: which path of the result comes from which image (appc EX-03 to EX-06). Paths are latin1, one character per byte.
 */

/** One path of a rendered tree. */
export interface Node {
  /** Where it comes from; `undefined` for a directory that is only implied. */
  from: {readonly id: ImageId; readonly entry: TarEntry} | undefined;
  /** `undefined` for what is not a directory. */
  children: Map<string, Node> | undefined;
}

/** What a visit lets pass: listed paths, and the directories that lead to them. */
interface Filter {
  allows(path: string, directory: boolean): boolean;
}

/** `undefined` for a path that no archive can have. */
const toArchivePath = (path: string): string | undefined => {
  const parts = Buffer.from(path)
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '');
  const archivePath = ['rootfs', ...parts].join('/');
  const {depth, pathBytes} = TAR_LIMITS;
  if (parts.length > depth || archivePath.length > pathBytes) return undefined;
  return parts.includes('.') || parts.includes('..') ? undefined : archivePath;
};

const filterOf = ({paths}: Whitelist): Filter => {
  const listed = new Set(paths.flatMap((path) => toArchivePath(path) ?? []));
  const parents = new Set(['rootfs']);
  for (const path of listed) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) parents.add(path.slice(0, at));
  }
  return {allows: (path, directory) => listed.has(path) || (directory && parents.has(path))};
};

export interface Merge {
  /** Lays the entries of one visit over what is there. */
  add(visit: Visit, entries: Iterable<TarEntry>): void;
  /** `rootfs` of the result. */
  readonly root: Node;
}

const emptyDirectory = (): Node => ({from: undefined, children: new Map()});

/** What an entry costs. */
const stepsOf = (entry: TarEntry, {whitelists}: Visit): number =>
  (1 + whitelists.length) * Math.ceil((entry.path.length + bytesOf(entry)) / RENDER_STEP_BYTES);

/** @param most steps, for tests */
export const createMerge = (most = RENDER_STEPS): Merge => {
  const root = emptyDirectory();
  const filters = new Map<string, Filter>();
  let nodes = 0;
  let steps = 0;
  const count = (): void => {
    if (++nodes > TAR_LIMITS.inodes) throw imageLimitExceeded('files and directories', TAR_LIMITS.inodes);
  };
  const compiled = (whitelist: Whitelist): Filter => {
    const filter = filters.get(whitelist.hash) ?? filterOf(whitelist);
    filters.set(whitelist.hash, filter);
    return filter;
  };

  return {
    root,
    add(visit, entries) {
      const own = visit.whitelists.map(compiled);
      const allows = (path: string, directory: boolean) => own.every((filter) => filter.allows(path, directory));
      // By path. Once an archive has something in a directory, nothing of it replaces that directory.
      const directories = new Map([['rootfs', root.children]]);
      /** What is in the directory at `path`, if that may be; what is in the way is replaced (appc EX-05, EX-06). */
      const childrenAt = (path: string): Node['children'] => {
        if (directories.has(path)) return directories.get(path);
        const {parent, name} = split(path);
        const siblings = childrenAt(parent);
        let found: Node | undefined;
        if (siblings !== undefined && allows(path, true)) {
          found = siblings.get(name);
          if (found?.children === undefined) {
            found = emptyDirectory();
            count();
            siblings.set(name, found);
          }
        }
        directories.set(path, found?.children);
        return found?.children;
      };
      for (const entry of entries) {
        steps += stepsOf(entry, visit);
        if (steps > most) throw imageLimitExceeded('entries of all dependencies', most);
        const from = {id: visit.id, entry};
        if (entry.path === 'rootfs') root.from = from;
        if (!entry.path.startsWith('rootfs/')) continue;
        const {parent, name} = split(entry.path);
        const siblings = childrenAt(parent);
        const directory = entry.type === 'directory';
        if (siblings === undefined || !allows(entry.path, directory)) continue;
        const before = siblings.get(name);
        if (before === undefined) count();
        const children = directory ? (before?.children ?? new Map<string, Node>()) : undefined;
        siblings.set(name, {from, children});
      }
    },
  };
};

const split = (path: string): {readonly parent: string; readonly name: string} => {
  const at = path.lastIndexOf('/');
  return {parent: path.slice(0, at), name: path.slice(at + 1)};
};
