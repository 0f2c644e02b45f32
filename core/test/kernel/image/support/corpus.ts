import {
  device,
  directory,
  END,
  fifo,
  file,
  gnuLong,
  gnuMap,
  hardlink,
  header,
  image,
  manifest,
  pax,
  paxList,
  record,
  sparse,
  symlink,
} from './tar.ts';

/** An archive that must be refused, or must be harmless. */
export interface Case {
  readonly title: string;
  readonly archive: Buffer;
  /** The error; absent: it is allowed. */
  readonly code?: string;
}

const refused = (code: string, title: string, archive: Buffer): Case => ({title, archive, code});
const entry = (title: string, ...entries: Buffer[]): Case =>
  refused('RKT_IMAGE_ENTRY_REFUSED', title, image(...entries));
const invalid = (title: string, ...entries: Buffer[]): Case =>
  refused('RKT_IMAGE_ARCHIVE_INVALID', title, image(...entries));
const layout = (title: string, archive: Buffer): Case => refused('RKT_IMAGE_LAYOUT_INVALID', title, archive);
const allowed = (title: string, ...entries: Buffer[]): Case => ({title, archive: image(...entries)});

/** Type flags that mean something harmless; all others are refused. */
const TYPES = new Set(['0', '\0', '1', '2', '3', '4', '5', '6', 'g', 'x', 'L', 'K']);
const typeFlags: Case[] = Array.from({length: 128}, (_, code) => String.fromCharCode(code))
  .filter((type) => !TYPES.has(type))
  .map((type) => entry(`type flag ${JSON.stringify(type)}`, file('rootfs/x', '', {type})));

const base256 = (value: number, length: number): string => {
  const field = Buffer.alloc(length);
  field.writeBigInt64BE(BigInt(value), length - 8);
  if (value < 0) field.fill(0xff, 0, length - 8);
  field[0] = (field[0] ?? 0) | 0x80;
  return field.toString('latin1');
};

const MiB = 2 ** 20;
const gnu = (pieces: readonly number[], realSize: number, more = false) =>
  ({type: 'S', magic: 'ustar  \0', sparse: {pieces, realSize, more}}) as const;

