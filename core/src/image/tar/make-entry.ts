import {imageArchiveInvalid, imageDeviceRefused, imageEntryRefused, imageLimitExceeded} from '../errors.ts';
import type {TarLimits} from '../limits.ts';
import type {TarEntry, TarEntryType} from './entry.ts';
import type {Header} from './header.ts';
import {normalizeName} from './normalize.ts';
import type {PaxAttributes} from './pax.ts';
import {judgeMap, type SparseMap} from './sparse.ts';

/** What headers before the entry's own said. */
export interface Extensions {
  /** GNU `L` and `K`. */
  readonly longName?: string;
  readonly longLink?: string;
  readonly pax?: PaxAttributes;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  S: 'file',
};

/** Devices that give no access to the host; the same in every container. Not the console and the terminals of the host, 5:1 and 5:2. */
const DEVICES = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0']);

/** What overlayfs has where something of the layers below has been removed. */
const WHITEOUT = '0:0';

const NO_XATTRS: TarEntry['xattrs'] = new Map();

/** (uid_t) -1 means "leave as it is" to chown(2). */
const MAX_ID = 2 ** 32 - 2;
/** What ext4 holds in an inode of 256 bytes. */
export const MTIME = {min: -(2 ** 31), max: 2 ** 34 - 2 ** 31 - 1} as const;

const checkNumbers = (
  path: string,
  header: Header,
  pax: PaxAttributes | undefined,
  {offset, fromHost}: EntryContext,
) => {
  const stored = pax?.size ?? header.size;
  const size = header.sparse?.realSize ?? pax?.sparse?.realSize ?? stored;
  const uid = pax?.uid ?? header.uid;
  const gid = pax?.gid ?? header.gid;
  const mtime = pax?.mtime ?? {seconds: header.mtime, nanoseconds: 0};
  if (stored < 0 || header.size < 0) throw imageArchiveInvalid('a header has a negative size', offset);
  if (header.mode < 0) throw imageArchiveInvalid('a header has a negative mode', offset);
  for (const id of [uid, gid]) {
    if (id < 0 || id > MAX_ID) throw imageEntryRefused(path, `${id} is not a user or group ID`);
  }
  if (!fromHost && (mtime.seconds < MTIME.min || mtime.seconds > MTIME.max)) {
    throw imageEntryRefused(path, 'its time of modification cannot be stored');
  }
  return {size, uid, gid, mtime, mode: header.mode & 0o7777};
};

const linkNameOf = (type: TarEntryType, path: string, raw: string, limits: TarLimits): string => {
  if (type === 'symlink') {
    if (raw === '') throw imageEntryRefused(path, 'a symlink without a target');
    if (raw.includes('\0')) throw imageEntryRefused(path, 'its target contains a NUL byte');
    if (raw.length > limits.symlinkBytes)
      throw imageLimitExceeded('bytes of a symlink', limits.symlinkBytes, raw.length);
    return raw;
  }
  if (type !== 'hardlink') return '';
  const target = normalizeName(raw, false, limits);
  if ('problem' in target) throw imageEntryRefused(path, `a hard link; of its target, ${target.problem}`);
  return target.path;
};

const checkXattrs = (
  path: string,
  xattrs: ReadonlyMap<string, Buffer>,
  type: TarEntryType,
  limits: TarLimits,
): void => {
  let bytes = 0;
  for (const [name, value] of xattrs) {
    bytes += name.length + value.length;
    // The kernel allows these on files and directories alone; a hard link is judged with its file.
    if (name.startsWith('user.') && !['file', 'directory', 'hardlink'].includes(type)) {
      throw imageEntryRefused(path, `a ${type} cannot have the extended attribute "${name}"`);
    }
  }
  if (bytes > limits.xattrBytes) throw imageLimitExceeded('bytes of extended attributes', limits.xattrBytes, bytes);
};

export interface EntryContext {
  readonly limits: TarLimits;
  /** For messages. */
  readonly offset: number;
  /** bsdtar tells of a file of this host, which has whatever time it has. */
  readonly fromHost: boolean;
  /** It is what an overlay had above its layers. */
  readonly isUpper: boolean;
  /** Of a sparse file. */
  readonly map: SparseMap | undefined;
  /** An extended header has been there: what is in the archive is in pax format. */
  readonly isPax: boolean;
}

/** Only a header of GNU's, or records, make a file sparse; not both. */
const isOfKnownType = ({type, sparse}: Header, pax: PaxAttributes | undefined): boolean =>
  (type === 'S') === (sparse !== undefined) &&
  (pax?.sparse === undefined || TYPES[type] === 'file') &&
  !(sparse && pax?.sparse);

/** The pieces of a sparse file, if it has holes. */
const sparseOf = (path: string, size: number, {map, limits, offset}: EntryContext): Pick<TarEntry, 'pieces'> => {
  if (size > limits.apparentBytes)
    throw imageLimitExceeded('bytes of all files', limits.apparentBytes, undefined, path);
  if (map === undefined) return {};
  const judged = judgeMap(map, size);
  if (typeof judged === 'string') throw imageArchiveInvalid(judged, offset);
  return judged.pieces === undefined ? {} : {pieces: judged.pieces};
};

/**
 * All tools take the size of a hard link for that of its file, with no content behind it; but for libarchive, in archives in pax format.
 */
const isOfFile = ({dialect}: Header, type: TarEntryType, {isPax}: EntryContext): boolean =>
  type === 'hardlink' && !(isPax && dialect === 'posix');

/** The entry that a header and what came before it describe; refuses what an image must not contain. */
export const makeEntry = (header: Header, extensions: Extensions, context: EntryContext): TarEntry => {
  const {limits} = context;
  const {longName, longLink, pax} = extensions;
  const rawName = pax?.sparse?.name ?? pax?.path ?? longName ?? header.name;
  const type = TYPES[header.type];
  if (type === undefined || !isOfKnownType(header, pax))
    throw imageEntryRefused(rawName, `entries of type ${JSON.stringify(header.type)} are not supported`);
  const name = normalizeName(rawName, type === 'directory', limits);
  if ('problem' in name) throw imageEntryRefused(rawName, name.problem);
  const {path} = name;
  const checked = checkNumbers(path, header, pax, context);
  const numbers = isOfFile(header, type, context) ? {...checked, size: 0} : checked;
  // Tools disagree on whether content follows these.
  if (type !== 'file' && (numbers.size !== 0 || (type !== 'hardlink' && header.size !== 0)))
    throw imageEntryRefused(path, `a ${type} of size ${numbers.size}`);
  // bsdtar tells what a file has with each of its names.
  const xattrs = (type === 'hardlink' && context.fromHost ? undefined : pax?.xattrs) ?? NO_XATTRS;
  checkXattrs(path, xattrs, type, limits);
  const linkName = linkNameOf(type, path, pax?.linkName ?? longLink ?? header.linkName, limits);
  const opaque = context.isUpper && type === 'directory' && pax?.isOpaque ? ({isOpaque: true} as const) : {};
  const entry = {path, type, ...numbers, ...sparseOf(path, numbers.size, context), linkName, xattrs, ...opaque};
  if (type !== 'char' && type !== 'block') return entry;
  const device = {major: header.deviceMajor, minor: header.deviceMinor};
  const number = `${device.major}:${device.minor}`;
  if (type === 'block' || !(DEVICES.has(number) || (context.isUpper && number === WHITEOUT))) {
    throw imageDeviceRefused(path, type, device.major, device.minor);
  }
  return {...entry, device};
};
