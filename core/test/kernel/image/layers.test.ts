import {execFileSync} from 'node:child_process';
import fs, {constants, lstatSync, mkdirSync, readdirSync, readlinkSync, utimesSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import path from 'node:path';
import {env} from 'node:process';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {serialTestIf, testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath, ImageId} from '../../../src/contract/names.ts';
import {copyTree} from '../../../src/image/copy-tree.ts';
import {renderImage} from '../../../src/image/extract-image.ts';
import {collectImages} from '../../../src/image/gc.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {DEPENDENCY_DEPTH, DEPENDENCY_VISITS, WHITELIST_BYTES} from '../../../src/image/limits.ts';
import {removeImage} from '../../../src/image/remove.ts';
import {type ImageStore, imageDirectory} from '../../../src/image/store.ts';
import {visitsOf} from '../../../src/image/visits.ts';
import {openHost} from '../../../src/linux/openat2.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {random} from './support/random-archive.ts';
import {entriesOf, idOf, specImage, type Tree} from './support/spec.ts';
import {codeOf, importBytes, type TestStore, testStore, treeEntries} from './support/store.ts';
import {directory, file, hardlink, imageOf, pax, symlink} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar');

const withStore = async (work: (made: TestStore) => Promise<void>): Promise<void> => {
  const made = testStore();
  try {
    await work(made);
  } finally {
    made.remove();
  }
};

const name = (letter: string): string => `example.com/${letter.toLowerCase()}`;
const dependOn = (...letters: string[]) => ({dependencies: letters.map((letter) => ({imageName: name(letter)}))});

/** Imports images by letter, with what each depends on. */
const importAll = async (
  store: ImageStore,
  images: Readonly<Record<string, Buffer>>,
): Promise<Record<string, ImageId>> => {
  const ids: Record<string, ImageId> = {};
  for (const [letter, archive] of Object.entries(images)) ids[letter] = await importBytes(store, archive);
  return ids;
};
const get = (ids: Readonly<Record<string, ImageId>>, letter: string): ImageId => {
  const id = ids[letter];
  if (id === undefined) throw new Error(`no image ${letter}`);
  return id;
};

testIf(needs)('EX-03 dependencies are visited depth-first in their order, and twice if two ways lead to them', (t) =>
  withStore(async ({store}) => {
    const ids = await importAll(store, {
      D: specImage(name('D'), {d: 'D'}),
      B: specImage(name('B'), {b: 'B'}, dependOn('D')),
      C: specImage(name('C'), {c: 'C'}, dependOn('D')),
      A: specImage(name('A'), {a: 'A'}, dependOn('B', 'C')),
    });
    const letters = new Map(Object.entries(ids).map(([letter, id]) => [id, letter]));
    const order = visitsOf(store, get(ids, 'A')).map(({id}) => letters.get(id));
    t.deepEqual(order, ['D', 'B', 'D', 'C', 'A']);
    // Uppermost first, each once: the last visit of D is above B.
    t.deepEqual(
      await layersOf(store, get(ids, 'A')),
      ['A', 'C', 'D', 'B'].map((letter) => `${imageDirectory(store, get(ids, letter))}/rootfs` as HostPath),
    );
  }),
);

/** An image of a few paths that get in each other's way; every directory has an entry, with an owner of its own. */
const randomTree = (below: (n: number) => number): Buffer[] => {
  const entries: Buffer[] = [];
  const fill = (parent: string, depth: number): void => {
    for (const part of ['a', 'b', 'c']) {
      const path = `${parent}/${part}`;
      const fields = {uid: below(5), mode: 0o700 + below(0o100), mtime: below(2 ** 30)};
      switch (below(5)) {
        case 0:
        case 1:
          if (depth < 3) {
            entries.push(directory(path, fields));
            fill(path, depth + 1);
          }
          break;
        case 2:
          entries.push(file(path, `${below(1000)}`, fields));
          break;
        case 3:
          entries.push(file(path, 'l', fields), hardlink(`${path}x`, path));
          break;
        default:
          break;
      }
    }
  };
  fill('rootfs', 0);
  return entries;
};

/** Three archives each. */
const SEEDS = env.RKT_TEST_LONG === '1' ? 25 : 8;

testIf(lacks('root', 'program/bsdtar', 'overlay'))('EX-05 EX-06 layers under overlayfs are what rendering gives', (t) =>
  withStore(async ({store, directory: base}) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const below = random(seed);
      const links = below(2)
        ? [
            ['rootfs/a', 'b'],
            ['rootfs/b/c', '../a'],
            ['rootfs/c', '/a'],
          ]
        : [];
      const ids: ImageId[] = [];
      const letters = ['x', 'y', 'z'];
      for (const [index, letter] of letters.entries()) {
        const entries =
          index === 0 && links.length > 0
            ? [directory('rootfs/b'), ...links.map(([from = '', to = '']) => symlink(from, to))]
            : randomTree(below);
        const fields = {
          name: `example.com/s${seed}${letter}`,
          dependencies: ids
            .slice(-1)
            .map((imageID) => ({imageID, imageName: `example.com/s${seed}${letters[index - 1]}`})),
        };
        ids.push(await importBytes(store, imageOf(fields, ...entries)));
      }
      const id = ids[2] ?? idOf(Buffer.alloc(0));
      const lower = await layersOf(store, id);
      t.is(lower.length, 3);
      const flat = await layersOf(store, id, {flat: true});
      t.is(flat.length, 1);
      // In a mount namespace of its own, so that nothing stays mounted whatever happens.
      const seen = path.join(base, `seen-${seed}`);
      mkdirSync(path.join(seen, 'mnt'), {recursive: true});
      const script = 'mount -t overlay overlay -o "ro,lowerdir=$1" "$2/mnt" && cp -a "$2/mnt" "$2/rootfs"';
      execFileSync('unshare', ['-m', 'sh', '-ec', script, 'sh', lower.join(':'), seen]);
      t.deepEqual(treeEntries(seen), onlyRootfs(treeEntries(path.dirname(flat[0] ?? ''))), `seed ${seed}`);
    }
  }),
);

