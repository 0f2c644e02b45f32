/** What an image may be compressed with (appc IM-05; zstd beyond it). */
export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

/** Bytes that {@link sniff} wants to see. */
export const SNIFF_BYTES = 6;

/** Told by the first bytes, whatever the name (appc IM-01). The scanner lets no tar pass that begins with any of these. */
export const sniff = (start: Buffer): Compression =>
  MAGIC.find(([, magic]) => start.subarray(0, magic.length).equals(magic))?.[0] ?? 'none';
