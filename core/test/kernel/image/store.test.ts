import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {constants, gzipSync, zstdCompressSync} from 'node:zlib';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {HostPath, ImageId} from '../../../src/contract/names.ts';
import {exportImage} from '../../../src/image/export.ts';
import {type FetchOptions, fetchImage} from '../../../src/image/fetch.ts';
import {findByName} from '../../../src/image/find-image.ts';
import {collectImages, collectRemoved} from '../../../src/image/gc.ts';
import {imageIds} from '../../../src/image/image-ids.ts';
import {listIndex, rebuildIndex} from '../../../src/image/image-index.ts';
import {readInfo, touchImage} from '../../../src/image/info.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {INODE_BYTES} from '../../../src/image/limits.ts';
import {removeImage} from '../../../src/image/remove.ts';
import {markRemoved} from '../../../src/image/removed.ts';
import {imageDirectory} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {idOf, smallImage, specImage} from './support/spec.ts';
import {codeOf, importBytes, type TestStore, testStore} from './support/store.ts';
import {directory, file, image, pax} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar');
const INSECURE: FetchOptions = {pullPolicy: 'new', insecure: new Set(['image'])};

const withStore = async (work: (made: TestStore) => Promise<void>): Promise<void> => {
  const made = testStore();
  try {
    await work(made);
  } finally {
    made.remove();
  }
};

/** Compressed by the programs that people use. */
const through = (program: string, input: Buffer): Buffer => execFileSync(program, ['-c'], {input, maxBuffer: 2 ** 28});
const COMPRESSIONS: Readonly<Record<string, (archive: Buffer) => Buffer>> = {
  none: (archive) => archive,
  gzip: gzipSync,
  zstd: (archive) => zstdCompressSync(archive),
  bzip2: (archive) => through('bzip2', archive),
  xz: (archive) => through('xz', archive),
};

for (const [compression, compress] of Object.entries(COMPRESSIONS)) {
  const program = compression === 'bzip2' || compression === 'xz' ? ([`program/${compression}`] as const) : [];
  testIf(needs ?? lacks(...program))(
    `IM-05 IM-09 ${compression}: the ID is that of the tar, and exporting gives it again`,
    (t) =>
      withStore(async ({directory, store}) => {
        const archive = smallImage();
        const compressed = compress(archive);
        t.is(await importBytes(store, compressed), idOf(archive));
        const info = readInfo(store, idOf(archive));
        t.is(info.compression as string, compression);
        t.is(info.size, archive.length);
        t.is(info.archiveSize, compressed.length);
        rmSync(imageDirectory(store, idOf(archive)), {recursive: true});
        // A file takes another way than a stream. IM-01: the name says nothing.
        const aci = path.join(directory, 'x.aci');
        writeFileSync(aci, compressed);
        t.is(await fetchImage(store, aci, INSECURE), idOf(archive));
        await exportImage(store, idOf(archive), path.join(directory, 'out.aci'));
        t.deepEqual(readFileSync(path.join(directory, 'out.aci')), archive);
      }),
  );

  if (compression === 'none') continue;
  testIf(needs ?? lacks(...program))(`S10 ${compression}: what is cut or damaged is refused, and leaves nothing`, (t) =>
    withStore(async ({store}) => {
      const compressed = compress(smallImage());
      const cut = await codeOf(importBytes(store, compressed.subarray(0, compressed.length - 20)));
      t.true(cut === 'RKT_IMAGE_COMPRESSION_INVALID' || cut === 'RKT_IMAGE_TRUNCATED', cut);
      const damaged = Buffer.from(compressed);
      damaged.fill(0x55, Math.floor(damaged.length / 2), Math.floor(damaged.length / 2) + 8);
      t.regex((await codeOf(importBytes(store, damaged))) ?? '', /^RKT_IMAGE_/);
      t.deepEqual(readdirSync(store.images), []);
      t.deepEqual(readdirSync(store.spool), []);
    }),
  );
}

testIf(needs)('IM-05 several members or frames are one archive', (t) =>
  withStore(async ({store}) => {
    const archive = smallImage();
    const halves = [archive.subarray(0, 3000), archive.subarray(3000)];
    t.is(await importBytes(store, Buffer.concat(halves.map((half) => gzipSync(half)))), idOf(archive));
    t.is(await importBytes(store, Buffer.concat(halves.map((half) => zstdCompressSync(half)))), idOf(archive));
  }),
);

