import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {ImageId} from '../../../src/contract/names.ts';
import {exportImage} from '../../../src/image/export.ts';
import {readInfo} from '../../../src/image/info.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {verifyAndRepair} from '../../../src/image/repair.ts';
import {type ImageStore, imageDirectory} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {lockDirectory} from '../../../src/linux/lock.ts';
import {specImage} from './support/spec.ts';
import {codeOf, importBytes, testStore, treeEntries} from './support/store.ts';
import {device, directory, fifo, file, hardlink, image, pax, symlink} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar');

const archive = image(
  directory('rootfs/d', {mode: 0o750}),
  file('rootfs/d/f', 'content', {mode: 0o644, uid: 5, gid: 6}),
  hardlink('rootfs/d/g', 'rootfs/d/f'),
  file('rootfs/d/other', 'content'),
  symlink('rootfs/l', 'd/f'),
  symlink('rootfs/s', 'd/f'),
  hardlink('rootfs/s2', 'rootfs/s'),
  fifo('rootfs/p'),
  device('rootfs/null', '3', 1, 3),
  pax({'SCHILY.xattr.security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex')}),
  file('rootfs/ping', 'x', {mode: 0o755}),
);

const files = (directory: string): string[] =>
  readdirSync(directory, {withFileTypes: true}).flatMap((entry) => {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) return files(full);
    return entry.isFile() ? [full] : [];
  });

testIf(needs)('S12 a flipped byte is found in every file of an image', async (t) => {
  const {store, remove} = testStore();
  try {
    const id = await importBytes(store, archive);
    t.is(await codeOf(verifyImage(store, id)), undefined);
    const all = files(imageDirectory(store, id)).filter((name) => lstatSync(name).size > 0);
    t.true(all.length >= 7);
    for (const name of all) {
      const {atime, mtime} = lstatSync(name);
      const content = readFileSync(name);
      // Every byte would take minutes; the first, the last and some between.
      const places = [0, content.length - 1, ...[1, 2, 3, 4].map((part) => Math.floor((content.length * part) / 5))];
      for (const place of new Set(places)) {
        const flipped = Buffer.from(content);
        flipped[place] = (flipped[place] ?? 0) ^ 1;
        writeFileSync(name, flipped);
        utimesSync(name, atime, mtime);
        t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED', `${name} at ${place}`);
      }
      writeFileSync(name, content);
      utimesSync(name, atime, mtime);
    }
    // Writing took the capability away, which is found, too.
    t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
  } finally {
    remove();
  }
});

/** Changes that leave every content as it is. */
const CHANGES: Readonly<Record<string, (rootfs: string) => void>> = {
  'mode of a file': (rootfs) => chmodSync(`${rootfs}/d/f`, 0o4755),
  'mode of a directory': (rootfs) => chmodSync(`${rootfs}/d`, 0o777),
  owner: (rootfs) => chownSync(`${rootfs}/d/other`, 1, 0),
  group: (rootfs) => chownSync(`${rootfs}/d/other`, 0, 1),
  'time of a file': (rootfs) => utimesSync(`${rootfs}/d/f`, 1, 1),
  'time of a directory': (rootfs) => utimesSync(`${rootfs}/d`, 1, 1),
  'target of a symlink': (rootfs) => {
    rmSync(`${rootfs}/l`);
    symlinkSync('d/g', `${rootfs}/l`);
  },
  'one more file': (rootfs) => {
    const {mtime} = lstatSync(`${rootfs}/d`);
    writeFileSync(`${rootfs}/d/more`, '');
    utimesSync(`${rootfs}/d`, mtime, mtime);
  },
  'one file less': (rootfs) => rmSync(`${rootfs}/null`),
  'a device becomes a file': (rootfs) => {
    rmSync(`${rootfs}/null`);
    writeFileSync(`${rootfs}/null`, '');
  },
  'a hard link becomes a copy': (rootfs) => {
    const {mtime} = lstatSync(`${rootfs}/d/f`);
    const parent = lstatSync(`${rootfs}/d`).mtime;
    rmSync(`${rootfs}/d/g`);
    writeFileSync(`${rootfs}/d/g`, 'content', {mode: 0o644});
    chownSync(`${rootfs}/d/g`, 5, 6);
    utimesSync(`${rootfs}/d/g`, mtime, mtime);
    utimesSync(`${rootfs}/d`, parent, parent);
  },
  'a copy becomes a hard link': (rootfs) => {
    const parent = lstatSync(`${rootfs}/d`).mtime;
    rmSync(`${rootfs}/d/other`);
    linkSync(`${rootfs}/d/f`, `${rootfs}/d/other`);
    utimesSync(`${rootfs}/d`, parent, parent);
  },
  'a further name of a symlink becomes another symlink': (rootfs) => {
    const {mtimeMs} = lstatSync(`${rootfs}/s2`);
    const parent = lstatSync(rootfs).mtime;
    rmSync(`${rootfs}/s2`);
    symlinkSync('d/f', `${rootfs}/s2`);
    lutimesSync(`${rootfs}/s2`, mtimeMs / 1000, mtimeMs / 1000);
    utimesSync(rootfs, parent, parent);
  },
  'a device that no image may have': (rootfs) => void execFileSync('mknod', [`${rootfs}/sda`, 'b', '8', '0']),
  'a directory becomes a symlink': (rootfs) => {
    renameSync(`${rootfs}/d`, `${rootfs}/e`);
    symlinkSync('e', `${rootfs}/d`);
  },
  'others may enter': (rootfs) => chmodSync(path.dirname(rootfs), 0o755),
  'no manifest': (rootfs) => rmSync(`${path.dirname(rootfs)}/manifest`),
  'no rest of the archive': (rootfs) => rmSync(`${path.dirname(rootfs)}/tar-split.zst`),
};

