import type {RktError} from '../../rkt-error.ts';
import {imageArchiveInvalid, imageLimitExceeded, imageNotAci, imageTruncated} from '../errors.ts';
import {TAR_LIMITS, type TarLimits} from '../limits.ts';
import {type Catalogue, createCatalogue} from './catalogue.ts';
import type {TarEntry} from './entry.ts';
import {BLOCK, type Header, parseHeader} from './header.ts';
import {type Extensions, makeEntry} from './make-entry.ts';
import {otherFile} from './other-file.ts';
import {checkGlobalPax, parsePax} from './pax.ts';
import {piecesOf, type SparseMap, storedBytes} from './sparse.ts';
import {gnuMapReader, type MapReader, paxMapReader} from './sparse-map.ts';

/*
 * A streaming reader of archives that refuses whatever two tools might read differently. An image is judged in the same pass that unpacks it: the
 * unpacker gets the entries that were reported here, written anew, and its result is compared with them.
 */

export interface TarHooks {
  /** Called when the header of an entry is complete and allowed, before its content. */
  entry?(entry: TarEntry): void;
  /** Everything that is not content of files: headers, padding, the end. Only valid during the call. */
  raw?(bytes: Buffer): void;
  /** Content of files, in parts, each with its offset in the file; holes of sparse files are passed over. Only valid during the call. */
  payload?(bytes: Buffer, entry: TarEntry, offset: number): void;
  /** With this, the stream holds no content (see tar-split.ts): called where it belongs. */
  fill?(entry: TarEntry): void;
}

export interface ScanOptions {
  /** Default {@link TAR_LIMITS}. */
  readonly limits?: TarLimits;
  /**
   * bsdtar made the archive of files of this host, which have attributes of the host's own (SELinux labels): these are left out, not refused. Their times are reported
   * as they are.
   */
  readonly fromHost?: boolean;
  /** The archive has what an overlay had above its layers, as `rootfs`, with its whiteouts and opaque directories, and no manifest. */
  readonly isUpper?: boolean;
}

export interface TarScanner {
  /** Takes the next bytes. */
  push(chunk: Buffer): void;
  /** Says that nothing follows. */
  end(): void;
  /** Content of `manifest`, after {@link end}. */
  readonly manifest: Buffer;
  /** Whether some directory is only implied by the names below it. */
  readonly implicit: boolean;
  /** What the archive makes, by path, in the order of its entries. */
  readonly made: Catalogue['made'];
  /** How many files, directories and pieces of sparse files that are. */
  readonly count: number;
}

type State = 'header' | 'extension' | 'map' | 'payload' | 'left-out' | 'padding' | 'second-zero' | 'end';

const ZEROS = Buffer.alloc(64 * 1024);
const isZero = (bytes: Buffer): boolean => {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (!part.equals(ZEROS.subarray(0, part.length))) return false;
  }
  return true;
};

/**
 * bsdtar finds out by itself what it is given: what begins like a compressed file, another kind of archive or a uuencoded text would be read as
 * such, and not as what was judged here. All these tell by the first bytes or by lines of text; names of extended headers are anybody's choice.
 */
const BEGINNING = /^(\.\/|\.\0|\._|manifest|rootfs|PaxHeader|pax_global_header)[^\n\r]*$/;
const foreign = (start: Buffer): RktError | undefined => {
  const what = otherFile(start);
  return what === undefined ? undefined : imageNotAci(what);
};
/** From there on the bytes of a header are fixed. */
const MAGIC_OFFSET = 257;

/** What bsdtar of macOS keeps of its own beside what it is of (AppleDouble). */
const OF_MACOS: ReadonlySet<string> = new Set(['._.', '._manifest', '._rootfs']);

const EXTENSION_TYPES: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K']);

