/*
 * Archives made byte by byte, so that every field can be wrong.
 */

export interface RawHeader {
  readonly name?: string;
  readonly prefix?: string;
  readonly type?: string;
  readonly size?: number | string;
  readonly mode?: number | string;
  readonly uid?: number | string;
  readonly gid?: number | string;
  readonly mtime?: number | string;
  readonly linkName?: string;
  readonly magic?: string;
  readonly major?: number | string;
  readonly minor?: number | string;
  /** Offsets and sizes of a sparse file in GNU's own header, whether more follow, and the size of the file. */
  readonly sparse?: {readonly pieces: readonly number[]; readonly more?: boolean; readonly realSize: number};
  /** Instead of the right one. */
  readonly checksum?: number;
}

const BLOCK = 512;

/** Numbers as octal digits, texts (latin1) as they stand. */
export const header = (fields: RawHeader): Buffer => {
  const block = Buffer.alloc(BLOCK);
  const put = (value: number | string, offset: number, length: number) => {
    const text = typeof value === 'string' ? value : `${value.toString(8).padStart(length - 1, '0')}\0`;
    block.write(text, offset, length, 'latin1');
  };
  put(fields.name ?? '', 0, 100);
  put(fields.mode ?? 0o644, 100, 8);
  put(fields.uid ?? 0, 108, 8);
  put(fields.gid ?? 0, 116, 8);
  put(fields.size ?? 0, 124, 12);
  put(fields.mtime ?? 1_000_000_000, 136, 12);
  put(fields.type ?? '0', 156, 1);
  put(fields.linkName ?? '', 157, 100);
  put(fields.magic ?? 'ustar\x0000', 257, 8);
  put(fields.major ?? 0, 329, 8);
  put(fields.minor ?? 0, 337, 8);
  put(fields.prefix ?? '', 345, 155);
  fields.sparse?.pieces.forEach((value, index) => {
    put(value, 386 + 12 * index, 12);
  });
  if (fields.sparse?.more) block[482] = 1;
  if (fields.sparse) put(fields.sparse.realSize, 483, 12);
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  put(`${(fields.checksum ?? sum).toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
};

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);

const bytes = (content: string | Buffer): Buffer =>
  typeof content === 'string' ? Buffer.from(content, 'latin1') : content;

export const file = (name: string, content: string | Buffer = '', fields: RawHeader = {}): Buffer =>
  Buffer.concat([header({name, size: bytes(content).length, ...fields}), padded(bytes(content))]);
export const directory = (name: string, fields: RawHeader = {}): Buffer =>
  header({name, type: '5', mode: 0o755, ...fields});
export const symlink = (name: string, linkName: string, fields: RawHeader = {}): Buffer =>
  header({name, type: '2', mode: 0o777, linkName, ...fields});
export const hardlink = (name: string, linkName: string, fields: RawHeader = {}): Buffer =>
  header({name, type: '1', linkName, ...fields});
export const fifo = (name: string, fields: RawHeader = {}): Buffer => header({name, type: '6', ...fields});
export const device = (name: string, type: '3' | '4', major: number, minor: number, fields: RawHeader = {}): Buffer =>
  header({name, type, major, minor, mode: 0o666, ...fields});

/** `LENGTH KEY=VALUE\n` */
export const record = (key: string, value: string | Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), bytes(value), Buffer.from('\n')]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
};
/** An extended header before its entry. */
export const pax = (records: Readonly<Record<string, string | Buffer>>, type: 'x' | 'g' = 'x'): Buffer =>
  file('PaxHeaders/x', Buffer.concat(Object.entries(records).map(([key, value]) => record(key, value))), {type});
/** GNU `L` (name) or `K` (target). */
export const gnuLong = (type: 'L' | 'K', text: string): Buffer =>
  file('././@LongLink', `${text}\0`, {type, magic: 'ustar  \0', mode: 0});

/** Records in which a key may come again. */
export const paxList = (records: readonly (readonly [string, string])[]): Buffer =>
  file('PaxHeaders/x', Buffer.concat(records.map(([key, value]) => record(key, value))), {type: 'x'});

/** A block of the map of a sparse file that goes on after GNU's own header. */
export const gnuMap = (pieces: readonly number[], more = false): Buffer => {
  const block = Buffer.alloc(BLOCK);
  for (const [index, value] of pieces.entries())
    block.write(`${value.toString(8).padStart(11, '0')}\0`, 12 * index, 'latin1');
  if (more) block[504] = 1;
  return block;
};

/** A sparse file in GNU's format 1.0. `map`: number of pieces, offsets and sizes; a text as it stands. */
export const sparse = (
  name: string,
  realSize: number | string,
  map: readonly number[] | string,
  content = '',
  fields: RawHeader = {},
): Buffer => {
  const text = typeof map === 'string' ? map : `${map.join('\n')}\n`;
  return Buffer.concat([
    pax({
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': name,
      'GNU.sparse.realsize': String(realSize),
    }),
    file('rootfs/GNUSparseFile.0/x', Buffer.concat([padded(Buffer.from(text)), Buffer.from(content)]), fields),
  ]);
};

export const END = Buffer.alloc(2 * BLOCK);

export const manifest = (fields: Readonly<Record<string, unknown>> = {}): Buffer =>
  Buffer.from(JSON.stringify({acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/hostile', ...fields}));

/** Of an image that runs here. */
export const LABELS = [
  {name: 'os', value: 'linux'},
  {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
] as const;

/** A whole image with these entries besides the two that every image has. */
export const image = (...entries: readonly Buffer[]): Buffer =>
  Buffer.concat([file('manifest', manifest()), directory('rootfs'), ...entries, END]);

/** The same with a manifest of its own. */
export const imageOf = (fields: Readonly<Record<string, unknown>>, ...entries: readonly Buffer[]): Buffer =>
  Buffer.concat([file('manifest', manifest(fields)), directory('rootfs'), ...entries, END]);
