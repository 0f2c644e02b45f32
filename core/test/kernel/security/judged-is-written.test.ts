import {execFileSync} from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../../../../test/helpers/host.ts';
import {lacks, lacksPods} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {program} from '../../../../test/runner/packages.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {checkTree} from '../../../src/image/check-tree.ts';
import {exportImage} from '../../../src/image/export.ts';
import {startExtraction} from '../../../src/image/extract.ts';
import {extractImage, renderImage} from '../../../src/image/extract-image.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {manifestText} from '../../../src/image/manifest.ts';
import {imageDirectory} from '../../../src/image/store.ts';
import {createTarScanner} from '../../../src/image/tar/scan.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {codeOf, importBytes, type TestStore, testStore} from '../image/support/store.ts';
import {directory, END, file, hardlink, image, imageOf, LABELS, manifest, pax, symlink} from '../image/support/tar.ts';

const needs = lacks('root', 'program/bsdtar');
const flavors = ['fly', 'nspawn'] as const;

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const NFD = latin1('e\u0301');
const NFC = latin1('\u00e9');

const withStore = async (work: (made: TestStore) => unknown): Promise<void> => {
  const made = testStore();
  try {
    await work(made);
  } finally {
    made.remove();
  }
};

const host = openHost();
test.after.always(() => host.close());

for (const flavor of flavors) {
  const lacking = lacksPods('overlay', ...(flavor === 'nspawn' ? (['program/systemd-nspawn'] as const) : []));
  testIf(lacking)(
    `S27 ${flavor}: names that are one after normalisation are two files, and none leads to the host`,
    async (t) => {
      const secret = path.join(host.directory, `secret-${flavor}`);
      mkdirSync(secret);
      writeFileSync(path.join(secret, 'shadow'), 'of the host');
      const busybox = readFileSync(program('busybox') ?? '/bin/busybox');
      const archive = imageOf(
        {
          name: `example.com/normalised-${flavor}`,
          labels: LABELS,
          app: {exec: ['/busybox', 'cat', `/\u00e9${secret}/shadow`], user: '0', group: '0'},
          // A tree of its own, whose files are links to those of the image.
          pathWhitelist: ['/busybox', `/\u00e9${secret}/shadow`],
        },
        file('rootfs/busybox', busybox, {mode: 0o755}),
        pax({path: `rootfs/${NFD}`, linkpath: '/'}),
        symlink('x', 'y'),
        pax({path: `rootfs/${NFC}`}),
        directory('x'),
        pax({path: `rootfs/${NFC}${secret}/shadow`}),
        file('x', 'of the image'),
      );
      const aci = path.join(host.directory, `normalised-${flavor}.aci`);
      writeFileSync(aci, archive);
      const {stdout, exitCode, stderr} = await host.run(aci, {stage1: flavor});
      t.is(stdout.trim(), 'of the image', stderr);
      t.is(exitCode, 0);
    },
  );

  testIf(lacking)(`S27 ${flavor}: a symlink in the place of a layer is not mounted`, async (t) => {
    const aci = path.join(host.directory, `planted-${flavor}.aci`);
    writeFileSync(
      aci,
      imageOf(
        {
          name: `example.com/planted-${flavor}`,
          labels: LABELS,
          app: {exec: ['/busybox', 'true'], user: '0', group: '0'},
        },
        file('rootfs/busybox', readFileSync(program('busybox') ?? '/bin/busybox'), {mode: 0o755}),
      ),
    );
    const id = await host.fetch(aci);
    const rootfs = path.join(host.data, 'cas/images', id, 'rootfs');
    const elsewhere = path.join(host.directory, `elsewhere-${flavor}`);
    renameSync(rootfs, elsewhere);
    symlinkSync(elsewhere, rootfs);
    const before = host.podDirectories();
    const {exitCode, error} = await host.run(id, {stage1: flavor});
    t.is(exitCode, 254);
    t.not(error?.code, undefined);
    t.deepEqual(host.podDirectories(), before);
  });
}

testIf(needs)('S27 no archive changes the manifest that was judged', (t) =>
  withStore(async ({store}) => {
    const evil = manifest({name: 'example.com/evil', dependencies: [{imageName: 'example.com/x'}]});
    const archive = image(
      pax({path: `rootfs/${NFD}`, linkpath: '/'}),
      symlink('x', 'y'),
      pax({path: `rootfs/${NFC}`}),
      directory('x'),
      pax({path: `rootfs/${NFC}/manifest`}),
      file('x', evil),
    );
    const id = await importBytes(store, archive);
    t.is(manifestText(store, id), manifest().toString());
    t.is(await codeOf(verifyImage(store, id)), undefined);
  }),
);