const onlyRootfs = (tree: Map<string, string>): Map<string, string> =>
  new Map([...tree].filter(([path]) => path.startsWith('rootfs')));

const paths = (directory: string): string[] =>
  [...treeEntries(directory).keys()].filter((key) => key !== 'rootfs').sort();

testIf(needs)(
  'EX-04 a whitelist leaves what it lists and what leads there, with all properties, in a tree that is shared',
  (t) =>
    withStore(async ({store}) => {
      const base = imageOf(
        {name: name('base')},
        directory('rootfs/etc', {mode: 0o2750, uid: 3, mtime: 77}),
        file('rootfs/etc/keep', 'keep', {mode: 0o4711, uid: 4, mtime: 78}),
        hardlink('rootfs/etc/twin', 'rootfs/etc/keep'),
        file('rootfs/etc/drop', 'drop'),
        pax({'SCHILY.xattr.user.note': 'n'}),
        directory('rootfs/var'),
        file('rootfs/var/log', 'log'),
      );
      const app = specImage(
        name('app'),
        {app: 'app', other: 'other'},
        {
          ...dependOn('base'),
          pathWhitelist: ['/etc/keep', '/etc/twin', '/var', '/app'],
        },
      );
      const ids = await importAll(store, {base, app});
      const lower = await layersOf(store, get(ids, 'app'));
      t.is(lower.length, 1);
      const [rootfs = ''] = lower;
      t.deepEqual(paths(path.dirname(rootfs)), [
        'rootfs/app',
        'rootfs/etc',
        'rootfs/etc/keep',
        'rootfs/etc/twin',
        'rootfs/var',
      ]);
      const etc = lstatSync(`${rootfs}/etc`);
      t.deepEqual([etc.mode & 0o7777, etc.uid, etc.mtimeMs], [0o2750, 3, 77_000]);
      const keep = lstatSync(`${rootfs}/etc/keep`);
      t.deepEqual([keep.mode & 0o7777, keep.uid, keep.mtimeMs], [0o4711, 4, 78_000]);
      t.is(keep.ino, lstatSync(`${rootfs}/etc/twin`).ino);
      t.is(keep.ino, lstatSync(`${imageDirectory(store, get(ids, 'base'))}/rootfs/etc/keep`).ino, 'no copy');
      t.true(
        execFileSync('bsdtar', ['--format=pax', '-cf', '-', '-C', rootfs, 'var']).includes('SCHILY.xattr.user.note=n'),
      );
      t.deepEqual(await layersOf(store, get(ids, 'app')), lower);
      t.is(readdirSync(store.trees).length, 1);
    }),
);

