import type {Piece} from './sparse.ts';

/** What extended headers change about the entry after them. Text is latin1. */
export interface PaxAttributes {
  path?: string;
  linkName?: string;
  /** Infinite when it is more than can be counted. */
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: {seconds: number; nanoseconds: number};
  readonly xattrs: Map<string, Buffer>;
  /** Overlayfs does not look below this directory (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"). */
  isOpaque?: true;
  readonly sparse?: PaxSparse;
}

/** What GNU's records say of a sparse file, in the formats 0.0, 0.1 and 1.0. */
export interface PaxSparse {
  /** The header has another name then, for who does not know these records. */
  readonly name?: string;
  readonly realSize: number;
  /** `undefined`: the map stands before the content. */
  readonly pieces: readonly Piece[] | undefined;
}

const decimal = (value: string): number | undefined => {
  if (!/^[0-9]{1,19}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
};

const time = (value: string, lenient: boolean): PaxAttributes['mtime'] => {
  const match = /^(-?[0-9]{1,19})(?:\.([0-9]{1,32}))?$/.exec(value);
  if (match === null) return undefined;
  const fraction = (match[2] ?? '').slice(0, 9).padEnd(9, '0');
  const nanoseconds = Number(fraction);
  // Tools disagree on which way the fraction of a negative time counts; for bsdtar it is forward.
  if (match[1]?.startsWith('-') && nanoseconds !== 0 && !lenient) return undefined;
  // `+ 0` because `-0` is no time of its own.
  return {seconds: Number(match[1]) + 0, nanoseconds};
};

/** Records that change nothing that is kept. */
const IGNORED = new Set([
  'atime',
  'ctime',
  'comment',
  'gname',
  'uname',
  'charset',
  'LIBARCHIVE.creationtime',
  'SCHILY.dev',
  'SCHILY.ino',
  'SCHILY.nlink',
]);
/** GNU tar and libarchive write these where nothing needs to be said. */
const EMPTY_ONLY = new Set(['SCHILY.fflags']);
const SPARSE = 'GNU.sparse.';
const CHARSETS = new Set(['ISO-IR 10646 2000 UTF-8', 'BINARY']);

/** Attributes of macOS, which say nothing here. */
const isForeign = (name: string): boolean => name.startsWith('com.apple.');

/**
 * Extended attributes that an image may carry. `trusted.` and `system.` are the host's; `user.overlay.` would be read by overlayfs.
 */
const xattrAllowed = (name: string): boolean =>
  name === 'security.capability' || (/^user\.[^\0]+$/.test(name) && !name.startsWith('user.overlay.'));

/** Overlayfs has it on such a directory, with the value `y`. */
export const OPAQUE = 'trusted.overlay.opaque';

const addXattr = (attributes: PaxAttributes, name: string, value: Buffer, lenient: boolean): string | undefined => {
  if (name === OPAQUE && value.toString('latin1') === 'y') attributes.isOpaque = true;
  if (isForeign(name) || (lenient && !xattrAllowed(name))) return undefined;
  if (name.length > 255 || !xattrAllowed(name)) return `the extended attribute "${name}" is not allowed in an image`;
  const earlier = attributes.xattrs.get(name);
  if (earlier !== undefined && !earlier.equals(value)) return `the extended attribute "${name}" has two values`;
  attributes.xattrs.set(name, value);
  return undefined;
};

const libarchiveXattr = (
  attributes: PaxAttributes,
  key: string,
  value: Buffer,
  lenient: boolean,
): string | undefined => {
  const encoded = key.slice('LIBARCHIVE.xattr.'.length);
  if (!/^([^%\0]|%[0-9A-Fa-f]{2})+$/.test(encoded)) return `the record "${key}" is malformed`;
  const name = encoded.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const base64 = value.toString('latin1');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return `the record "${key}" is malformed`;
  return addXattr(attributes, name, Buffer.from(base64, 'base64'), lenient);
};

const apply = (attributes: PaxAttributes, key: string, value: Buffer, lenient: boolean): string | undefined => {
  if (key.startsWith('SCHILY.xattr.')) {
    return addXattr(attributes, key.slice('SCHILY.xattr.'.length), Buffer.from(value), lenient);
  }
  if (key.startsWith('LIBARCHIVE.xattr.')) return libarchiveXattr(attributes, key, value, lenient);
  if (lenient && key === 'RHT.security.selinux') return undefined;
  if (IGNORED.has(key) || (EMPTY_ONLY.has(key) && value.length === 0)) return undefined;
  const text = value.toString('latin1');
  switch (key) {
    case 'path':
      attributes.path = text;
      return undefined;
    case 'linkpath':
      attributes.linkName = text;
      return undefined;
    case 'hdrcharset':
      return CHARSETS.has(text) ? undefined : `the character set "${text}" is unknown`;
    case 'mtime': {
      const mtime = time(text, lenient);
      if (mtime !== undefined) attributes.mtime = mtime;
      return mtime === undefined ? 'the record "mtime" is malformed' : undefined;
    }
    case 'size':
    case 'uid':
    case 'gid': {
      const number = decimal(text);
      if (number === undefined || (number === Number.POSITIVE_INFINITY && key !== 'size'))
        return `the record "${key}" is malformed`;
      attributes[key] = number;
      return undefined;
    }
    default:
      return `the record "${key}" is not supported`;
  }
};

/** Format 0.0 has these once for each piece of a file. */
const REPEATED = new Set(['GNU.sparse.offset', 'GNU.sparse.numbytes']);

/** Takes the records of sparse files out of all records; a string says what is wrong with them. */
const sparseOf = (records: readonly [string, Buffer][]): PaxSparse | string | undefined => {
  const own = records.flatMap(([key, value]): [string, string][] =>
    key.startsWith(SPARSE) ? [[key.slice(SPARSE.length), value.toString('latin1')]] : [],
  );
  if (own.length === 0) return undefined;
  const {major = '0', minor = '0', name, size, realsize = size, numblocks, map, ...others} = Object.fromEntries(own);
  const version = `${major}.${minor}`;
  const realSize = decimal(realsize ?? '');
  const known = Object.keys(others).every((key) => REPEATED.has(SPARSE + key));
  if (!known || realSize === undefined || (size ?? realsize) !== realsize)
    return 'the records of a sparse file contradict each other';
  const named = {realSize, ...(name === undefined ? {} : {name})};
  const listed = own.filter(([key]) => REPEATED.has(SPARSE + key));
  if (version === '1.0') {
    const more = map ?? numblocks ?? listed[0];
    return more === undefined ? {...named, pieces: undefined} : 'the records of a sparse file contradict each other';
  }
  if (version !== '0.0' && version !== '0.1')
    return `sparse files of version ${JSON.stringify(version)} are not supported`;
  if (map !== undefined && listed.length > 0) return 'the records of a sparse file contradict each other';
  const alternate = listed.every(([key], index) => key === (index % 2 === 0 ? 'offset' : 'numbytes'));
  const texts = map === undefined ? listed.map(([, text]) => text) : map === '' ? [] : map.split(',');
  const numbers = texts.map(decimal);
  if (!alternate || numbers.length % 2 !== 0 || numbers.includes(undefined))
    return 'the map of a sparse file is malformed';
  if (numblocks !== undefined && decimal(numblocks) !== numbers.length / 2)
    return 'the map of a sparse file has another length than its records say';
  const pieces = Array.from({length: numbers.length / 2}, (_, index) => ({
    offset: numbers[2 * index] ?? 0,
    size: numbers[2 * index + 1] ?? 0,
  }));
  return {...named, pieces};
};

/** Splits `LENGTH KEY=VALUE\n` records; a string says what is wrong. A key twice is an error: tools disagree on which one counts. */
const split = (content: Buffer): [string, Buffer][] | string => {
  const records: [string, Buffer][] = [];
  const seen = new Set<string>();
  let at = 0;
  while (at < content.length) {
    const blank = content.indexOf(0x20, at);
    if (blank === -1 || blank - at > 8) return 'an extended header is malformed';
    const digits = content.toString('latin1', at, blank);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]*$/.test(digits) || end > content.length || end <= blank + 1 || content[end - 1] !== 0x0a) {
      return 'an extended header has a record of wrong length';
    }
    const equals = content.indexOf(0x3d, blank);
    if (equals === -1 || equals >= end || equals === blank + 1) return 'an extended header has a record without a key';
    const key = content.toString('latin1', blank + 1, equals);
    if (seen.has(key) && !REPEATED.has(key)) return `an extended header has the record "${key}" twice`;
    seen.add(key);
    records.push([key, content.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
};

/**
 * Parses the content of an `x` header (POSIX.1-2001 pax); a string says what is wrong with it.
 * @param lenient bsdtar wrote it of files of this host: leave out the extended attributes that an image cannot have, instead of refusing them
 */
export const parsePax = (content: Buffer, lenient = false): PaxAttributes | string => {
  const records = split(content);
  if (typeof records === 'string') return records;
  const sparse = sparseOf(records);
  if (typeof sparse === 'string') return sparse;
  const attributes: PaxAttributes = {xattrs: new Map(), ...(sparse === undefined ? {} : {sparse})};
  for (const [key, value] of records) {
    if (key.startsWith(SPARSE)) continue;
    const problem = apply(attributes, key, value, lenient);
    if (problem !== undefined) return problem;
  }
  return attributes;
};

/** A `g` header speaks for all entries after it, and tools disagree on whether to listen: only comments pass. */
export const checkGlobalPax = (content: Buffer): string | undefined => {
  const records = split(content);
  if (typeof records === 'string') return records;
  const refused = records.find(([key]) => key !== 'comment');
  return refused === undefined ? undefined : `a global extended header sets "${refused[0]}"`;
};