for (const [title, change] of Object.entries(CHANGES)) {
  testIf(needs)(`S12 verification finds: ${title}`, async (t) => {
    const {store, remove} = testStore();
    try {
      const id = await importBytes(store, archive);
      change(path.join(imageDirectory(store, id), 'rootfs'));
      t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
    } finally {
      remove();
    }
  });
}

testIf(needs)('S12 a damaged image is not exported', async (t) => {
  const {directory: base, store, remove} = testStore();
  const attempt = (id: ImageId, to: ImageStore) => codeOf(exportImage(to, id, path.join(base, 'out.aci')));
  try {
    const id = await importBytes(store, archive);
    writeFileSync(path.join(imageDirectory(store, id), 'rootfs/d/f'), 'CONTENT');
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED');
    writeFileSync(path.join(imageDirectory(store, id), 'rootfs/d/f'), 'short');
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED');
    rmSync(path.join(imageDirectory(store, id), 'rootfs/d'), {recursive: true});
    mkdirSync(path.join(base, 'elsewhere'));
    writeFileSync(path.join(base, 'elsewhere/f'), 'content');
    symlinkSync(path.join(base, 'elsewhere'), path.join(imageDirectory(store, id), 'rootfs/d'));
    t.is(await attempt(id, store), 'RKT_IMAGE_DAMAGED', 'a symlink is not followed out of the image');
    t.deepEqual(readdirSync(base).sort(), ['data', 'decoy', 'elsewhere']);
  } finally {
    remove();
  }
});

/** Changes that leave no byte of a file changed or lost: the archive can be put together again. */
const REPAIRABLE = Object.keys(CHANGES).filter((title) => !/^(a directory becomes|no manifest|no rest)/.test(title));
const nobody = () => false;

for (const title of Object.keys(CHANGES)) {
  const repairable = REPAIRABLE.includes(title);
  testIf(needs)(
    `S12 ${repairable ? 'repaired' : 'marked, and refused until it is fetched again'}: ${title}`,
    async (t) => {
      const {store, remove} = testStore();
      try {
        const id = await importBytes(store, archive);
        const before = treeEntries(imageDirectory(store, id));
        const info = readFileSync(`${imageDirectory(store, id)}/info.json`, 'utf8');
        CHANGES[title]?.(path.join(imageDirectory(store, id), 'rootfs'));
        if (repairable) {
          t.is((await verifyAndRepair(store, id, nobody)).length, 1);
        } else {
          t.is(await codeOf(verifyAndRepair(store, id, nobody)), 'RKT_IMAGE_DAMAGED');
          t.is(await codeOf(layersOf(store, id)), 'RKT_IMAGE_DAMAGED');
          t.is(await importBytes(store, archive), id);
        }
        t.deepEqual(treeEntries(imageDirectory(store, id)), before);
        if (repairable) t.is(readFileSync(`${imageDirectory(store, id)}/info.json`, 'utf8'), info);
        t.deepEqual(await verifyAndRepair(store, id, nobody), []);
        t.is(await codeOf(layersOf(store, id)), undefined);
        t.deepEqual(readdirSync(store.spool), []);
      } finally {
        remove();
      }
    },
  );
}

testIf(needs)('S12 what is known of an image besides its bytes is made anew', async (t) => {
  const {store, remove} = testStore();
  try {
    const id = await importBytes(store, archive);
    const file = `${imageDirectory(store, id)}/info.json`;
    const of = () => (({name, labels, size, tarSplit}) => ({name, labels, size, tarSplit}))(readInfo(store, id));
    const before = of();
    for (const damage of [() => rmSync(file), () => writeFileSync(file, '{}')]) {
      damage();
      t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED');
      t.is((await verifyAndRepair(store, id, nobody)).length, 1);
      t.deepEqual(of(), before);
      t.deepEqual(await verifyAndRepair(store, id, nobody), []);
    }
  } finally {
    remove();
  }
});