testIf(needs)('S10 decompression: one below and at the ratio pass, one above is refused', (t) =>
  withStore(async ({store}) => {
    const archive = image(file('rootfs/zeros', Buffer.alloc(2 ** 20)));
    const bomb = gzipSync(archive, {level: constants.Z_BEST_COMPRESSION});
    // Manifest, rootfs and file cost more than their names.
    const made = archive.length + 3 * INODE_BYTES;
    const exact = made / bomb.length;
    const verdict = (ratio: number, freeBytes = 0) => codeOf(importBytes(store, bomb, {ratio: {ratio, freeBytes}}));
    t.is(await verdict(exact + 0.001), undefined);
    t.is(await verdict(exact), undefined);
    t.is(await verdict(exact - 0.001), 'RKT_IMAGE_LIMIT_EXCEEDED');
    t.is(await verdict(1, made), undefined);
    t.is(await verdict(1, made - 1), 'RKT_IMAGE_LIMIT_EXCEEDED');
  }),
);

testIf(needs)('importing twice is importing once', (t) =>
  withStore(async ({store}) => {
    const id = await importBytes(store, smallImage());
    const before = readInfo(store, id);
    t.is(await importBytes(store, gzipSync(smallImage())), id);
    const {importTime, compression, archiveSize, ...after} = readInfo(store, id);
    t.like(before, after);
    t.is(compression, 'gzip');
    t.is(archiveSize, gzipSync(smallImage()).length);
    t.true(importTime >= before.importTime);
    t.is(await codeOf(verifyImage(store, id)), undefined);
    t.is(listIndex(store).length, 1);
  }),
);

testIf(needs)('an unsigned file needs the insecure option, what is in the store does not', (t) =>
  withStore(async ({directory, store}) => {
    const aci = path.join(directory, 'x.aci');
    writeFileSync(aci, smallImage());
    const secure: FetchOptions = {pullPolicy: 'new', insecure: new Set()};
    t.is(await codeOf(fetchImage(store, aci, secure)), 'RKT_IMAGE_UNSIGNED');
    t.false(existsSync(store.images));
    t.is(
      await codeOf(fetchImage(store, aci, {...INSECURE, signature: `${aci}.asc` as HostPath})),
      'RKT_IMAGE_SIGNATURE_UNSUPPORTED',
    );
    const id = await fetchImage(store, aci, INSECURE);
    for (const text of [id, id.slice(0, 9), 'example.com/hostile']) t.is(await fetchImage(store, text, secure), id);
  }),
);

testIf(needs)('images are found by name and labels, the newest first, and those of this host before others', (t) =>
  withStore(async ({store}) => {
    const name = 'example.com/web';
    const make = (labels: Record<string, string>, content: string) =>
      importBytes(
        store,
        specImage(name, {content}, {labels: Object.entries(labels).map(([key, value]) => ({name: key, value}))}),
      );
    const later = (id: ImageId) => until(() => Date.now() > readInfo(store, id).importTime);
    const first = await make({version: '1.0'}, 'a');
    await later(first);
    const second = await make({version: '2.0', channel: 'beta'}, 'b');
    await later(second);
    const foreign = await make({version: '3.0', os: 'linux', arch: 's390x'}, 'c');
    t.is(findByName(store, name, {}), second);
    t.is(findByName(store, name, {version: '1.0'}), first);
    await later(second);
    t.is(await make({version: '1.0'}, 'a'), first);
    t.is(findByName(store, name, {}), first, 'what is fetched again is the newest');
    t.is(listIndex(store).at(-1)?.id, first);
    await later(first);
    await make({version: '2.0', channel: 'beta'}, 'b');
    t.is(findByName(store, name, {channel: 'beta'}), second);
    t.is(findByName(store, name, {arch: 's390x'}), foreign);
    t.is(findByName(store, name, {version: '3.0'}), undefined);
    t.is(findByName(store, 'example.com/we', {}), undefined);
    t.is(await codeOf(fetchImage(store, `${name}:9`, INSECURE)), 'RKT_IMAGE_NOT_FOUND');
    for (const [typed, meant] of [
      [name.replace(/.$/, 'x'), [name]],
      [path.basename(name), [name]],
      ['quite/another', undefined],
    ] as const) {
      const error = await t.throwsAsync<RktError>(fetchImage(store, typed, INSECURE));
      t.deepEqual([error?.code, error?.fields.suggestions], ['RKT_IMAGE_NOT_FOUND', meant], typed);
    }
  }),
);