testIf(needs)('EX-04 a visit is filtered by the whitelists of those that depend on it, each visit by its own', (t) =>
  withStore(async ({store}) => {
    const ids = await importAll(store, {
      D: specImage(name('D'), {one: '1', two: '2', three: '3'}),
      B: specImage(name('B'), {b: 'b'}, {...dependOn('D'), pathWhitelist: ['/one', '/b']}),
      C: specImage(name('C'), {c: 'c'}, {...dependOn('D'), pathWhitelist: ['/two']}),
      A: specImage(name('A'), {a: 'a'}, dependOn('B', 'C')),
    });
    const lower = await layersOf(store, get(ids, 'A'));
    t.deepEqual(paths(path.dirname(lower[0] ?? '')), ['rootfs/a', 'rootfs/b', 'rootfs/one', 'rootfs/two']);
  }),
);

testIf(needs)('an archive that only implies a directory does not change the one below it', (t) =>
  withStore(async ({store}) => {
    const ids = await importAll(store, {
      base: imageOf({name: name('base')}, directory('rootfs/tmp', {mode: 0o1777}), file('rootfs/tmp/x')),
      app: specImage(name('app'), {'tmp/y': 'y'}, dependOn('base')),
    });
    const lower = await layersOf(store, get(ids, 'app'));
    t.is(lower.length, 1, 'overlayfs would show 0755');
    t.is(lstatSync(`${lower[0]}/tmp`).mode & 0o7777, 0o1777);
    t.deepEqual(readdirSync(`${lower[0]}/tmp`).sort(), ['x', 'y']);
  }),
);

testIf(needs)('IM-26 IM-27 a dependency must be the one that is meant', (t) =>
  withStore(async ({store}) => {
    const base = specImage(name('base'), {x: 'x'}, {labels: [{name: 'version', value: '1'}]});
    const baseId = await importBytes(store, base);
    const depend = async (dependency: Record<string, unknown>) => {
      const id = await importBytes(
        store,
        specImage(name('app'), {}, {dependencies: [{imageName: name('base'), ...dependency}]}),
      );
      return layersOf(store, id);
    };
    const mismatch = async (dependency: Record<string, unknown>) => {
      const error = await t.throwsAsync<RktError>(depend(dependency));
      return [error?.code, error?.fields.field];
    };
    t.is(
      (await depend({imageID: baseId, size: base.length}))[1],
      `${imageDirectory(store, baseId)}/rootfs` as HostPath,
    );
    t.deepEqual(await mismatch({size: base.length + 1}), ['RKT_IMAGE_DEPENDENCY_MISMATCH', 'size']);
    t.deepEqual(await mismatch({imageID: baseId, imageName: name('other')}), ['RKT_IMAGE_DEPENDENCY_MISMATCH', 'name']);
    t.deepEqual(await mismatch({imageID: baseId, labels: [{name: 'version', value: '2'}]}), [
      'RKT_IMAGE_DEPENDENCY_MISMATCH',
      'labels',
    ]);
    t.is(await codeOf(depend({imageID: idOf(Buffer.alloc(1))})), 'RKT_IMAGE_DEPENDENCY_MISSING');
    t.is(await codeOf(depend({imageName: name('none')})), 'RKT_IMAGE_DEPENDENCY_MISSING');
    t.is(await codeOf(depend({labels: [{name: 'version', value: '2'}]})), 'RKT_IMAGE_DEPENDENCY_MISSING');
  }),
);

testIf(needs)('S10 images that depend on each other in a circle are refused', (t) =>
  withStore(async ({store}) => {
    const a = await importBytes(store, specImage(name('A'), {}, dependOn('B')));
    await importBytes(store, specImage(name('B'), {}, dependOn('A')));
    const self = await importBytes(store, specImage(name('S'), {}, dependOn('S')));
    t.is(await codeOf(layersOf(store, a)), 'RKT_IMAGE_DEPENDENCY_CYCLE');
    t.is(await codeOf(layersOf(store, self)), 'RKT_IMAGE_DEPENDENCY_CYCLE');
  }),
);

