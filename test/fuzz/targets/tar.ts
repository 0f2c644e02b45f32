import {deepStrictEqual} from 'node:assert/strict';
import {END as ENDING, encodeEntry, paddingOf} from '../../../core/src/image/tar/encode.ts';
import type {TarEntry} from '../../../core/src/image/tar/entry.ts';
import {createTarScanner} from '../../../core/src/image/tar/scan.ts';
import {
  directory,
  END,
  file,
  gnuLong,
  header,
  manifest,
  pax,
  type RawHeader,
} from '../../../core/test/kernel/image/support/tar.ts';
import {mutateBytes, ODD} from '../mutate.ts';
import type {Random} from '../random.ts';
import type {Target} from '../target.ts';

interface Scanned {
  readonly entries: TarEntry[];
  readonly content: Map<string, Buffer>;
}

const scan = (archive: Buffer, pieces: number): Scanned => {
  const entries: TarEntry[] = [];
  const content = new Map<string, Buffer[]>();
  const scanner = createTarScanner({
    entry: (entry) => entries.push(entry),
    payload: (bytes, {path}) => content.set(path, [...(content.get(path) ?? []), Buffer.from(bytes)]),
  });
  for (let at = 0; at < archive.length; at += pieces) scanner.push(archive.subarray(at, at + pieces));
  scanner.end();
  return {entries, content: new Map([...content].map(([path, parts]) => [path, Buffer.concat(parts)]))};
};

/** What our own encoder makes of the entries. */
const encode = ({entries, content}: Scanned): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const body = entry.type === 'file' ? (content.get(entry.path) ?? Buffer.alloc(0)) : Buffer.alloc(0);
      return [encodeEntry(entry), body, paddingOf({size: body.length})];
    }),
    ENDING,
  ]);

const NAMES = [
  'a',
  'b',
  'b/c',
  'é',
  'e\u0301',
  '.',
  '..',
  'dev',
  'dev/null',
  'x'.repeat(120),
  '//a',
  'a/./b',
  'a/../b',
  './',
  ' ',
];
const TYPES = ['0', '1', '2', '3', '4', '5', '6', '0', '5', '2', '7', '\0', 'S', 'x', 'g', 'L', 'K', 'V'];
const NUMBERS = [
  '0000644\0',
  '-1',
  '7777777\0',
  ' 644 ',
  '0x1',
  '',
  '\x80\0\0\0\0\0\0\x01',
  '\xff\xff\xff\xff\xff\xff\xff\xff',
];

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** Nothing wrong with it, but for what stands before it. */
const plainEntry = (random: Random, count: number): Buffer => {
  const name = `rootfs/${count}${random.pick(['', 'x', latin1('é'), latin1('e\u0301'), '\xff', ' ', 'y'.repeat(80)])}`;
  const ids = {uid: random.below(70_000), gid: random.below(70_000), mode: random.below(0o10000)};
  const records = random.once(3)
    ? pax({
        ...(random.once(2) ? {mtime: `${random.below(2 ** 31)}.${random.below(1e9)}`} : {}),
        ...(random.once(2) ? {uid: String(random.below(2 ** 32 - 1))} : {}),
        'SCHILY.xattr.user.x': random.text(['a', '\0', '\n'], 9),
      })
    : Buffer.alloc(0);
  const entries = [
    () => file(name, random.text(['x', '\0'], 2000), ids),
    () => directory(`${name}/`, ids),
    () => header({name, type: '2', linkName: random.pick(['/', '..', 'a', '\xff'.repeat(100)]), ...ids}),
    () => header({name, type: '6', ...ids}),
    () => header({name, type: '3', major: 1, minor: 3, ...ids}),
  ];
  return Buffer.concat([records, random.pick(entries)()]);
};

const entryOf = (random: Random): Buffer => {
  const name = () =>
    latin1(`${random.once(4) ? random.pick(ODD) : 'rootfs/'}${random.pick(NAMES)}${random.once(4) ? '/' : ''}`);
  const number = (usual: number) =>
    random.once(6) ? random.pick(NUMBERS) : random.once(4) ? random.below(2 ** 31) : usual;
  const type = random.pick(TYPES);
  const body =
    type === '0' || random.once(12) ? Buffer.from(random.text(['x', '\0', '\n', 'ü'], 600)) : Buffer.alloc(0);
  const fields: RawHeader = {
    type,
    mode: number(0o755),
    uid: number(0),
    gid: number(0),
    mtime: number(1_000_000_000),
    linkName: random.once(3) ? '' : name().slice(0, 100),
    major: number(1),
    minor: number(3),
    ...(random.once(20) ? {size: number(0)} : {size: body.length}),
    ...(random.once(20) ? {prefix: name().slice(0, 155)} : {}),
    ...(random.once(20) ? {magic: random.pick(['ustar  \0', 'ustar\x0001', '\0\0\0\0\0\0\0\0'])} : {}),
    ...(random.once(30) ? {checksum: random.below(1000)} : {}),
  };
  const before = random.once(3)
    ? pax(
        Object.fromEntries(
          random.list(3, () => [
            random.pick([
              'path',
              'linkpath',
              'size',
              'uid',
              'gid',
              'mtime',
              'hdrcharset',
              'SCHILY.xattr.user.x',
              'GNU.sparse.major',
              'comment',
            ]),
            random.pick([name(), '0', '-1', '1.5', '99999999999999999999', 'BINARY', random.pick(ODD)]),
          ]),
        ),
        random.once(10) ? 'g' : 'x',
      )
    : random.once(10)
      ? gnuLong(random.pick(['L', 'K'] as const), name())
      : Buffer.alloc(0);
  return Buffer.concat([before, header({name: name().slice(0, 100), ...fields}), body, paddingOf({size: body.length})]);
};

/** Headers of archives: what is accepted means the same after our own encoder has written it, however it is cut into pieces. */
export const tar: Target = {
  name: 'tar',
  run(random) {
    let count = 0;
    const made = Buffer.concat([
      file('manifest', manifest()),
      directory('rootfs'),
      ...random.list(6, () => (random.once(8) ? entryOf(random) : plainEntry(random, ++count))),
      random.once(10) ? Buffer.alloc(random.below(1024)) : END,
    ]);
    const archive = random.once(5) ? mutateBytes(made, random, 6) : made;
    const scanned = scan(archive, archive.length);
    deepStrictEqual(scan(archive, 1 + random.below(700)), scanned);
    deepStrictEqual(scan(encode(scanned), 512), scanned);
  },
};
