import test from 'ava';
import {parseImageManifest} from '../../../src/appc/parse-image-manifest.ts';
import {TAR_LIMITS, type TarLimits} from '../../../src/image/limits.ts';
import type {TarEntry} from '../../../src/image/tar/entry.ts';
import {createTarScanner} from '../../../src/image/tar/scan.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {harmlessCases, hostileCases} from '../../kernel/image/support/corpus.ts';
import {directory, END, file, hardlink, image, manifest, pax, sparse, symlink} from '../../kernel/image/support/tar.ts';

const DECOY = '/srv/decoy';

interface Scanned {
  readonly entries: readonly TarEntry[];
  readonly raw: Buffer;
  readonly payload: Buffer;
  readonly manifest: Buffer;
}

const scan = (archive: Buffer, chunkSize = archive.length, limits: TarLimits = TAR_LIMITS): Scanned => {
  const entries: TarEntry[] = [];
  const raw: Buffer[] = [];
  const payload: Buffer[] = [];
  const scanner = createTarScanner(
    {
      entry: (entry) => entries.push(entry),
      raw: (bytes) => raw.push(Buffer.from(bytes)),
      payload: (bytes) => payload.push(Buffer.from(bytes)),
    },
    {limits},
  );
  for (let at = 0; at < archive.length; at += chunkSize) scanner.push(archive.subarray(at, at + chunkSize));
  scanner.end();
  parseImageManifest(scanner.manifest);
  return {entries, raw: Buffer.concat(raw), payload: Buffer.concat(payload), manifest: scanner.manifest};
};

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as RktError).code;
  }
};

for (const {title, archive, code} of hostileCases(DECOY)) {
  test(`S09 ${title} is refused`, (t) =>
    t.is(
      codeOf(() => scan(archive)),
      code,
    ));
}
for (const {title, archive} of harmlessCases(DECOY)) {
  test(`S09 ${title}: allowed`, (t) => t.notThrows(() => scan(archive)));
}

test('S09 the verdict does not depend on where the stream is cut', (t) => {
  for (const {title, archive, code} of [...hostileCases(DECOY), ...harmlessCases(DECOY)]) {
    if (archive.length > 20_000) continue;
    for (const size of [1, 511, 513, 1000])
      t.is(
        codeOf(() => scan(archive, size)),
        code,
        `${title}, ${size}`,
      );
  }
});

test('what is not content and the content make up the archive', (t) => {
  const archive = image(file('rootfs/a', 'hello'), directory('rootfs/d'), file('rootfs/d/b', 'x'.repeat(700)));
  for (const size of [1, 100, 512, 4096]) {
    const {raw, payload, manifest: found} = scan(archive, size);
    t.deepEqual(found, manifest());
    t.is(payload.length, manifest().length + 5 + 700);
    t.is(raw.length + payload.length, archive.length);
  }
});

test('a stream without content is filled where the content belongs', (t) => {
  const archive = image(file('rootfs/a', 'hello'), file('rootfs/empty'), file('rootfs/b', 'x'.repeat(512)));
  const {raw} = scan(archive);
  const log: string[] = [];
  const scanner = createTarScanner({fill: ({path, size}) => log.push(`${path} ${size}`)});
  for (let at = 0; at < raw.length; at += 700) scanner.push(raw.subarray(at, at + 700));
  scanner.end();
  t.deepEqual(log, [`manifest ${manifest().length}`, 'rootfs/a 5', 'rootfs/b 512']);
});

test('extensions change the entry after them, and no other', (t) => {
  const long = `rootfs/${'l'.repeat(120)}`;
  const {entries} = scan(
    image(
      pax({path: long, mtime: '5.25', uid: '70000', 'SCHILY.xattr.user.a': 'b'}),
      file('rootfs/short', 'x'),
      file('rootfs/next', 'y', {mtime: 7, uid: 1}),
    ),
  );
  const [, , first, second] = entries;
  t.is(first?.path, long);
  t.deepEqual(first?.mtime, {seconds: 5, nanoseconds: 250_000_000});
  t.is(first?.uid, 70_000);
  t.is(first?.xattrs.get('user.a')?.toString(), 'b');
  t.is(second?.path, 'rootfs/next');
  t.deepEqual(second?.mtime, {seconds: 7, nanoseconds: 0});
  t.is(second?.xattrs.size, 0);
});

test('implied directories are known', (t) => {
  const implied = (archive: Buffer) => {
    const scanner = createTarScanner();
    scanner.push(archive);
    scanner.end();
    return scanner.implicit;
  };
  t.true(implied(image(file('rootfs/a/b'))));
  t.false(implied(image(directory('rootfs/a'), file('rootfs/a/b'))));
  t.false(implied(image(file('rootfs/a/b'), directory('rootfs/a'))));
});