testIf(needs)('S10 depth of dependencies: one below and at the limit pass, one above is refused', (t) =>
  withStore(async ({store}) => {
    let previous: string | undefined;
    const ids: ImageId[] = [];
    for (let depth = 0; depth <= DEPENDENCY_DEPTH + 1; depth++) {
      const own = `example.com/depth${depth}`;
      const dependencies = previous === undefined ? [] : [{imageName: previous}];
      ids.push(await importBytes(store, specImage(own, {}, {dependencies})));
      previous = own;
    }
    const verdict = (depth: number) => codeOf(layersOf(store, ids[depth] ?? idOf(Buffer.alloc(0))));
    t.is(await verdict(DEPENDENCY_DEPTH - 1), undefined);
    t.is(await verdict(DEPENDENCY_DEPTH), undefined);
    t.is(await verdict(DEPENDENCY_DEPTH + 1), 'RKT_IMAGE_LIMIT_EXCEEDED');
  }),
);

testIf(needs)('S10 number of visits: one below and at the limit pass, one above is refused', (t) =>
  withStore(async ({store}) => {
    await importBytes(store, specImage(name('leaf'), {}));
    const wide = (count: number) =>
      importBytes(store, specImage(name('wide'), {}, dependOn(...Array.from({length: count}, () => 'leaf'))));
    const verdict = async (visits: number) => codeOf(layersOf(store, await wide(visits - 1)));
    t.is(await verdict(DEPENDENCY_VISITS - 1), undefined);
    t.is(await verdict(DEPENDENCY_VISITS), undefined);
    t.is(await verdict(DEPENDENCY_VISITS + 1), 'RKT_IMAGE_LIMIT_EXCEEDED');
    // Twenty levels of two each would be a million visits.
    let previous = name('leaf');
    let id = idOf(Buffer.alloc(0));
    for (let level = 0; level < 20; level++) {
      const own = `example.com/level${level}`;
      id = await importBytes(store, specImage(own, {}, {dependencies: [{imageName: previous}, {imageName: previous}]}));
      previous = own;
    }
    t.is(await codeOf(layersOf(store, id)), 'RKT_IMAGE_LIMIT_EXCEEDED');
  }),
);

/** Images of which each depends on the one before as often as it says; each has a whitelist of `bytes`. */
const tower = async (store: ImageStore, widths: readonly number[], bytes: number): Promise<ImageId> => {
  let id = await importBytes(store, specImage(name('0'), {'kept-0': ''}, {pathWhitelist: longWhitelist(bytes)}));
  for (const [index, width] of widths.entries()) {
    const {dependencies} = dependOn(...Array.from({length: width}, () => `${index}`));
    const own = `${index + 1}`;
    const fields = {dependencies, pathWhitelist: [...longWhitelist(bytes), `/${own}`]};
    id = await importBytes(store, specImage(name(own), {[`kept-${own}`]: ''}, fields));
  }
  return id;
};

/** As JSON some bytes less than said. */
const longWhitelist = (bytes: number): string[] => {
  const kept = Array.from({length: 10}, (_, index) => `/kept-${index}`);
  return [...kept, ...Array.from({length: Math.floor(bytes / 1000)}, (_, at) => `/${at}`.padEnd(997, 'x'))];
};

testIf(needs)('S10 long whitelists on many ways to one image are no more than one each', (t) =>
  withStore(async ({store}) => {
    const lower = await layersOf(store, await tower(store, [15, 15, 1], 900_000));
    t.deepEqual(readdirSync(lower[0] ?? '').sort(), ['kept-0', 'kept-1', 'kept-2', 'kept-3']);
    t.is(readdirSync(store.trees).length, 1);
  }),
);

testIf(needs)('S10 bytes of whitelists: below the limit passes, above is refused', (t) =>
  withStore(async ({store}) => {
    const part = WHITELIST_BYTES / 8;
    t.is(await codeOf(layersOf(store, await tower(store, Array(6).fill(1), part))), undefined);
    t.is(await codeOf(layersOf(store, await tower(store, Array(9).fill(1), part))), 'RKT_IMAGE_LIMIT_EXCEEDED');
    t.is(await codeOf(layersOf(store, await tower(store, [15, 15, 1, 1, 1], 900_000))), 'RKT_IMAGE_LIMIT_EXCEEDED');
  }),
);