/** Maps that are not those of what follows them, in each of the formats. */
const sparseCases: Case[] = [
  ...(
    [
      ['overlapping pieces', [2, 0, 2, 1, 2], 'abcd'],
      ['pieces out of order', [2, 10, 2, 0, 2], 'abcd'],
      ['a piece beyond the end', [1, MiB - 1, 2], 'ab'],
      ['a piece that begins beyond the end', [2, 0, 1, MiB + 1, 0], 'a'],
      ['more content than pieces', [1, 0, 2], 'abc'],
      ['less content than pieces', [1, 0, 3], 'ab'],
      ['a piece of 8 EiB', '1\n0\n9223372036854775807\n', 'ab'],
      ['a negative offset', '1\n-1\n2\n', 'ab'],
      ['a number of digits without end', '1'.repeat(511), ''],
      ['an empty line', '1\n\n2\n', 'ab'],
      ['a map that does not end', '3\n0\n1\n', ''],
      ['a map longer than what is there', `${200}\n${'0\n0\n'.repeat(199)}`, ''],
    ] as const
  ).map(([title, map, content]) => invalid(`S27 sparse 1.0: ${title}`, sparse('rootfs/x', MiB, map, content))),
  refused('RKT_IMAGE_LIMIT_EXCEEDED', 'S10 sparse 1.0: pieces', image(sparse('rootfs/x', MiB, '99999999\n'))),
  refused('RKT_IMAGE_LIMIT_EXCEEDED', 'S10 sparse: a file of 8 TiB', image(sparse('rootfs/x', 2 ** 43, [0]))),
  refused('RKT_IMAGE_LIMIT_EXCEEDED', 'S10 sparse: beyond a double', image(sparse('rootfs/x', '9'.repeat(19), [0]))),
  entry('sparse: a name that leads out', sparse('../x', MiB, [0])),
  entry('sparse: a directory', sparse('rootfs/x', MiB, [0], '', {type: '5'})),
  entry('sparse: in two ways', pax({'GNU.sparse.size': '10', 'GNU.sparse.map': ''}), file('rootfs/x', '', gnu([], 10))),
  entry('sparse: of another dialect', file('rootfs/x', '', {...gnu([], 10), magic: 'ustar\x0000'})),
  refused('RKT_IMAGE_DUPLICATE_ENTRY', 'sparse: twice', image(file('rootfs/x'), sparse('rootfs/x', MiB, [0]))),
  layout('IM-03 sparse: the manifest', Buffer.concat([sparse('manifest', 9, [0]), directory('rootfs'), END])),
  ...(
    [
      ['no size', [['map', '0,1']]],
      [
        'two sizes',
        [
          ['size', '9'],
          ['realsize', '8'],
          ['map', ''],
        ],
      ],
      [
        'an odd map',
        [
          ['size', '9'],
          ['map', '0'],
        ],
      ],
      [
        'letters',
        [
          ['size', '9'],
          ['map', 'a,b'],
        ],
      ],
      [
        'another number of pieces',
        [
          ['size', '9'],
          ['numblocks', '2'],
          ['map', '0,1'],
        ],
      ],
      [
        'two maps',
        [
          ['size', '9'],
          ['map', '0,1'],
          ['offset', '0'],
          ['numbytes', '1'],
        ],
      ],
      [
        'a size before its offset',
        [
          ['size', '9'],
          ['numbytes', '1'],
          ['offset', '0'],
        ],
      ],
      [
        'an offset without a size',
        [
          ['size', '9'],
          ['offset', '0'],
        ],
      ],
      [
        'two names',
        [
          ['size', '9'],
          ['map', '0,1'],
          ['name', 'rootfs/a'],
          ['name', 'rootfs/b'],
        ],
      ],
      [
        'version 2.0',
        [
          ['major', '2'],
          ['minor', '0'],
          ['realsize', '9'],
        ],
      ],
      [
        'version 1.0 with a map',
        [
          ['major', '1'],
          ['minor', '0'],
          ['realsize', '9'],
          ['map', '0,1'],
        ],
      ],
      [
        'a piece beyond the end',
        [
          ['size', '9'],
          ['map', '9,1'],
        ],
      ],
      [
        'unknown records',
        [
          ['size', '9'],
          ['map', '0,1'],
          ['more', '1'],
        ],
      ],
    ] as const
  ).map(([title, records]) =>
    invalid(
      `S27 sparse 0.x: ${title}`,
      paxList(records.map(([key, value]) => [`GNU.sparse.${key}`, value])),
      file('rootfs/x', 'a'),
    ),
  ),
  ...(
    [
      ['overlapping pieces', gnu([0, 2, 1, 2], 10), 'abcd'],
      ['a piece beyond the end', gnu([9, 2], 10), 'ab'],
      ['other content', gnu([0, 2], 10), 'abc'],
      ['a piece without an offset, which only some take for the end', {...gnu([], 10), name: 'rootfs/x'}, 'ab'],
      ['an end, and more', gnu([0, 2], 10, true), 'ab'],
    ] as const
  ).map(([title, fields, content]) => invalid(`S27 sparse GNU: ${title}`, file('rootfs/x', content, fields))),
  invalid(
    'S27 sparse GNU: blocks that overlap the header',
    header({name: 'rootfs/x', size: 5, ...gnu([0, 1, 2, 1, 4, 1, 6, 1], 10, true)}),
    gnuMap([5, 1]),
    Buffer.concat([Buffer.from('abcde'), Buffer.alloc(507)]),
  ),
];