export const createTarScanner = (
  hooks: TarHooks = {},
  {limits = TAR_LIMITS, fromHost = false, isUpper = false}: ScanOptions = {},
): TarScanner => {
  const catalogue = createCatalogue(limits);
  const block = Buffer.alloc(BLOCK);
  let state: State = 'header';
  let position = 0;
  let headers = 0;
  // Bytes still missing of what `state` reads, and padding after it.
  let missing = BLOCK;
  let padding = 0;
  let current: TarEntry | undefined;
  let extensionType = '';
  let extension: Buffer = Buffer.alloc(0);
  let extensions: Extensions = {};
  let isPax = false;
  // Of a sparse file whose map is being read: its header, and bytes of the map so far.
  let sparse: {readonly header: Header; readonly reader: MapReader; bytes: number} | undefined;
  let pieces = 0;
  let apparent = 0;
  // Of the current file: which piece, and how much of it has passed.
  let piece = 0;
  let passed = 0;
  const manifest: Buffer[] = [];
  // Bytes of the content of files that a stream without content leaves out.
  let filled = 0;

  const go = (next: State, bytes: number): void => {
    state = next;
    missing = bytes;
  };
  const afterContent = (): void => (padding > 0 ? go('padding', padding) : go('header', BLOCK));

  const startExtension = (type: string, size: number): void => {
    if (size < 0 || size > limits.extensionBytes)
      throw imageLimitExceeded('bytes of an extended header', limits.extensionBytes, size);
    const gnu = type === 'L' || type === 'K';
    const repeated = type === 'L' ? extensions.longName : type === 'K' ? extensions.longLink : extensions.pax;
    const mixed = gnu ? extensions.pax : (extensions.longName ?? extensions.longLink);
    if (type !== 'g' && (repeated !== undefined || mixed !== undefined)) {
      throw imageArchiveInvalid('an entry has several extended headers of a kind', position);
    }
    if (type === 'g' && Object.keys(extensions).length > 0) {
      throw imageArchiveInvalid('a global header stands between an extended header and its entry', position);
    }
    if (size === 0) throw imageArchiveInvalid('an extended header is empty', position);
    isPax ||= !gnu;
    extensionType = type;
    extension = Buffer.alloc(size);
    padding = (BLOCK - (size % BLOCK)) % BLOCK;
    go('extension', size);
  };

  const finishExtension = (): void => {
    if (extensionType === 'x') {
      const pax = parsePax(extension, fromHost);
      if (typeof pax === 'string') throw imageArchiveInvalid(pax, position);
      extensions = {pax};
    } else if (extensionType === 'g') {
      const problem = checkGlobalPax(extension);
      if (problem !== undefined) throw imageArchiveInvalid(problem, position);
    } else {
      const text = extension.toString(
        'latin1',
        0,
        extension[extension.length - 1] === 0 ? extension.length - 1 : undefined,
      );
      if (text.includes('\0') || text === '') throw imageArchiveInvalid('a GNU long name is malformed', position);
      extensions = extensionType === 'L' ? {...extensions, longName: text} : {...extensions, longLink: text};
    }
    afterContent();
  };

  const finishHeader = (bytes: Buffer): void => {
    if (bytes[0] === 0 && isZero(bytes)) {
      if (Object.keys(extensions).length > 0) throw imageArchiveInvalid('an extended header has no entry', position);
      go('second-zero', BLOCK);
      return;
    }
    if (++headers > limits.entries) throw imageLimitExceeded('entries', limits.entries);
    if (headers === 1 && !BEGINNING.test(bytes.toString('latin1', 0, MAGIC_OFFSET))) {
      throw foreign(bytes) ?? imageArchiveInvalid('it does not begin like an image', position);
    }
    const header = parseHeader(bytes);
    if (typeof header === 'string') throw imageArchiveInvalid(header, position);
    if (EXTENSION_TYPES.has(header.type)) {
      startExtension(header.type, header.size);
      return;
    }
    const {pax} = extensions;
    const most = limits.pieces - pieces;
    if (header.sparse?.more) startMap(header, gnuMapReader(header.sparse.pieces, most));
    else if (pax?.sparse !== undefined && pax.sparse.pieces === undefined) startMap(header, paxMapReader(most));
    else {
      const listed = header.sparse?.pieces ?? pax?.sparse?.pieces;
      startEntry(header, listed && {pieces: listed, stored: pax?.size ?? header.size});
    }
  };

  const startMap = (header: Header, reader: MapReader): void => {
    sparse = {header, reader, bytes: 0};
    go('map', BLOCK);
  };

  const finishMap = (bytes: Buffer): void => {
    if (sparse === undefined) throw new TypeError('a map of nothing');
    const {header, reader} = sparse;
    const more = reader.push(bytes);
    if (typeof more === 'string') throw imageArchiveInvalid(more, position);
    sparse.bytes += BLOCK;
    // Blocks of GNU's own are no part of the content.
    const size = extensions.pax?.size ?? header.size;
    const stored = header.sparse === undefined ? size - sparse.bytes : size;
    if (stored < 0) throw imageArchiveInvalid('the map of a sparse file is longer than what is there of it', position);
    if (more) go('map', BLOCK);
    else startEntry(header, {pieces: reader.pieces, stored});
  };

  const startEntry = (header: Header, map: SparseMap | undefined): void => {
    const made = makeEntry(header, extensions, {limits, offset: position, fromHost, isUpper, map, isPax});
    const stored = storedBytes(made);
    sparse = undefined;
    extensions = {};
    padding = (BLOCK - (stored % BLOCK)) % BLOCK;
    if (made.type === 'file' && OF_MACOS.has(made.path)) {
      if (stored > limits.extensionBytes)
        throw imageLimitExceeded('bytes of an extended header', limits.extensionBytes, stored, made.path);
      if (stored === 0) go('header', BLOCK);
      else go('left-out', stored);
      return;
    }
    pieces += made.pieces?.length ?? 0;
    if (pieces > limits.pieces) throw imageLimitExceeded('pieces of sparse files', limits.pieces);
    apparent += made.size;
    if (apparent > limits.apparentBytes)
      throw imageLimitExceeded('bytes of all files', limits.apparentBytes, undefined, made.path);
    const entry = catalogue.add(made);
    if (entry.path === 'manifest' && entry.size > limits.manifestBytes) {
      throw imageLimitExceeded('bytes of the manifest', limits.manifestBytes, entry.size);
    }
    if (position + filled + stored > limits.totalBytes)
      throw imageLimitExceeded('bytes of the archive', limits.totalBytes, undefined, entry.path);
    current = entry;
    piece = 0;
    passed = 0;
    hooks.entry?.(entry);
    if (stored === 0) go('header', BLOCK);
    else go('payload', stored);
  };

  /** Hands content on, cut where a hole is. */
  const pay = (entry: TarEntry, part: Buffer): void => {
    if (entry.path === 'manifest') manifest.push(Buffer.from(part));
    const all = piecesOf(entry);
    for (let at = 0; at < part.length; ) {
      const {offset, size} = all[piece] ?? {offset: 0, size: 0};
      const length = Math.min(size - passed, part.length - at);
      if (length <= 0) throw new TypeError('content beyond all pieces');
      hooks.payload?.(part.subarray(at, at + length), entry, offset + passed);
      at += length;
      passed += length;
      if (passed < size) continue;
      piece++;
      passed = 0;
    }
  };

  const finish = (bytes: Buffer): void => {
    switch (state) {
      case 'header':
        finishHeader(bytes);
        break;
      case 'extension':
        finishExtension();
        break;
      case 'map':
        finishMap(bytes);
        break;
      case 'payload':
      case 'left-out':
        afterContent();
        break;
      case 'padding':
        go('header', BLOCK);
        break;
      case 'second-zero':
        if (!isZero(bytes)) throw imageArchiveInvalid('data follows the end of the archive', position);
        go('end', Number.POSITIVE_INFINITY);
        break;
      case 'end':
        break;
      default:
        state satisfies never;
    }
  };

  const push = (chunk: Buffer): void => {
    let at = 0;
    let rawFrom = 0;
    const flushRaw = (to: number): void => {
      if (to > rawFrom) hooks.raw?.(chunk.subarray(rawFrom, to));
      rawFrom = to;
    };
    while (at < chunk.length) {
      const size = Math.min(missing, chunk.length - at);
      const part = chunk.subarray(at, at + size);
      let whole = part;
      if (state === 'payload') {
        if (current !== undefined) pay(current, part);
      } else if (state === 'extension') part.copy(extension, extension.length - missing);
      else if (state === 'end') {
        if (!isZero(part)) throw imageArchiveInvalid('data follows the end of the archive', position);
      } else if (state !== 'padding' && state !== 'left-out' && size < BLOCK) {
        part.copy(block, BLOCK - missing);
        whole = block;
      }
      const content = state === 'payload';
      if (content) rawFrom = at + size;
      at += size;
      position += size;
      missing -= size;
      if (position + filled > limits.totalBytes) throw imageLimitExceeded('bytes of the archive', limits.totalBytes);
      if (missing > 0) continue;
      finish(whole);
      if (state === 'payload' && !content) {
        flushRaw(at);
        if (hooks.fill !== undefined && current !== undefined) {
          hooks.fill(current);
          filled += storedBytes(current);
          afterContent();
        }
      }
    }
    flushRaw(at);
  };

  const end = (): void => {
    const other = headers === 0 && position < BLOCK ? foreign(block.subarray(0, position)) : undefined;
    if (other !== undefined) throw other;
    if (state !== 'end' || (position + filled) % BLOCK !== 0) throw imageTruncated(position);
    catalogue.complete({manifest: !isUpper});
  };

  return {
    push,
    end,
    get manifest() {
      return Buffer.concat(manifest);
    },
    get implicit() {
      return catalogue.implicit;
    },
    made: catalogue.made,
    get count() {
      return catalogue.made.size + pieces;
    },
  };
};