/** An archive that has exactly `value` of what a limit counts. */
const LIMITED: {
  readonly [L in keyof TarLimits]: {readonly value: number; readonly archive: (value: number) => Buffer};
} = {
  entries: {
    value: 5,
    archive: (count) => image(...Array.from({length: count - 2}, (_, index) => file(`rootfs/${index}`))),
  },
  // Those that are only implied count, too.
  inodes: {value: 6, archive: (count) => image(file(`rootfs/${'d/'.repeat(count - 3)}f`))},
  // A link to a link is one more name of the same file.
  links: {
    value: 4,
    archive: (count) =>
      image(
        file('rootfs/0'),
        ...Array.from({length: count - 1}, (_, index) =>
          hardlink(`rootfs/${index + 1}`, `rootfs/${index % 2 === 0 ? 0 : index}`),
        ),
      ),
  },
  depth: {value: 10, archive: (depth) => image(file(`rootfs/${'d/'.repeat(depth - 1)}f`))},
  rememberedBytes: {
    value: 100,
    archive: (size) => image(file(`rootfs/${'a'.repeat(size - 'manifest/rootfs/rootfs'.length + 1)}`)),
  },
  totalBytes: {value: 8192, archive: (size) => Buffer.concat([image(), Buffer.alloc(size - image().length)])},
  apparentBytes: {
    value: 5000,
    archive: (size) => image(file('rootfs/f', 'x'), sparse('rootfs/x', size - 1 - manifest().length, [1, 0, 1], 'x')),
  },
  // Of all files together.
  pieces: {
    value: 5,
    archive: (count) =>
      image(
        sparse('rootfs/one', 100, [2, 0, 1, 2, 1], 'xx'),
        sparse(
          'rootfs/x',
          100,
          [count - 2, ...Array.from({length: count - 2}, (_, index) => [2 * index, 1]).flat()],
          'x'.repeat(count - 2),
        ),
      ),
  },
  manifestBytes: {
    value: 500,
    archive: (size) => Buffer.concat([file('manifest', manifest().toString().padEnd(size)), directory('rootfs'), END]),
  },
  pathBytes: {value: 200, archive: (size) => image(pax({path: 'rootfs/'.padEnd(size, 'a')}), file('x'))},
  nameBytes: {value: 50, archive: (size) => image(file(`rootfs/${'a'.repeat(size)}`))},
  symlinkBytes: {value: 70, archive: (size) => image(symlink('rootfs/l', 'a'.repeat(size)))},
  extensionBytes: {
    value: 100,
    archive: (size) =>
      image(file('x', `${size} comment=`.padEnd(size - 1, 'c').concat('\n'), {type: 'x'}), file('rootfs/x')),
  },
  xattrBytes: {
    value: 90,
    archive: (size) => image(pax({'SCHILY.xattr.user.a': 'x'.repeat(size - 6)}), file('rootfs/x')),
  },
};
/** Steps that make sense: an archive grows by blocks. */
const STEP: Partial<Record<keyof TarLimits, number>> = {totalBytes: 512};

for (const [name, {value, archive}] of Object.entries(LIMITED)) {
  const limit = name as keyof TarLimits; // the keys of LIMITED
  test(`S10 ${limit}: one below and exactly at the limit pass, one above is refused`, (t) => {
    const step = STEP[limit] ?? 1;
    const verdict = (size: number) => codeOf(() => scan(archive(size), 300, {...TAR_LIMITS, [limit]: value}));
    t.is(verdict(value - step), undefined);
    t.is(verdict(value), undefined);
    const above = verdict(value + step);
    t.is(
      above,
      limit === 'pathBytes' || limit === 'nameBytes' ? 'RKT_IMAGE_ENTRY_REFUSED' : 'RKT_IMAGE_LIMIT_EXCEEDED',
    );
  });
}

test('S10 the limits are those that the documentation names', (t) => {
  t.deepEqual(TAR_LIMITS, {
    entries: 1_000_000,
    inodes: 1_000_000,
    links: 65_000,
    depth: 256,
    rememberedBytes: 128 * 2 ** 20,
    totalBytes: 64 * 2 ** 30,
    apparentBytes: 4 * 2 ** 40,
    pieces: 1_000_000,
    manifestBytes: 2 ** 20,
    pathBytes: 3800,
    nameBytes: 255,
    symlinkBytes: 4095,
    extensionBytes: 2 ** 20,
    xattrBytes: 256 * 2 ** 10,
  });
});
