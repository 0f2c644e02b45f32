import {existsSync, readdirSync} from 'node:fs';
import {env} from 'node:process';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {imageDirectory} from '../../../src/image/store.ts';
import type {TarEntry} from '../../../src/image/tar/entry.ts';
import {createTarScanner} from '../../../src/image/tar/scan.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {harmlessCases, hostileCases} from './support/corpus.ts';
import {randomArchive} from './support/random-archive.ts';
import {codeOf, importBytes, inodes, testStore, treeEntries} from './support/store.ts';

const needs = lacks('root', 'program/bsdtar');

testIf(needs)('S09 no hostile archive changes an inode outside of the store, or leaves anything in it', async (t) => {
  const {directory, store, decoy, remove} = testStore();
  try {
    await importBytes(store, harmlessCases(decoy)[0]?.archive ?? Buffer.alloc(0));
    const before = inodes(directory, store.dataDir);
    const images = readdirSync(store.images);
    for (const {title, archive, code} of hostileCases(decoy)) {
      t.is(await codeOf(importBytes(store, archive)), code, title);
      t.deepEqual(inodes(directory, store.dataDir), before, title);
      t.deepEqual(readdirSync(store.images), images, title);
      t.deepEqual(readdirSync(store.spool), [], title);
    }
  } finally {
    remove();
  }
});

/** What an entry must have become. */
const expected = (entry: TarEntry, content: string): string => {
  const types = {
    file: '100000',
    directory: '40000',
    symlink: '120000',
    char: '20000',
    block: '60000',
    fifo: '10000',
    hardlink: '',
  };
  const {type, mode, uid, gid, mtime, linkName, device} = entry;
  const time = BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds);
  const rdev = device === undefined ? 0 : device.major * 256 + device.minor;
  return JSON.stringify([
    types[type],
    type === 'symlink' ? 0 : mode,
    uid,
    gid,
    String(time),
    type === 'symlink' ? linkName : '',
    content,
    rdev,
  ]);
};

/** What the scanner reports, as a tree; implied directories are left out. */
const scanned = (archive: Buffer): Map<string, string> => {
  const entries: TarEntry[] = [];
  const contents = new Map<string, string>();
  const scanner = createTarScanner({
    entry: (entry) => entries.push(entry),
    payload: (bytes, {path}, offset) =>
      contents.set(path, (contents.get(path) ?? '').padEnd(offset, '\0') + bytes.toString('latin1')),
  });
  scanner.push(archive);
  scanner.end();
  const tree = new Map<string, string>();
  for (const entry of entries) {
    const same = entry.type === 'hardlink' ? tree.get(entry.linkName) : undefined;
    if (entry.path !== '')
      tree.set(entry.path, same ?? expected(entry, (contents.get(entry.path) ?? '').padEnd(entry.size, '\0')));
  }
  return tree;
};

const sameTree = (archive: Buffer, found: Map<string, string>): string | undefined => {
  const wanted = scanned(archive);
  for (const [path, properties] of wanted)
    if (found.get(path) !== properties) return `${path}: ${properties} is ${found.get(path)}`;
  for (const path of found.keys()) {
    const implied = [...wanted.keys()].some((other) => other.startsWith(`${path}/`));
    if (!wanted.has(path) && !implied) return `${path} is too much`;
  }
  return undefined;
};

testIf(needs)('S09 IM-04 what is allowed is unpacked to exactly what the scanner reports', async (t) => {
  const {directory, store, decoy, remove} = testStore();
  try {
    const before = inodes(directory, store.dataDir);
    for (const {title, archive} of harmlessCases(decoy)) {
      const id = await importBytes(store, archive);
      t.is(sameTree(archive, treeEntries(imageDirectory(store, id))), undefined, title);
      t.is(await codeOf(verifyImage(store, id)), undefined, title);
    }
    // The store itself was made in there.
    t.deepEqual(inodes(directory, store.dataDir).slice(1), before.slice(1));
  } finally {
    remove();
  }
});

/** Of which two of five are accepted. */
const SEEDS = env.RKT_TEST_LONG === '1' ? 150 : 50;

testIf(needs)(
  'S09 random archives: refused without a trace, or unpacked to exactly what the scanner reports',
  async (t) => {
    const {directory, store, remove} = testStore();
    try {
      await codeOf(importBytes(store, randomArchive(0)));
      const before = inodes(directory, store.dataDir);
      let accepted = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const archive = randomArchive(seed);
        const refused = (() => {
          try {
            scanned(archive);
            return false;
          } catch {
            return true;
          }
        })();
        // Only what passes the scanner is worth a process; that the scanner refuses before anything is unpacked is another test's.
        if (refused) continue;
        accepted++;
        const id = await importBytes(store, archive);
        t.is(sameTree(archive, treeEntries(imageDirectory(store, id))), undefined, `seed ${seed}`);
      }
      t.true(accepted >= SEEDS / 4, `${accepted} accepted`);
      t.deepEqual(inodes(directory, store.dataDir), before);
    } finally {
      remove();
    }
  },
);

testIf(needs)('S11 nobody else can look into the store, whatever the archive says of itself', async (t) => {
  const {store, decoy, remove} = testStore();
  try {
    const open = harmlessCases(decoy).find(({title}) => title === 'the archive itself');
    const id = await importBytes(store, open?.archive ?? Buffer.alloc(0));
    const {lstatSync} = await import('node:fs');
    for (const path of [store.directory, store.images, store.trees, store.spool, imageDirectory(store, id)]) {
      t.is(lstatSync(path).mode & 0o7777, 0o700, path);
      t.is(lstatSync(path).uid, 0, path);
    }
    const {execFileSync} = await import('node:child_process');
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'ls', `${imageDirectory(store, id)}/rootfs`];
    t.throws(() => execFileSync('/usr/bin/setpriv', asNobody, {stdio: 'ignore'}));
    t.true(existsSync(imageDirectory(store, id)));
  } finally {
    remove();
  }
});

test('the corpus is as large as it claims', (t) => {
  t.true(hostileCases('/x').length > 200);
});