testIf(needs)('a prefix that fits several images is an error that names them', (t) =>
  withStore(async ({store}) => {
    const ids = [];
    for (let index = 0; index < 20; index++)
      ids.push(await importBytes(store, specImage('example.com/x', {f: `${index}`})));
    const two = 'sha512-'.length + 2;
    const doubled = ids.map((id) => id.slice(0, two)).find((prefix, index, all) => all.indexOf(prefix) !== index);
    const prefix = doubled ?? ids[0]?.slice(0, two) ?? '';
    const fits = ids.filter((id) => id.startsWith(prefix));
    const result = fetchImage(store, prefix, INSECURE);
    if (fits.length === 1) t.deepEqual([await result], fits);
    else
      t.deepEqual(
        (await t.throwsAsync<RktError>(result))?.fields.candidates,
        fits.sort().map((id) => id.slice(0, 23)),
      );
    t.is(await codeOf(fetchImage(store, 'sha512-zz', INSECURE)), 'RKT_IMAGE_REFERENCE_INVALID');
  }),
);

testIf(needs)('a lost index is made again, a damaged one is said and rebuilt', (t) =>
  withStore(async ({store}) => {
    const id = await importBytes(store, specImage('example.com/web', {}));
    const other = await importBytes(store, specImage('example.com/db', {}));
    rmSync(store.index);
    t.is(findByName(store, 'example.com/web', {}), id);
    writeFileSync(store.index, 'no database at all'.repeat(1000));
    const error = t.throws<RktError>(() => findByName(store, 'example.com/web', {}));
    t.is(error?.code, 'RKT_IMAGE_INDEX_DAMAGED');
    t.is(await fetchImage(store, id, INSECURE), id, 'a full ID needs no index');
    t.is(rebuildIndex(store), 2);
    t.is(findByName(store, 'example.com/db', {}), other);
  }),
);

testIf(needs)('an image without a row, and a row without an image, do no harm', (t) =>
  withStore(async ({store}) => {
    const stale = readFileSync(
      await (async () => {
        await importBytes(store, specImage('example.com/old', {}));
        return store.index;
      })(),
    );
    const id = await importBytes(store, specImage('example.com/new', {}));
    writeFileSync(store.index, stale);
    t.is(await fetchImage(store, 'example.com/new', INSECURE), id);
    for (const old of listIndex(store).filter(({name}) => name === 'example.com/old')) {
      rmSync(imageDirectory(store, old.id), {recursive: true});
    }
    t.is(await codeOf(fetchImage(store, 'example.com/old', INSECURE)), 'RKT_IMAGE_NOT_FOUND');
    t.deepEqual(
      listIndex(store).map(({name}) => name),
      ['example.com/new'],
    );
  }),
);

/** A pod's directory as far as the store looks at it. */
const pretendPod = ({store}: TestStore, state: string, id: string, lower: readonly string[]): string => {
  const pod = path.join(store.dataDir, 'pods', state, '11111111-2222-3333-4444-555555555555');
  mkdirSync(pod, {recursive: true});
  writeFileSync(
    path.join(pod, 'frozen.json'),
    JSON.stringify({apps: [{image: {id}, rootfs: {kind: 'overlay', lower}}]}),
  );
  return pod;
};

testIf(needs)('images that a pod uses, also below another, are neither removed nor collected', (t) =>
  withStore(async (made) => {
    const {store} = made;
    const base = await importBytes(store, specImage('example.com/base', {b: '1'}));
    const app = await importBytes(store, specImage('example.com/app', {a: '1'}));
    const free = await importBytes(store, specImage('example.com/free', {f: '1'}));
    const pod = pretendPod(
      made,
      'exited-garbage',
      app,
      [app, base].map((id) => `${imageDirectory(store, id)}/rootfs`),
    );
    for (const id of [app, base]) {
      const error = t.throws<RktError>(() => removeImage(store, id));
      t.is(error?.code, 'RKT_IMAGE_IN_USE');
      t.deepEqual(error?.fields.pods, ['11111111-2222-3333-4444-555555555555']);
    }
    t.deepEqual(collectImages(store, 0), {images: [free], trees: []});
    rmSync(pod, {recursive: true});
    t.deepEqual([...collectImages(store, 0).images].sort(), [app, base].sort());
    t.deepEqual(readdirSync(store.images), []);
    t.deepEqual(listIndex(store), []);
    t.deepEqual(readdirSync(store.spool), []);
  }),
);