/** An image of two, which is rendered, because it lets only some paths pass. */
const rendered = async (store: ImageStore) => {
  const base = await importBytes(store, archive);
  const above = specImage(
    'example.com/above',
    {'d/of-above': 'x'},
    {
      dependencies: [{imageName: 'example.com/hostile', imageID: base}],
      pathWhitelist: ['/d/f', '/d/of-above', '/null'],
    },
  );
  const id = await importBytes(store, above);
  const [tree = ''] = await layersOf(store, id);
  return {base, id, tree};
};

const TREE_CHANGES: Readonly<Record<string, (tree: string) => void>> = {
  'it is gone': (tree) => rmSync(path.dirname(tree), {recursive: true}),
  'a file is gone': (tree) => rmSync(`${tree}/d/f`),
  'a file is another one': (tree) => {
    const {mtime} = lstatSync(`${tree}/d`);
    rmSync(`${tree}/d/f`);
    writeFileSync(`${tree}/d/f`, 'content');
    utimesSync(`${tree}/d`, mtime, mtime);
  },
  'one file more': (tree) => writeFileSync(`${tree}/d/more`, ''),
  'mode of a directory': (tree) => chmodSync(`${tree}/d`, 0o777),
  'a directory becomes a symlink': (tree) => {
    renameSync(`${tree}/d`, `${tree}/e`);
    symlinkSync('e', `${tree}/d`);
  },
};

for (const [title, change] of Object.entries(TREE_CHANGES)) {
  testIf(needs)(`S12 what has been rendered of an image is rendered again: ${title}`, async (t) => {
    const {store, remove} = testStore();
    try {
      const {id, tree} = await rendered(store);
      const before = treeEntries(path.dirname(tree));
      change(tree);
      // A pod waits for it.
      const pod = `${store.dataDir}/pods/prepared/one`;
      mkdirSync(pod, {recursive: true});
      const app = {image: {id}, rootfs: {kind: 'overlay', lower: [tree]}};
      writeFileSync(`${pod}/frozen.json`, JSON.stringify({apps: [app]}));
      const [repaired, ...others] = await verifyAndRepair(store, id, nobody);
      t.deepEqual(others, []);
      t.true(repaired !== undefined && 'tree' in repaired);
      t.deepEqual(treeEntries(path.dirname(tree)), before);
      t.deepEqual(await verifyAndRepair(store, id, nobody), []);
      t.deepEqual(readdirSync(store.spool), []);
    } finally {
      remove();
    }
  });
}

testIf(needs)('S12 nothing is replaced below a pod that runs, and nothing more runs on it', async (t) => {
  const {store, remove} = testStore();
  try {
    const {base, id, tree} = await rendered(store);
    const pod = `${store.dataDir}/pods/run/one`;
    mkdirSync(pod, {recursive: true});
    const apps = [id, base].map((image) => ({
      image: {id: image},
      rootfs: {kind: 'overlay', lower: image === id ? [tree] : [`${imageDirectory(store, base)}/rootfs`]},
    }));
    writeFileSync(`${pod}/frozen.json`, JSON.stringify({apps}));
    rmSync(`${tree}/d/f`);
    chmodSync(`${imageDirectory(store, base)}/rootfs/d`, 0o777);
    for (const image of [id, base]) {
      t.is(await codeOf(verifyAndRepair(store, image, (uuid) => uuid === 'one')), 'RKT_IMAGE_DAMAGED_IN_USE');
      t.is(await codeOf(layersOf(store, image)), 'RKT_IMAGE_DAMAGED');
    }
    t.is(await codeOf(importBytes(store, archive)), 'RKT_IMAGE_DAMAGED_IN_USE');
    t.deepEqual(readdirSync(`${tree}/d`), ['of-above']);
    // Once it is over.
    for (const image of [base, id]) t.is((await verifyAndRepair(store, image, nobody)).length, 1);
    for (const image of [base, id]) t.is(await codeOf(layersOf(store, image)), undefined);
  } finally {
    remove();
  }
});

testIf(needs)('S20 what has been rendered of an image is looked at with the store held', async (t) => {
  const {store, remove} = testStore();
  try {
    const {id} = await rendered(store);
    let over = false;
    const verified = verifyAndRepair(store, id, nobody).finally(() => {
      over = true;
    });
    // Rendering has a program that it waits for, and so a turn for this.
    const looks = new Set<string>();
    while (!over) {
      if (readdirSync(store.spool).some((name) => existsSync(`${store.spool}/${name}/tree`))) {
        using free = lockDirectory(store.lock, 'exclusive');
        looks.add(free === undefined ? 'held' : 'free');
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual(await verified, []);
    t.deepEqual([...looks], ['held']);
  } finally {
    remove();
  }
});