/** Every row of S09 that is about one archive. `decoy` is an absolute path of a directory that must stay as it is. */
export const hostileCases = (decoy: string): Case[] => {
  const up = '../../../../../../../..';
  const relativeDecoy = decoy.slice(1);
  return [
    // Names.
    ...['../x', 'rootfs/../../x', `${up}${decoy}/x`, 'rootfs/..', '..', 'rootfs/a/../../../x'].map((name) =>
      entry(`name ${name}`, file(name, 'x')),
    ),
    ...[`${decoy}/x`, '/rootfs/x', '/', '//rootfs/x'].map((name) => entry(`absolute name ${name}`, file(name, 'x'))),
    ...['rootfs/x/', 'rootfs/x/.', 'rootfs/./'].map((name) => entry(`odd name ${name}`, file(name, 'x'))),
    ...[directory('rootfs/./'), directory('rootfs/x/.'), file('rootfs//x'), file('rootfs/./x')].map((bytes, index) =>
      refused(
        'RKT_IMAGE_DUPLICATE_ENTRY',
        `IM-02 one path, written otherwise ${index}`,
        image(file('rootfs/x'), bytes),
      ),
    ),
    entry('empty name', file('', 'x')),
    entry('name of a NUL in pax', pax({path: 'rootfs/a\0b'}), file('rootfs/x')),
    invalid('name with a NUL in a GNU long name', gnuLong('L', 'rootfs/a\0b'), file('rootfs/x')),
    entry('name of 4097 bytes', pax({path: `rootfs/${'a/'.repeat(2045)}b`}), file('rootfs/x')),
    entry('component of 256 bytes', pax({path: `rootfs/${'a'.repeat(256)}`}), file('rootfs/x')),
    entry('pax override of the name', pax({path: `${up}${decoy}/x`}), file('rootfs/x', 'x')),
    entry('absolute pax override of the name', pax({path: `${decoy}/x`}), file('rootfs/x', 'x')),
    entry('GNU long name', gnuLong('L', `${up}${decoy}/x`), file('rootfs/x', 'x')),
    entry('prefix', file('x', 'x', {prefix: `rootfs/${up}${decoy}`.slice(0, 150)})),
    // Symlinks as parents.
    entry('symlinked parent', symlink('rootfs/l', decoy), file('rootfs/l/pwn', 'x')),
    entry('symlinked parent, relative', symlink('rootfs/l', `${up}/${relativeDecoy}`), file('rootfs/l/pwn', 'x')),
    entry('symlinked parent inside', directory('rootfs/d'), symlink('rootfs/l', 'd'), file('rootfs/l/pwn', 'x')),
    entry('chain of symlinks', symlink('rootfs/a', '/'), symlink('rootfs/a/b', '..'), file('rootfs/a/b/pwn', 'x')),
    entry('directory under a symlink', symlink('rootfs/l', decoy), directory('rootfs/l/d')),
    entry(
      'hard link under a symlink',
      file('rootfs/f'),
      symlink('rootfs/l', decoy),
      hardlink('rootfs/l/h', 'rootfs/f'),
    ),
    entry('file as parent', file('rootfs/f', 'x'), file('rootfs/f/x', 'x')),
    entry('fifo as parent', fifo('rootfs/f'), file('rootfs/f/x', 'x')),
    // Another depth than any tree has.
    refused(
      'RKT_IMAGE_LIMIT_EXCEEDED',
      'S10 implied directories of one name',
      image(pax({path: `rootfs/${'a/'.repeat(300)}b`}), file('x')),
    ),
    // The same path twice.
    ...[
      [file('rootfs/x', 'a'), file('rootfs/x', 'b')],
      [file('rootfs/x', 'a'), file('./rootfs/x', 'b')],
      [directory('rootfs/x'), directory('rootfs/x/')],
      [symlink('rootfs/x', decoy), directory('rootfs/x')],
      [symlink('rootfs/x', `${decoy}/file`), file('rootfs/x', 'pwn')],
      [directory('rootfs/x'), symlink('rootfs/x', decoy)],
      [file('rootfs/x'), hardlink('rootfs/x', 'rootfs/x')],
      [file('manifest', manifest())],
      [directory('rootfs')],
    ].map((entries, index) => refused('RKT_IMAGE_DUPLICATE_ENTRY', `IM-02 duplicate ${index}`, image(...entries))),
    entry('a directory that was implied becomes a symlink', file('rootfs/d/x'), symlink('rootfs/d', decoy)),
    // Hard links.
    entry('hard link to the decoy', hardlink('rootfs/h', `${decoy}/file`)),
    entry('hard link with ..', hardlink('rootfs/h', `rootfs/${up}${decoy}/file`)),
    entry('hard link to the manifest', hardlink('rootfs/h', 'manifest')),
    entry('hard link to nothing', hardlink('rootfs/h', 'rootfs/none')),
    entry('hard link to what comes later', hardlink('rootfs/h', 'rootfs/f'), file('rootfs/f')),
    entry(
      'a file under a further name of a symlink',
      symlink('rootfs/l', decoy),
      hardlink('rootfs/h', 'rootfs/l'),
      file('rootfs/h/pwn', 'x'),
    ),
    entry('hard link to a directory', directory('rootfs/d'), hardlink('rootfs/h', 'rootfs/d')),
    entry('hard link through a symlink', symlink('rootfs/l', decoy), hardlink('rootfs/h', 'rootfs/l/file')),
    entry(
      'pax override of a hard link',
      file('rootfs/f'),
      pax({linkpath: `${decoy}/file`}),
      hardlink('rootfs/h', 'rootfs/f'),
    ),
    entry('GNU long target', file('rootfs/f'), gnuLong('K', `${decoy}/file`), hardlink('rootfs/h', 'rootfs/f')),
    // No tool but libarchive in pax format has content behind one.
    invalid(
      'hard link with content',
      file('rootfs/f'),
      hardlink('rootfs/h', 'rootfs/f', {size: 512}),
      Buffer.alloc(512, 'x'),
    ),
    entry(
      'hard link with a size, in pax format',
      pax({comment: 'x'}),
      file('rootfs/f', 'x'),
      hardlink('rootfs/h', 'rootfs/f', {size: 1}),
    ),
    entry('hard link with a pax size', file('rootfs/f', 'x'), pax({size: '1'}), hardlink('rootfs/h', 'rootfs/f')),
    // Symlinks themselves are text.
    entry('symlink without target', symlink('rootfs/l', '')),
    entry('symlink to a NUL', pax({linkpath: 'a\0b'}), symlink('rootfs/l', 'x')),
    entry('symlink with content', symlink('rootfs/l', 'x', {size: 512}), Buffer.alloc(512)),
    // Devices (S11).
    ...(
      [
        ['4', 8, 0],
        ['3', 1, 1],
        ['3', 1, 2],
        ['3', 0, 0],
        ['3', 10, 200],
        ['4', 1, 3],
        ['3', 1, 4],
        // The console and the terminals of whoever opens them.
        ['3', 5, 1],
        ['3', 5, 2],
      ] as const
    ).map(([type, major, minor]) =>
      refused(
        'RKT_IMAGE_DEVICE_REFUSED',
        `device ${type} ${major}:${minor}`,
        image(device('rootfs/d', type, major, minor)),
      ),
    ),
    // Numbers.
    invalid('negative size', file('rootfs/x', '', {size: base256(-1, 12)})),
    invalid('negative size in a directory', directory('rootfs/x', {size: base256(-512, 12)})),
    refused('RKT_IMAGE_LIMIT_EXCEEDED', 'huge size', image(file('rootfs/x', '', {size: base256(2 ** 50, 12)}))),
    refused('RKT_IMAGE_LIMIT_EXCEEDED', 'huge pax size', image(pax({size: String(2 ** 50)}), file('rootfs/x'))),
    refused(
      'RKT_IMAGE_LIMIT_EXCEEDED',
      'size beyond a double',
      image(file('rootfs/x', '', {size: `\x80${'\xff'.repeat(11)}`})),
    ),
    entry('time beyond a double', file('rootfs/x', '', {mtime: `\x80${'\xff'.repeat(11)}`})),
    invalid('uid beyond a double', file('rootfs/x', '', {uid: `\x80${'\xff'.repeat(7)}`})),
    invalid('size of digits and letters', file('rootfs/x', '', {size: '0000000001z\0'})),
    invalid('negative pax size', pax({size: '-1'}), file('rootfs/x')),
    entry('size on a directory', directory('rootfs/x', {size: 512}), Buffer.alloc(512)),
    entry('size on a fifo', fifo('rootfs/x', {size: 512}), Buffer.alloc(512)),
    entry('pax size on a directory', pax({size: '512'}), directory('rootfs/x'), Buffer.alloc(512)),
    entry('uid -1', file('rootfs/x', '', {uid: base256(-1, 8)})),
    entry('uid 2^32-1', pax({uid: '4294967295'}), file('rootfs/x')),
    entry('uid 2^32', pax({uid: '4294967296'}), file('rootfs/x')),
    entry('time beyond the file system', pax({mtime: '99999999999'}), file('rootfs/x')),
    invalid('time that is no number', pax({mtime: '1e9'}), file('rootfs/x')),
    // Extended headers.
    invalid('pax record of wrong length', file('p', '99 path=x\n', {type: 'x'}), file('rootfs/x')),
    invalid('pax record without key', file('p', '5 =x\n', {type: 'x'}), file('rootfs/x')),
    invalid('pax record without end', file('p', '9 path=xy', {type: 'x'}), file('rootfs/x')),
    invalid(
      'pax record twice',
      file('p', Buffer.concat([record('path', 'rootfs/a'), record('path', 'rootfs/b')]), {type: 'x'}),
      file('rootfs/x'),
    ),
    invalid('two pax headers', pax({path: 'rootfs/a'}), pax({path: 'rootfs/b'}), file('rootfs/x')),
    invalid('pax and GNU', pax({path: 'rootfs/a'}), gnuLong('L', 'rootfs/b'), file('rootfs/x')),
    invalid('GNU and pax', gnuLong('L', 'rootfs/b'), pax({mtime: '1'}), file('rootfs/x')),
    invalid('two GNU long names', gnuLong('L', 'rootfs/a'), gnuLong('L', 'rootfs/b'), file('rootfs/x')),
    invalid('global header with a name', pax({path: 'rootfs/a'}, 'g'), file('rootfs/x')),
    invalid('global header with a size', pax({size: '0'}, 'g'), file('rootfs/x')),
    invalid('pax header at the end', pax({path: 'rootfs/a'})),
    invalid('pax header without content', header({name: 'p', type: 'x'}), file('rootfs/x')),
    ...[
      'GNU.sparse.major',
      'GNU.sparse.map',
      'GNU.sparse.size.x',
      'SCHILY.realsize',
      'SUN.holesdata',
      'SCHILY.acl.access',
      'RHT.security.selinux',
      'VENDOR.x',
    ].map((key) => invalid(`pax record ${key}`, pax({[key]: '1'}), file('rootfs/x'))),
    ...[
      file('rootfs/x', '', {size: '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff'}),
      Buffer.concat([pax({size: '9223372036854775807'}), file('rootfs/x')]),
    ].map((bytes, index) => refused('RKT_IMAGE_LIMIT_EXCEEDED', `S10 a size of 8 EiB, ${index}`, image(bytes))),
    ...sparseCases,
    invalid('file flags', pax({'SCHILY.fflags': 'schg'}), file('rootfs/x')),
    ...[
      'trusted.overlay.opaque',
      'trusted.x',
      'user.overlay.opaque',
      'security.selinux',
      'system.posix_acl_access',
      'x',
    ].map((name) => invalid(`xattr ${name}`, pax({[`SCHILY.xattr.${name}`]: 'y'}), file('rootfs/x'))),
    invalid(
      'xattr with two values',
      pax({'SCHILY.xattr.user.a': 'y', 'LIBARCHIVE.xattr.user.a': 'eg'}),
      file('rootfs/x'),
    ),
    invalid('xattr whose encoded name is refused', pax({'LIBARCHIVE.xattr.trusted%2Ex': 'eA'}), file('rootfs/x')),
    entry(
      'a further name with an xattr that its file has not',
      file('rootfs/f'),
      pax({'SCHILY.xattr.user.a': 'y'}),
      hardlink('rootfs/h', 'rootfs/f'),
    ),
    entry(
      'a further name with another capability than its file',
      pax({'SCHILY.xattr.security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex')}),
      file('rootfs/f'),
      pax({'SCHILY.xattr.security.capability': Buffer.from('0100000200080000000000000000000000000000', 'hex')}),
      hardlink('rootfs/h', 'rootfs/f'),
    ),
    entry(
      'a further name of a symlink with an xattr',
      symlink('rootfs/l', 'y'),
      pax({'SCHILY.xattr.user.a': 'y'}),
      hardlink('rootfs/h', 'rootfs/l'),
    ),
    entry('user xattr on a symlink', pax({'SCHILY.xattr.user.a': 'y'}), symlink('rootfs/x', 'y')),
    refused(
      'RKT_IMAGE_LIMIT_EXCEEDED',
      'xattrs of 300 KiB',
      image(
        pax(
          Object.fromEntries(
            Array.from({length: 5}, (_, index) => [`SCHILY.xattr.user.${index}`, 'x'.repeat(60 * 1024)]),
          ),
        ),
        file('rootfs/x'),
      ),
    ),
    refused(
      'RKT_IMAGE_LIMIT_EXCEEDED',
      'extended header of 2 GiB',
      image(header({name: 'p', type: 'x', size: 2 ** 31})),
    ),
    // Blocks.
    invalid('wrong checksum', header({name: 'rootfs/x', checksum: 1})),
    invalid('unknown dialect', header({name: 'rootfs/x', magic: 'tarball\0'})),
    refused('RKT_IMAGE_ARCHIVE_INVALID', 'data after the end', Buffer.concat([image(), file('rootfs/x', 'x')])),
    refused(
      'RKT_IMAGE_ARCHIVE_INVALID',
      'a byte after the end',
      Buffer.concat([image(), Buffer.alloc(511), Buffer.from('x')]),
    ),
    refused('RKT_IMAGE_ARCHIVE_INVALID', 'one zero block', image(Buffer.alloc(512), file('rootfs/x'))),
    refused('RKT_IMAGE_TRUNCATED', 'no end', image().subarray(0, -1024)),
    refused('RKT_IMAGE_TRUNCATED', 'half an end', image().subarray(0, -512)),
    refused('RKT_IMAGE_TRUNCATED', 'odd number of bytes', Buffer.concat([image(), Buffer.alloc(7)])),
    refused('RKT_IMAGE_TRUNCATED', 'cut in content', image(file('rootfs/x', 'x'.repeat(2000))).subarray(0, -2048)),
    refused('RKT_IMAGE_TRUNCATED', 'nothing', Buffer.alloc(0)),
    refused('RKT_IMAGE_ARCHIVE_INVALID', 'no tar', Buffer.from('x'.repeat(2048))),
    ...typeFlags,
    // What bsdtar would take for something else.
    ...[
      '\x1f\x9d',
      'LRZI',
      'LZIP',
      '\x5d\0\0\x80',
      '\x04\x22\x4d\x18',
      '\x89LZO',
      'begin 644 x',
      '!<arch>\n',
      'PK\x03\x04',
      '070707',
      '#mtree',
      'Rar!',
      '\xed\xab\xee\xdb',
    ].map((start) =>
      refused(
        'RKT_IMAGE_NOT_ACI',
        `begins with ${JSON.stringify(start)}`,
        Buffer.concat([file(`${start}x`, record('comment', 'x'), {type: 'x'}), image()]),
      ),
    ),
    ...[
      {name: 'rootfs/\nbegin 644 x\n#0V%T\n`\nend\n'},
      {name: 'rootfs', linkName: '\nbegin 644 x\n#0V%T\n`\nend\n'},
    ].map((fields, index) =>
      refused(
        'RKT_IMAGE_NOT_ACI',
        `begins with uuencoded text ${index}`,
        Buffer.concat([directory('rootfs', fields), file('manifest', manifest()), END]),
      ),
    ),
    // What people have besides images.
    ...(
      [
        ['a zip archive', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(2000)])],
        ['a script', Buffer.from('#!/bin/sh\nexit 0\n')],
        ['a program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(600)])],
        ['JSON', Buffer.from('{"acKind": "PodManifest"}')],
        ['docker save', Buffer.concat([directory('0'.repeat(64)), file(`${'0'.repeat(64)}/json`, '{}'), END])],
        ['an OCI archive', Buffer.concat([directory('blobs/'), file('oci-layout', '{}'), END])],
        ['an OCI archive, made in its directory', Buffer.concat([directory('./'), file('./index.json', '{}'), END])],
        ['a root file system', Buffer.concat([directory('bin/'), file('bin/sh', ''), END])],
      ] as const
    ).map(([title, archive]) => refused('RKT_IMAGE_NOT_ACI', title, archive)),
    layout(
      'IM-03 a root file system, made in its directory',
      Buffer.concat([directory('./'), directory('./bin'), END]),
    ),
    // IM-03.
    layout('IM-03 no manifest', Buffer.concat([directory('rootfs'), END])),
    layout('IM-03 no rootfs', Buffer.concat([file('manifest', manifest()), END])),
    layout('IM-03 rootfs only implied', Buffer.concat([file('manifest', manifest()), file('rootfs/x'), END])),
    layout('IM-03 more at the top', image(file('extra'))),
    layout('IM-03 rootfs-evil', image(file('rootfs-evil/x'))),
    layout('IM-03 info.json', image(file('info.json', '{}'))),
    layout('IM-03 tar-split.zst', image(file('tar-split.zst', ''))),
    layout(
      'IM-03 manifest is a symlink',
      Buffer.concat([symlink('manifest', `${decoy}/file`), directory('rootfs'), END]),
    ),
    layout('IM-03 rootfs is a symlink', Buffer.concat([file('manifest', manifest()), symlink('rootfs', decoy), END])),
    layout('IM-03 manifest is a directory', Buffer.concat([directory('manifest'), directory('rootfs'), END])),
    refused(
      'RKT_IMAGE_MANIFEST_INVALID',
      'IM-10 manifest is no JSON',
      Buffer.concat([file('manifest', 'x'), directory('rootfs'), END]),
    ),
    refused(
      'RKT_IMAGE_MANIFEST_INVALID',
      'S23 duplicate keys',
      Buffer.concat([
        file('manifest', '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a/b","name":"c/d"}'),
        directory('rootfs'),
        END,
      ]),
    ),
    refused(
      'RKT_IMAGE_MANIFEST_INVALID',
      'S25 __proto__',
      Buffer.concat([
        file('manifest', '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a/b","__proto__":{}}'),
        directory('rootfs'),
        END,
      ]),
    ),
  ];
};

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
/** Two names that one tool or another takes for the same; latin1, one character per byte. */
const PAIRS: readonly (readonly [title: string, first: string, second: string])[] = [
  ['NFD and NFC', latin1('e\u0301'), latin1('\u00e9')],
  ['NFC and NFD', latin1('\u00e9'), latin1('e\u0301')],
  ['long NFD and NFC', latin1('e\u0301'.padEnd(120, 'x')), latin1('\u00e9'.padEnd(120, 'x'))],
  ['a ligature and its letters', latin1('\ufb01'), 'fi'],
  ['the Ångström and the letter', latin1('\u212b'), latin1('\u00c5')],
  ['Hangul, composed and not', latin1('\uac00'), latin1('\u1100\u1161')],
  ['upper and lower case', 'CASE', 'case'],
  ['an overlong slash and none', 'a\xc0\xafb', 'ab'],
  ['a blank at the end and none', 'a ', 'a'],
  ['a dot at the end and none', 'a.', 'a'],
  ['a surrogate half and what stands for it', 'a\xed\xa0\x80', latin1('a\ufffd')],
];

