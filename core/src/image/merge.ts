import type {ImageId} from '../contract/names.ts';
import {imageLimitExceeded} from './errors.ts';
import {TAR_LIMITS} from './limits.ts';
import type {TarEntry} from './tar/entry.ts';
import type {Visit} from './visits.ts';

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
  return parts.includes('.') || parts.includes('..') ? undefined : ['rootfs', ...parts].join('/');
};

const filterOf = (whitelist: readonly string[]): Filter => {
  const listed = new Set(whitelist.flatMap((path) => toArchivePath(path) ?? []));
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

export const createMerge = (): Merge => {
  const root = emptyDirectory();
  let nodes = 0;
  const count = (): void => {
    if (++nodes > TAR_LIMITS.inodes) throw imageLimitExceeded('files and directories', TAR_LIMITS.inodes);
  };

  /** The directory at `path`, as far as it is one; what is in the way is replaced (appc EX-05, EX-06). */
  const directoryAt = (parts: readonly string[], allowed: (path: string) => boolean): Node | undefined => {
    let node = root;
    let path = 'rootfs';
    for (const part of parts) {
      path = `${path}/${part}`;
      if (!allowed(path)) return undefined;
      const next = node.children?.get(part);
      if (next?.children !== undefined) node = next;
      else {
        const made = emptyDirectory();
        count();
        node.children?.set(part, made);
        node = made;
      }
    }
    return node;
  };

  return {
    root,
    add(visit, entries) {
      const filters = visit.whitelists.map(filterOf);
      const allows = (path: string, directory: boolean) => filters.every((filter) => filter.allows(path, directory));
      for (const entry of entries) {
        const from = {id: visit.id, entry};
        if (entry.path === 'rootfs') root.from = from;
        if (!entry.path.startsWith('rootfs/')) continue;
        const parts = entry.path.split('/').slice(1);
        const name = parts.pop() ?? '';
        const parent = directoryAt(parts, (path) => allows(path, true));
        const directory = entry.type === 'directory';
        if (parent?.children === undefined || !allows(entry.path, directory)) continue;
        const before = parent.children.get(name);
        if (before === undefined) count();
        const children = directory ? (before?.children ?? new Map<string, Node>()) : undefined;
        parent.children.set(name, {from, children});
      }
    },
  };
};
