import type {TarEntry, TarEntryType} from './entry.ts';
import {BLOCK, checksum} from './header.ts';
import {storedBytes} from './sparse.ts';

const TYPES: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Largest values of octal fields of 7 and 11 digits. */
const MAX_SHORT = 0o7777777;
const MAX_LONG = 0o77777777777;

const block = (entry: Omit<TarEntry, 'type'>, type: string): Buffer => {
  const bytes = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number) =>
    bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, offset, 'latin1');
  bytes.write(entry.path.slice(0, 100), 0, 'latin1');
  octal(entry.mode, 100, 7);
  octal(Math.min(entry.uid, MAX_SHORT), 108, 7);
  octal(Math.min(entry.gid, MAX_SHORT), 116, 7);
  octal(Math.min(entry.size, MAX_LONG), 124, 11);
  octal(Math.min(Math.max(entry.mtime.seconds, 0), MAX_LONG), 136, 11);
  bytes.write(type, 156, 'latin1');
  bytes.write(entry.linkName.slice(0, 100), 157, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(entry.device?.major ?? 0, 329, 7);
  octal(entry.device?.minor ?? 0, 337, 7);
  bytes.write(`${checksum(bytes).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
};

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
const record = (key: string, value: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
};

/** Names of attributes that all tools read alike. */
const PLAIN = /^[!-~]+$/;
const AMBIGUOUS = /[%=]/;

/** SCHILY.xattr, which is what most tools know, has no way to write `=`, and tools disagree on `%`; the other record encodes names and values. */
const xattrRecord = (name: string, value: Buffer): Buffer => {
  if (PLAIN.test(name) && !AMBIGUOUS.test(name)) return record(`SCHILY.xattr.${name}`, value);
  const encoded = name.replace(
    /[^!-~]|[%=]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return record(`LIBARCHIVE.xattr.${encoded}`, Buffer.from(value.toString('base64').replace(/=+$/, '')));
};

const isUtf8 = (text: string): boolean => {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
};

/** @param size bytes behind the header */
const records = (entry: TarEntry, path: string, size: number, binary: boolean): Buffer[] => {
  const {linkName, uid, gid, mtime, xattrs, pieces} = entry;
  const list: Buffer[] = [];
  const text = (key: string, value: string) => list.push(record(key, Buffer.from(value, 'latin1')));
  const longs = [path, linkName].filter((name) => name.length > 100 || (pieces !== undefined && name === path));
  if (binary ? longs.length > 0 : !longs.every(isUtf8)) text('hdrcharset', 'BINARY');
  if (pieces !== undefined) {
    text('GNU.sparse.major', '1');
    text('GNU.sparse.minor', '0');
    text('GNU.sparse.name', path);
    text('GNU.sparse.realsize', String(entry.size));
  } else if (path.length > 100) text('path', path);
  if (linkName.length > 100) text('linkpath', linkName);
  if (uid > MAX_SHORT) text('uid', String(uid));
  if (gid > MAX_SHORT) text('gid', String(gid));
  if (size > MAX_LONG) text('size', String(size));
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > MAX_LONG) {
    text('mtime', `${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, '0')}`);
  }
  for (const name of [...xattrs.keys()].sort()) list.push(xattrRecord(name, xattrs.get(name) ?? Buffer.alloc(0)));
  return list;
};

/** Of a sparse file, in GNU's format 1.0: the map that stands before its content. A piece of nothing says where it ends, as GNU tar has it. */
const mapOf = ({pieces, size}: TarEntry): Buffer => {
  if (pieces === undefined) return Buffer.alloc(0);
  const last = pieces.at(-1);
  const all = last !== undefined && last.offset + last.size === size ? pieces : [...pieces, {offset: size, size: 0}];
  const lines = [all.length, ...all.flatMap((piece) => [piece.offset, piece.size])];
  const map = Buffer.from(`${lines.join('\n')}\n`);
  return Buffer.concat([map, padding(map.length)]);
};

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** Zeros that follow the content of an entry. */
export const paddingOf = (entry: Pick<TarEntry, 'pieces' | 'size'>): Buffer => padding(storedBytes(entry));

/** Where the header of a sparse file has its name when the records are not understood. */
const SPARSE_NAME = 'GNUSparseFile.0/file';

/** The end of an archive. */
export const END = Buffer.alloc(2 * BLOCK);

/** Of a header that is not an entry's own. */
const OWN = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
} as const;
const extension = (path: string, type: 'x' | 'g', content: Buffer): Buffer =>
  Buffer.concat([block({...OWN, path, size: content.length}, type), content, padding(content.length)]);

/**
 * Before the first entry of what a tool is given that finds out by itself what it has been given: a name can be a uuencoded archive of another kind, which libarchive would read
 * in its place (S27).
 */
export const START = extension('pax_global_header', 'g', record('comment', Buffer.from('rkt')));

/**
 * All that stands before the content of an entry: its header in ustar, with what does not fit in a pax header before it, and the map of a sparse file after it. The same entry always gives the same bytes.
 * @param binary declare every name to be bytes. libarchive takes names of pax headers for text otherwise, and writes another spelling of it (NFC)
 */
export const encodeEntry = (entry: TarEntry, {binary = false}: {readonly binary?: boolean} = {}): Buffer => {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const map = mapOf(entry);
  const size = map.length + storedBytes(entry);
  const header = block({...entry, path: entry.pieces === undefined ? path : SPARSE_NAME, size}, TYPES[entry.type]);
  const extended = Buffer.concat(records(entry, path, size, binary));
  if (extended.length === 0) return header;
  return Buffer.concat([extension('PaxHeaders/entry', 'x', extended), header, map]);
};