testIf(needs)('S27 an ID of a stored manifest is parsed before it is part of a path', (t) =>
  withStore(async ({store, directory: base, decoy}) => {
    const id = await importBytes(store, image());
    const up = path.relative(store.images, decoy);
    for (const imageID of [`sha512-x/../${up}`, up, '..', `sha512-${'A'.repeat(128)}`]) {
      const changed = manifest({dependencies: [{imageName: 'example.com/x', imageID}]});
      writeFileSync(path.join(imageDirectory(store, id), 'manifest'), changed);
      writeFileSync(
        path.join(decoy, 'info.json'),
        readFileSync(path.join(imageDirectory(store, id), 'info.json'), 'utf8').replace(
          'example.com/hostile',
          'example.com/x',
        ),
      );
      t.is(await codeOf(layersOf(store, id)), 'RKT_IMAGE_DAMAGED', imageID);
    }
    t.true(existsSync(base));
  }),
);

/** What may have become a symlink to an equal one elsewhere, below an image's directory. */
const PLANTED = ['', 'manifest', 'info.json', 'tar-split.zst', 'rootfs', 'rootfs/d', 'rootfs/d/f'];

for (const planted of PLANTED) {
  testIf(needs)(`S27 a symlink in the place of ${planted || 'an image'} is not followed`, (t) =>
    withStore(async ({store, directory: base}) => {
      const id = await importBytes(store, image(directory('rootfs/d'), file('rootfs/d/f', 'content')));
      const whitelisted = await importBytes(
        store,
        imageOf({
          name: 'example.com/above',
          dependencies: [{imageName: 'example.com/hostile', imageID: id}],
          pathWhitelist: ['/d/f'],
        }),
      );
      const original = path.join(imageDirectory(store, id), planted);
      const elsewhere = path.join(base, 'elsewhere');
      renameSync(original, elsewhere);
      symlinkSync(elsewhere, original);
      t.is(
        await codeOf(exportImage(store, id, path.join(base, 'exported'))),
        planted === 'info.json' ? undefined : 'RKT_IMAGE_DAMAGED',
      );
      t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
      if (!planted.startsWith('rootfs')) return;
      // Its file is a link to that of the image.
      t.is(await codeOf(layersOf(store, whitelisted)), 'RKT_IMAGE_DAMAGED');
      if (planted === 'rootfs') t.is(await codeOf(extractImage(store, id, path.join(base, 'out'), {})), 'ELOOP');
    }),
  );
}

testIf(needs)('S27 a symlink in the place of a rendered tree is not followed', (t) =>
  withStore(async ({store, directory: base}) => {
    const id = await importBytes(store, imageOf({name: 'example.com/a', pathWhitelist: ['/f']}, file('rootfs/f', 'f')));
    const [tree = ''] = await layersOf(store, id);
    const elsewhere = path.join(base, 'elsewhere');
    renameSync(tree, elsewhere);
    symlinkSync(elsewhere, tree);
    t.is(await codeOf(renderImage(store, id, path.join(base, 'out'), {})), 'ELOOP');
  }),
);

testIf(needs)('S27 what is in the place of a further name of a symlink is not rendered', (t) =>
  withStore(async ({store}) => {
    const id = await importBytes(
      store,
      imageOf({name: 'example.com/links'}, symlink('rootfs/l', '/etc'), hardlink('rootfs/m', 'rootfs/l')),
    );
    const above = await importBytes(
      store,
      imageOf({
        name: 'example.com/above',
        dependencies: [{imageName: 'example.com/links', imageID: id}],
        pathWhitelist: ['/m'],
      }),
    );
    const planted = path.join(imageDirectory(store, id), 'rootfs/m');
    rmSync(planted);
    writeFileSync(planted, '');
    t.is(await codeOf(layersOf(store, above)), 'RKT_IMAGE_DAMAGED');
    rmSync(planted);
    symlinkSync('/etc', planted);
    t.is(await codeOf(layersOf(store, above)), undefined);
  }),
);