/** An image on top of `ways` images, each with a whitelist of its own, that depend on one that is large. */
const fan = async (
  store: ImageStore,
  ways: number,
  large: readonly Buffer[],
): Promise<readonly [top: ImageId, large: ImageId]> => {
  const below = await importBytes(store, imageOf({name: name('large')}, ...large));
  for (let way = 0; way < ways; way++)
    await importBytes(store, specImage(name(`way${way}`), {}, {...dependOn('large'), pathWhitelist: [`/${way}`]}));
  const ids = Array.from({length: ways}, (_, way) => `way${way}`);
  return [await importBytes(store, specImage(name('top'), {}, dependOn(...ids))), below];
};

testIf(needs)('S10 an image that many whitelists let pass is refused when that is too much work', (t) =>
  withStore(async ({store}) => {
    const large = Array.from({length: 2000}, (_, index) => [
      pax({linkpath: 'x'.repeat(3000)}),
      symlink(`rootfs/${index}`, 'x'),
    ]);
    const [top] = await fan(store, 100, large.flat());
    t.is(await codeOf(layersOf(store, top)), 'RKT_IMAGE_LIMIT_EXCEEDED');
    t.deepEqual(readdirSync(store.trees), []);
  }),
);

serialTestIf(needs)('S10 an image that several whitelists let pass is read once', (t) =>
  withStore(async ({store}) => {
    const [top, large] = await fan(store, 3, entriesOf({0: '', 1: '', 2: '', 3: ''}));
    const {createReadStream} = fs;
    const opened: string[] = [];
    fs.createReadStream = (file, options) => {
      const number = typeof options === 'object' ? Number(options.fd) : -1;
      opened.push(readlinkSync(`/proc/self/fd/${number}`));
      return createReadStream(file, options);
    };
    syncBuiltinESMExports();
    t.teardown(() => {
      fs.createReadStream = createReadStream;
      syncBuiltinESMExports();
    });
    const lower = await layersOf(store, top);
    t.deepEqual(readdirSync(lower[0] ?? '').sort(), ['0', '1', '2']);
    t.is(opened.filter((file) => file.includes(large)).length, 1);
  }),
);

testIf(needs)('a rendered tree outlives its use by a pod only as long as it is wanted', (t) =>
  withStore(async ({store}) => {
    const tree: Tree = {a: 'a', b: 'b'};
    const id = await importBytes(store, specImage(name('app'), tree, {pathWhitelist: ['/a']}));
    await layersOf(store, id);
    const [key = ''] = readdirSync(store.trees);
    utimesSync(`${store.trees}/${key}/used`, 1, 1);
    t.deepEqual(collectImages(store, 3_600_000), {images: [], trees: [key]});
    await layersOf(store, id);
    removeImage(store, id);
    t.deepEqual(readdirSync(store.trees), []);
  }),
);

testIf(needs)('EX-07 a copy is what the layers are, and rendering to a directory too', (t) =>
  withStore(async ({store, directory: base}) => {
    const ids = await importAll(store, {
      base: imageOf(
        {name: name('base')},
        directory('rootfs/d', {mode: 0o700, uid: 9, mtime: 5}),
        file('rootfs/d/f', 'f', {mode: 0o6755, mtime: 6}),
      ),
      app: specImage(name('app'), {g: 'g'}, dependOn('base')),
    });
    const lower = await layersOf(store, get(ids, 'app'), {flat: true});
    const [rootfs = '' as HostPath] = lower;
    using source = openHost(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
    t.is(await codeOf(copyTree(source, path.join(base, 'copy', 'rootfs') as HostPath)), 'ENOENT');
    mkdirSync(path.join(base, 'copy'));
    await copyTree(source, path.join(base, 'copy', 'rootfs') as HostPath);
    const wanted = onlyRootfs(treeEntries(path.dirname(rootfs)));
    t.deepEqual(treeEntries(path.join(base, 'copy')), wanted);
    await renderImage(store, get(ids, 'app'), path.join(base, 'rendered'), {});
    t.deepEqual(onlyRootfs(treeEntries(path.join(base, 'rendered'))), wanted);
    t.is(await codeOf(renderImage(store, get(ids, 'app'), path.join(base, 'rendered'), {})), 'RKT_IMAGE_OUTPUT_EXISTS');
    await renderImage(store, get(ids, 'app'), path.join(base, 'rendered'), {overwrite: true, rootfsOnly: true});
    t.deepEqual(readdirSync(path.join(base, 'rendered')).sort(), ['d', 'g']);
    t.deepEqual(
      readdirSync(base).filter((entry) => entry.startsWith('.')),
      [],
    );
  }),
);
