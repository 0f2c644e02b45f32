import type {Fd} from './fd.ts';
import {syscall} from './libc.ts';

export interface DirectoryEntry {
  /** Bytes: a name need not be UTF-8. */
  readonly name: Buffer;
  /** `unknown` where the file system does not say. */
  readonly type: 'directory' | 'symlink' | 'other' | 'unknown';
}

/** dirent.h */
const TYPES: Readonly<Record<number, DirectoryEntry['type']>> = {0: 'unknown', 4: 'directory', 10: 'symlink'};

/** Entries in `struct linux_dirent64`: inode and offset (8 bytes each), length (2), type (1), name up to a NUL. */
export const parseEntries = (buffer: Buffer): DirectoryEntry[] => {
  const entries: DirectoryEntry[] = [];
  for (let offset = 0; offset < buffer.length; ) {
    const length = buffer.readUInt16LE(offset + 16);
    const end = buffer.indexOf(0, offset + 19);
    const name = Buffer.from(buffer.subarray(offset + 19, end));
    if (name.toString('latin1') !== '.' && name.toString('latin1') !== '..') {
      entries.push({name, type: TYPES[buffer.readUInt8(offset + 18)] ?? 'other'});
    }
    offset += length;
  }
  return entries;
};

let shared: Buffer | undefined;

/** The next entries of a directory opened for reading, in no order; `undefined` at its end. One call takes a bounded amount of memory. */
export const nextEntries = (directory: Fd): DirectoryEntry[] | undefined => {
  // Names are copied out before anyone else can use it again.
  shared ??= Buffer.alloc(32 * 1024);
  const buffer = shared;
  const length = syscall('getdents64', [directory.number, buffer, buffer.length], directory.path);
  return length === 0 ? undefined : parseEntries(buffer.subarray(0, length));
};