/** What an unpacker or a file system could do to a tree. */
const DIFFERENCES: Readonly<Record<string, (rootfs: string) => void>> = {
  'a file is missing': (rootfs) => rmSync(`${rootfs}/d/f`),
  'a file is too much': (rootfs) => writeFileSync(`${rootfs}/more`, ''),
  'a file is beside the rootfs': (rootfs) => writeFileSync(path.join(rootfs, '../manifest'), '{}'),
  'a file has another name': (rootfs) => renameSync(`${rootfs}/${'e\u0301'}`, `${rootfs}/${'\u00e9'}`),
  'a file is shorter': (rootfs) => {
    writeFileSync(`${rootfs}/d/f`, '');
    utimesSync(`${rootfs}/d/f`, 1_000_000_000, 1_000_000_000);
  },
  'a file has another time': (rootfs) => utimesSync(`${rootfs}/d/f`, 1, 1),
  'a directory is a symlink': (rootfs) => {
    cpSync(`${rootfs}/d`, path.join(rootfs, '../../d'), {recursive: true, preserveTimestamps: true});
    rmSync(`${rootfs}/d`, {recursive: true});
    symlinkSync('../../d', `${rootfs}/d`);
  },
  'a symlink leads elsewhere': (rootfs) => {
    rmSync(`${rootfs}/l`);
    symlinkSync('e', `${rootfs}/l`);
    execFileSync('touch', ['-h', '-d', '@1000000000', `${rootfs}/l`]);
  },
  'a hard link is a copy': (rootfs) => {
    copyFileSync(`${rootfs}/d/f`, `${rootfs}/copy`);
    utimesSync(`${rootfs}/copy`, 1_000_000_000, 1_000_000_000);
    renameSync(`${rootfs}/copy`, `${rootfs}/h`);
  },
  'a mode is another': (rootfs) => execFileSync('chmod', ['u+s', `${rootfs}/d/f`]),
  'an owner is another': (rootfs) => execFileSync('chown', ['1', `${rootfs}/d/f`]),
  'an attribute is missing': (rootfs) =>
    execFileSync(program('python3') ?? 'python3', [
      '-c',
      'import os,sys; os.removexattr(sys.argv[1], "user.a")',
      `${rootfs}/x`,
    ]),
};

const unpacked = async (made: TestStore, change: (rootfs: string) => void): Promise<string | undefined> => {
  const tree = path.join(made.directory, 'tree') as HostPath;
  mkdirSync(tree);
  const archive = image(
    directory('rootfs/d'),
    file('rootfs/d/f', 'content'),
    hardlink('rootfs/h', 'rootfs/d/f'),
    symlink('rootfs/l', 'd'),
    file(`rootfs/${NFD}`, 'name'),
    pax({'SCHILY.xattr.user.a': 'b'}),
    file('rootfs/x'),
    file('rootfs/implied/f'),
  );
  using extraction = startExtraction(tree);
  const scanner = createTarScanner({
    entry: (entry) => entry.path === 'manifest' || extraction.entry(entry),
    payload: (bytes, entry) => entry.path === 'manifest' || extraction.content(bytes),
  });
  scanner.push(archive);
  scanner.end();
  await extraction.finish();
  change(path.join(tree, 'rootfs'));
  return codeOf((async () => checkTree(tree, scanner.made))());
};

testIf(needs)('S27 a tree that is not what was judged is found, whatever the unpacker says', async (t) => {
  await withStore(async (made) => t.is(await unpacked(made, () => undefined), undefined));
  for (const [title, change] of Object.entries(DIFFERENCES)) {
    await withStore(async (made) => t.is(await unpacked(made, change), 'RKT_IMAGE_TREE_DIFFERS', title));
  }
});

testIf(needs)('S27 a name that is an archive of another kind is a name', async (t) => {
  await withStore(async (made) => {
    // Decoded it is `#mtree\n./E type=dir\n`.
    const name = 'rootfs/\nbegin 644 x\n4(VUT<F5E"BXO12!T>7!E/61I<@H \n`\nend\n';
    // The first thing that is unpacked: the directory is only implied.
    const archive = Buffer.concat([
      file('manifest', manifest({labels: LABELS})),
      file(name, 'x'),
      directory('rootfs'),
      END,
    ]);
    const id = await importBytes(made.store, archive);
    t.is(readFileSync(path.join(imageDirectory(made.store, id), name), 'utf8'), 'x');
  });
});