/** What looks odd and is allowed, because it stays inside. */
export const harmlessCases = (decoy: string): Case[] => [
  allowed('nothing'),
  allowed(
    'symlinks that lead out',
    symlink('rootfs/a', decoy),
    symlink('rootfs/b', '../../../..'),
    symlink('rootfs/c', '/etc/passwd'),
  ),
  allowed('a symlink to itself', symlink('rootfs/l', 'l')),
  allowed(
    'all owners, modes and times',
    file('rootfs/x', 'x', {mode: 0o6751, uid: 1234, gid: 4321, mtime: 0}),
    directory('rootfs/d', {mode: 0o1777, mtime: 12345}),
  ),
  allowed('large owners', pax({uid: '4294967294', gid: '3000000000'}), file('rootfs/x')),
  allowed('fractions of a second', pax({mtime: '1700000000.123456789'}), file('rootfs/x', 'x')),
  allowed('before 1970', pax({mtime: '-86400'}), file('rootfs/x', 'x')),
  allowed('after 2038', pax({mtime: '9999999999'}), file('rootfs/x', 'x')),
  allowed(
    'hard links',
    file('rootfs/a', 'abc'),
    hardlink('rootfs/b', 'rootfs/a'),
    directory('rootfs/d'),
    hardlink('rootfs/d/c', './rootfs/b'),
  ),
  allowed(
    'hard links to what is no file',
    symlink('rootfs/l', `${decoy}/file`),
    hardlink('rootfs/l2', 'rootfs/l', {mode: 0o777, uid: 1, mtime: 1}),
    hardlink('rootfs/l3', 'rootfs/l2'),
    fifo('rootfs/f'),
    hardlink('rootfs/f2', 'rootfs/f'),
    device('rootfs/n', '3', 1, 3),
    hardlink('rootfs/n2', 'rootfs/n'),
  ),
  allowed(
    'devices that every container has',
    ...[3, 5, 7, 8, 9].map((minor) => device(`rootfs/m${minor}`, '3', 1, minor)),
    device('rootfs/tty', '3', 5, 0),
  ),
  allowed('a fifo', fifo('rootfs/f', {mode: 0o620})),
  allowed('implied directories', file('rootfs/a/b/c', 'x'), directory('rootfs/a', {mode: 0o700})),
  allowed('a directory after its files', file('rootfs/d/x', 'x'), directory('rootfs/d', {mode: 0o500, mtime: 1})),
  allowed('a read-only directory with files', directory('rootfs/d', {mode: 0o555, mtime: 1}), file('rootfs/d/x', 'x')),
  // Sparse files, as GNU tar and bsdtar write them.
  allowed(
    'sparse 1.0',
    sparse('rootfs/x', MiB, [3, 0, 512, 4096, 3, MiB, 0], `${'x'.repeat(512)}abc`),
    sparse('rootfs/hole', 100 * 2 ** 10, [1, 100 * 2 ** 10, 0]),
    sparse('rootfs/none', 100 * 2 ** 10, [0]),
    sparse('rootfs/full', 3, [1, 0, 3], 'abc'),
    sparse('rootfs/touching', 9000, [2, 8000, 500, 8500, 500], 'y'.repeat(1000)),
    sparse(
      'rootfs/many',
      2 ** 20,
      [300, ...Array.from({length: 300}, (_, index) => [index * 3000, 1]).flat()],
      'z'.repeat(300),
    ),
    hardlink('rootfs/again', 'rootfs/x'),
    file('rootfs/after', 'after'),
  ),
  allowed(
    'sparse 0.1',
    pax({
      'GNU.sparse.size': '20000',
      'GNU.sparse.numblocks': '2',
      'GNU.sparse.map': '512,1,19999,1',
      'GNU.sparse.name': 'rootfs/x',
    }),
    file('rootfs/GNUSparseFile.0/x', 'ab'),
    file('rootfs/after', 'after'),
  ),
  allowed(
    'sparse 0.0',
    paxList([
      ['GNU.sparse.size', '20000'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.offset', '0'],
      ['GNU.sparse.numbytes', '1'],
      ['GNU.sparse.offset', '10000'],
      ['GNU.sparse.numbytes', '1'],
    ]),
    file('rootfs/x', 'ab'),
    file('rootfs/after', 'after'),
  ),
  allowed(
    'sparse GNU',
    file('rootfs/short', 'ab', gnu([0, 1, 10000, 1, 20000, 0], 20000)),
    header({name: 'rootfs/long', size: 26, ...gnu([0, 1, 1000, 1, 2000, 1, 3000, 1], 30000, true)}),
    gnuMap(Array.from({length: 21}, (_, index) => [4000 + 1000 * index, 1]).flat(), true),
    gnuMap([25000, 1, 30000, 0]),
    file('x', 'abcdefghijklmnopqrstuvwxyz').subarray(512),
    file('rootfs/after', 'after'),
  ),
  allowed(
    'a hard link with the size of its file',
    file('rootfs/f', 'x'.repeat(600)),
    hardlink('rootfs/posix', 'rootfs/f', {size: 600}),
    hardlink('rootfs/gnu', 'rootfs/f', {size: 600, magic: 'ustar  \0'}),
    file('rootfs/after', 'after'),
  ),
  {
    title: 'what macOS keeps beside files',
    archive: Buffer.concat([
      file('./._manifest', 'AppleDouble'.repeat(100)),
      pax({'LIBARCHIVE.xattr.com.apple.provenance': 'AQI', 'SCHILY.xattr.com.apple.quarantine': 'x'}),
      file('./manifest', manifest()),
      file('./._rootfs', ''),
      directory('./rootfs/'),
      file('./rootfs/._x', 'AppleDouble'),
      file('./rootfs/x', 'x'),
      END,
    ]),
  },
  {
    title: 'rootfs/.',
    archive: Buffer.concat([
      file('manifest', manifest()),
      directory('rootfs/./'),
      directory('rootfs/./d/'),
      file('rootfs/./d/./x', 'x'),
      hardlink('rootfs/.//y', 'rootfs/./d//x'),
      END,
    ]),
  },
  allowed('leading ./', Buffer.concat([file('./rootfs/x', 'x'), directory('./rootfs/d/')])),
  allowed('the archive itself', directory('./', {mode: 0o777, uid: 1000})),
  allowed('GNU long name', gnuLong('L', `rootfs/${'n'.repeat(200)}`), file('rootfs/x', 'long', {magic: 'ustar  \0'})),
  allowed('GNU long target', gnuLong('K', 't'.repeat(300)), symlink('rootfs/l', 'x', {magic: 'ustar  \0'})),
  allowed(
    'pax name and target',
    pax({path: `rootfs/${'p'.repeat(150)}`, linkpath: 'q'.repeat(1000)}),
    symlink('rootfs/x', 'y'),
  ),
  allowed('prefix', file('file', 'x', {prefix: 'rootfs/prefix'})),
  allowed('old tar', file('rootfs/x', 'x', {magic: '\0'.repeat(8), type: '\0', major: '', minor: ''})),
  allowed('a name that is not UTF-8', file('rootfs/\xff\xfe', 'x'), directory('rootfs/\xe9')),
  allowed(
    'a pax name that is not UTF-8',
    pax({hdrcharset: 'BINARY', path: `rootfs/\xff${'x'.repeat(120)}`}),
    file('rootfs/x', 'x'),
  ),
  // One name to whoever normalises Unicode (S27).
  ...[...PAIRS].map(([title, first, second]) =>
    allowed(
      `S27 ${title}`,
      pax({path: `rootfs/${first}`}),
      directory('x'),
      pax({path: `rootfs/${first}/inside`}),
      file('x', 'first'),
      pax({path: `rootfs/${second}`}),
      file('x', 'second'),
      pax({path: `rootfs/${second}-link`, linkpath: second}),
      symlink('x', 'y'),
      pax({path: `rootfs/${first}-hard`, linkpath: `rootfs/${second}`}),
      hardlink('x', 'y'),
    ),
  ),
  allowed('a name of control characters', file('rootfs/\x1b[31m\n\t', 'x')),
  allowed(
    'names like options',
    file('rootfs/-rf', 'x'),
    file('rootfs/--checkpoint-action=exec=sh', 'x'),
    file('rootfs/@archive', 'x'),
  ),
  allowed('names of whiteouts', file('rootfs/.wh.x', ''), file('rootfs/.wh..wh..opq', '')),
  allowed(
    'xattrs of a file with each of its names, as bsdtar writes them',
    ...['rootfs/f', 'rootfs/h', 'rootfs/i'].flatMap((name) => [
      pax({'SCHILY.xattr.user.a': 'y', 'LIBARCHIVE.xattr.user.a': 'eQ'}),
      name === 'rootfs/f' ? file(name, 'x') : hardlink(name, name === 'rootfs/i' ? 'rootfs/h' : 'rootfs/f'),
    ]),
  ),
  allowed('xattrs', pax({'SCHILY.xattr.user.a': Buffer.from([0, 255, 10])}), file('rootfs/x', 'x')),
  allowed(
    'a file capability',
    pax({'SCHILY.xattr.security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex')}),
    file('rootfs/ping', 'x', {mode: 0o755}),
  ),
  allowed('a global comment', pax({comment: 'made by hand'}, 'g'), file('rootfs/x', 'x')),
  allowed('content of a block', file('rootfs/x', 'x'.repeat(512)), file('rootfs/y', 'y'.repeat(513))),
  allowed('zero padding after the end', file('rootfs/x', 'x'), Buffer.alloc(0)),
  {title: 'ten KiB of padding', archive: Buffer.concat([image(file('rootfs/x', 'x')), Buffer.alloc(10240)])},
];