testIf(needs)('an image that pods only wait for is gone for all others, and its files when no pod has it', (t) =>
  withStore(async (made) => {
    const {store} = made;
    const archive = specImage('example.com/base', {b: '1'});
    const base = await importBytes(store, archive);
    const app = await importBytes(
      store,
      specImage('example.com/app', {}, {dependencies: [{imageName: 'example.com/base'}]}),
    );
    const file = path.join(imageDirectory(store, base), 'rootfs/b');
    const lower = [app, base].map((id) => `${imageDirectory(store, id)}/rootfs`);
    const pod = pretendPod(made, 'prepared', app, lower);
    const fail = (error: unknown) => t.fail(String(error));
    const remove = () => removeImage(store, base, () => 'waits');
    const isGone = async () => {
      for (const text of ['example.com/base', base, base.slice(0, 20)])
        t.is(await codeOf(fetchImage(store, text, INSECURE)), 'RKT_IMAGE_NOT_FOUND', text);
      t.deepEqual([listIndex(store).map(({id}) => id), rebuildIndex(store)], [[app], 1]);
      t.is(await codeOf(layersOf(store, app)), 'RKT_IMAGE_DEPENDENCY_MISSING');
      t.is(t.throws<RktError>(remove)?.code, 'RKT_IMAGE_NOT_FOUND');
    };
    t.deepEqual(remove(), [path.basename(pod)]);
    await isGone();
    t.deepEqual([collectImages(store, 0), collectRemoved(store, fail)], [{images: [], trees: []}, []]);
    t.is(readFileSync(file, 'utf8'), '1');

    t.is(await importBytes(store, archive), base);
    t.deepEqual(await layersOf(store, app), lower);
    t.is(findByName(store, 'example.com/base', {}), base);
    remove();
    rmSync(pod, {recursive: true});
    await isGone();
    t.deepEqual(collectRemoved(store, fail), [base]);
    t.deepEqual(readdirSync(store.images), [app]);
  }),
);

testIf(needs)('what an interrupted removal left beside an image that is gone means nothing', (t) =>
  withStore(async ({store}) => {
    const archive = smallImage();
    const id = await importBytes(store, archive);
    const leave = () => {
      rmSync(imageDirectory(store, id), {recursive: true});
      markRemoved(store, id);
    };
    leave();
    t.deepEqual([collectImages(store, 0).images, readdirSync(store.images)], [[], []]);
    await importBytes(store, archive);
    leave();
    await importBytes(store, archive);
    t.deepEqual(imageIds(store), [id]);
  }),
);

testIf(needs)('collecting spares what was used lately, and what that depends on', (t) =>
  withStore(async ({store}) => {
    const base = await importBytes(store, specImage('example.com/base', {b: '1'}));
    const app = await importBytes(
      store,
      specImage('example.com/app', {}, {dependencies: [{imageName: 'example.com/base'}]}),
    );
    const old = await importBytes(store, specImage('example.com/old', {o: '1'}));
    const later = Date.now() + 3_600_000;
    t.deepEqual(collectImages(store, 7_200_000, {now: later}).images, []);
    for (const id of [base, old]) {
      utimesSync(`${imageDirectory(store, id)}/used`, 1, 1);
    }
    t.deepEqual(collectImages(store, 7_200_000, {now: later}).images, [old]);
    touchImage(store, app);
    t.deepEqual([...collectImages(store, 0, {now: later}).images].sort(), [app, base].sort());
  }),
);

testIf(needs)('an image that was used when the clock was ahead stays for the grace period, and no longer', (t) =>
  withStore(async ({store}) => {
    const id = await importBytes(store, specImage('example.com/app', {a: '1'}));
    const ahead = Date.now() / 1000 + 86_400;
    utimesSync(`${imageDirectory(store, id)}/used`, ahead, ahead);
    t.deepEqual(collectImages(store, 3_600_000).images, []);
    t.deepEqual(collectImages(store, 3_600_000, {now: Date.now() + 3_600_000}).images, [id]);
  }),
);

testIf(needs)('IM-04 what extraction cannot keep is an error, not a loss', (t) =>
  withStore(async ({store}) => {
    // ext4 and tmpfs take 64 KiB and less for a value; the kernel refuses more.
    const archive = image(
      directory('rootfs/d'),
      pax({'SCHILY.xattr.user.a': 'x'.repeat(70_000)}),
      file('rootfs/d/f', 'x'),
    );
    t.is(await codeOf(importBytes(store, archive)), 'RKT_IMAGE_EXTRACTION_FAILED');
    t.deepEqual(readdirSync(store.images), []);
    t.deepEqual(readdirSync(store.spool), []);
  }),
);
