import {readSync} from 'node:fs';
import type {MountFlag} from '../contract/step.ts';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

/*
 * The kernel's mount API on descriptors (linux/mount.h): what is mounted and where is fixed by open files, so no path is looked up twice.
 */

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_EMPTY_PATHS = 0x4 | 0x40;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG = {SET_FLAG: 0, SET_STRING: 1, SET_FD: 5, CMD_CREATE: 6} as const;
const MOUNT_ATTR_ATIME_MASK = 0x70;
const MOUNT_ATTR_IDMAP = 0x0010_0000;
const ATTRIBUTES: Readonly<Record<MountFlag, number>> = {ro: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8, noatime: 0x10};
const PROPAGATION = {private: 1 << 18, shared: 1 << 20, slave: 1 << 19} as const;

const attributeBits = (flags: readonly MountFlag[]): number => flags.reduce((bits, flag) => bits | ATTRIBUTES[flag], 0);

/** A detached copy of the mount that a file was opened on, with that file as its root; `recursive` copies the mounts below as well. */
export const openTree = (source: Fd, {recursive = false}: {recursive?: boolean} = {}): Fd => {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return new Fd(syscall('open_tree', [source.number, '', flags], source.path));
};

/** Attaches a detached mount (or moves an attached one) on top of an open file or directory. */
export const moveMount = (mount: Fd, target: Fd): void => {
  syscall('move_mount', [mount.number, '', target.number, '', MOVE_MOUNT_EMPTY_PATHS], target.path);
};

export interface MountAttributes {
  /** Flags to add; none is ever taken away. */
  readonly flags?: readonly MountFlag[];
  /** A mount that is not shared already gets peers of its own by `shared`. */
  readonly propagation?: keyof typeof PROPAGATION;
  /** A user namespace: what the file system has for its first id, the mount shows as the host's id that this one is. Once, on a detached mount (Linux 5.12). */
  readonly idMap?: Fd | undefined;
  /** Also the mounts below. Default false. */
  readonly recursive?: boolean;
}

/** `struct mount_attr` of linux/mount.h: attr_set, attr_clr, propagation, userns_fd, 64 bits each. */
export const encodeMountAttr = ({flags = [], propagation, idMap}: MountAttributes): Buffer => {
  const attributes = Buffer.alloc(32);
  const bits = attributeBits(flags) | (idMap === undefined ? 0 : MOUNT_ATTR_IDMAP);
  attributes.writeBigUInt64LE(BigInt(bits), 0);
  // The access time modes are a number, not bits: the kernel wants the old one cleared.
  attributes.writeBigUInt64LE(BigInt(flags.includes('noatime') ? MOUNT_ATTR_ATIME_MASK : 0), 8);
  attributes.writeBigUInt64LE(BigInt(propagation === undefined ? 0 : PROPAGATION[propagation]), 16);
  if (idMap !== undefined) attributes.writeBigUInt64LE(BigInt(idMap.number), 24);
  return attributes;
};

/** Changes the mount that `mount` is the root of; EINVAL if it is no root of a mount. */
export const setMountAttributes = (mount: Fd, attributes: MountAttributes): void => {
  const encoded = encodeMountAttr(attributes);
  const flags = AT_EMPTY_PATH | (attributes.recursive ? AT_RECURSIVE : 0);
  syscall('mount_setattr', [mount.number, '', flags, encoded, encoded.length], mount.path);
};

/** Parameters of a file system in order: text, an open file, or `true` for one without a value. A key may come several times. */
export type FileSystemOptions = readonly (readonly [key: string, value: string | Fd | true])[];

/** Mounts a fresh instance of a file system, detached. The errors carry what the file system said about it as `detail`. */
export const newFileSystem = (type: string, options: FileSystemOptions = [], flags: readonly MountFlag[] = []): Fd => {
  using context = new Fd(syscall('fsopen', [type, FSOPEN_CLOEXEC]));
  const logged = <T>(what: string, call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      throw new SyscallError(error.syscall, error.errno, what, contextLog(context));
    }
  };
  const configure = (command: number, key: string | null, value: string | null, aux: number): number =>
    syscall('fsconfig', [context.number, command, key, value, aux]);
  const source: FileSystemOptions[number] = ['source', type];
  for (const [key, value] of [source, ...options]) {
    logged(`${type} ${key}`, () => {
      if (value === true) return configure(FSCONFIG.SET_FLAG, key, null, 0);
      if (value instanceof Fd) return configure(FSCONFIG.SET_FD, key, null, value.number);
      return configure(FSCONFIG.SET_STRING, key, value, 0);
    });
  }
  logged(type, () => configure(FSCONFIG.CMD_CREATE, null, null, 0));
  return logged(type, () => new Fd(syscall('fsmount', [context.number, FSMOUNT_CLOEXEC, attributeBits(flags)])));
};

/** Whether this is how a kernel refuses descriptors as layers of an overlay: those before 6.13 do, those before 6.5 in another way. */
export const refusesDescriptors = (error: unknown): boolean => isErrno(error, 'EINVAL', 'EBADF', 'ENOTSUP');

// Each read of a file system context returns one message, `e overlay: …`; ENODATA ends them.
const contextLog = (context: Fd): string => {
  const messages: string[] = [];
  const buffer = Buffer.alloc(4096);
  while (messages.length < 16) {
    try {
      const length = readSync(context.number, buffer);
      if (length === 0) break;
      messages.push(
        buffer
          .toString('utf8', 0, length)
          .trim()
          .replace(/^[ewi] /, ''),
      );
    } catch {
      break;
    }
  }
  return messages.join('; ');
};

/** Flags that are the same bits for mount(2). */
type OldFlag = Exclude<MountFlag, 'noatime'>;

/** mount(2), for what the calls above cannot do on the kernels we support; `data` is at most a page. */
export const mountWithData = (type: string, target: Fd, data: string, flags: readonly OldFlag[] = []): void => {
  syscall('mount', [type, target.path, type, attributeBits(flags), data], target.path);
};

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** Unmounts what is on top at a path or what an open file is the root of, also while it is in use. A symlink is not followed. */
export const unmount = (target: string | Fd): void => {
  const [path, flags] = typeof target === 'string' ? [target, UMOUNT_NOFOLLOW] : [target.path, 0];
  syscall('umount2', [path, flags | MNT_DETACH]);
};

/**
 * Makes the root of a mount the root directory of this mount namespace and drops the old one with everything below it.
 * The working directory is the new `/` afterwards. Only in a private mount namespace.
 */
export const pivotRoot = (root: Fd): void => {
  syscall('fchdir', [root.number], root.path);
  // Stacked on the same directory, the old root needs no place in the new tree (pivot_root(2), "pivot_root(".", ".")").
  syscall('pivot_root', ['.', '.']);
  syscall('umount2', ['.', MNT_DETACH]);
  process.chdir('/');
};

/** Makes every mount of this mount namespace private: nothing that happens here reaches another namespace, nor the other way. */
export const makeAllPrivate = (): void => {
  const encoded = encodeMountAttr({propagation: 'private'});
  syscall('mount_setattr', [AT_FDCWD, '/', AT_RECURSIVE, encoded, encoded.length]);
};
