import {execFileSync} from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {buildImage} from '../../../src/image/build/build-image.ts';
import {makeManifest} from '../../../src/image/build/make-manifest.ts';
import {exportImage} from '../../../src/image/export.ts';
import {extractImage} from '../../../src/image/extract-image.ts';
import {imageDirectory} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {idOf} from './support/spec.ts';
import {codeOf, importBytes, testStore} from './support/store.ts';
import {manifest} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar', 'program/tar');
const built = makeManifest({name: 'example.com/sparse', labels: [], exec: ['/bin/x']});
const MiB = 2 ** 20;

/** What is in a file besides zeros. */
type Content = readonly (readonly [offset: number, text: string])[];
const FILES: Readonly<Record<string, {readonly size: number; readonly content: Content}>> = {
  // As /var/log/lastlog of a host whose users have large numbers.
  lastlog: {size: 100 * 2 ** 30, content: [[99 * 2 ** 30, 'last login']]},
  database: {
    size: 8 * MiB + 3,
    content: [
      [0, 'begin'],
      [3 * MiB, 'middle'],
      [8 * MiB, 'end'],
    ],
  },
  // More pieces than a header and a block of any format have.
  pieces: {
    size: 40 * MiB,
    content: Array.from({length: 40}, (_, index) => [index * MiB + 7, `piece ${index}`] as const),
  },
  hole: {size: 30 * MiB, content: []},
};

const fill = (directory: string): void => {
  for (const [name, {size, content}] of Object.entries(FILES)) {
    const file = openSync(path.join(directory, name), 'wx');
    for (const [offset, text] of content) writeSync(file, text, offset);
    closeSync(file);
    truncateSync(path.join(directory, name), size);
  }
};

/** What is wrong with the files, which may only have so much room on the disk. */
const problems = (directory: string): string[] =>
  Object.entries(FILES).flatMap(([name, {size, content}]) => {
    const at = path.join(directory, name);
    const stats = statSync(at);
    const file = openSync(at, 'r');
    try {
      const read = (offset: number, length: number) => {
        const buffer = Buffer.alloc(length);
        return buffer.toString('latin1', 0, readSync(file, buffer, 0, length, offset));
      };
      return [
        ...(stats.size === size ? [] : [`${name} has ${stats.size} bytes`]),
        ...(stats.blocks * 512 <= content.length * 64 * 1024 ? [] : [`${name} takes ${stats.blocks} blocks`]),
        ...content.flatMap(([offset, text]) => (read(offset, text.length) === text ? [] : [`${name} lacks "${text}"`])),
        ...content.flatMap(([offset, text]) =>
          /^\0*$/.test(read(offset + text.length, 1000)) ? [] : [`${name}: something is behind "${text}"`],
        ),
      ];
    } finally {
      closeSync(file);
    }
  });

const scratch = async (work: (base: string) => Promise<void>): Promise<void> => {
  const base = mkdtempSync(path.join(tmpdir(), 'rkt-test-sparse-'));
  try {
    await work(base);
  } finally {
    rmSync(base, {recursive: true, force: true});
  }
};

const WRITERS: Readonly<Record<string, readonly string[]>> = {
  'tar --format=gnu': ['tar', '--format=gnu'],
  'tar, format 0.0': ['tar', '--format=posix', '--sparse-version=0.0'],
  'tar, format 0.1': ['tar', '--format=posix', '--sparse-version=0.1'],
  'tar, format 1.0': ['tar', '--format=posix', '--sparse-version=1.0'],
  bsdtar: ['bsdtar', '--format=pax'],
};

testIf(needs)(
  'IM-04 S27 sparse files of archives, whoever wrote them, are what they were, through every command',
  (t) =>
    scratch(async (base) => {
      const {store, remove} = testStore();
      try {
        mkdirSync(path.join(base, 'rootfs'));
        writeFileSync(path.join(base, 'manifest'), manifest());
        fill(path.join(base, 'rootfs'));
        for (const [title, [program = '', ...args]] of Object.entries(WRITERS)) {
          const holes = program === 'tar' ? ['--sparse'] : [];
          const archive = path.join(base, 'archive.aci');
          execFileSync(program, [...args, ...holes, '-C', base, '-cf', archive, 'manifest', 'rootfs/.']);
          t.true(statSync(archive).size < MiB, title);
          const id = await importBytes(store, readFileSync(archive));
          const rootfs = path.join(imageDirectory(store, id), 'rootfs');
          t.deepEqual(problems(rootfs), [], title);
          await verifyImage(store, id);
          await exportImage(store, id, path.join(base, 'exported.aci'), {overwrite: true});
          t.is(idOf(readFileSync(path.join(base, 'exported.aci'))), id, title);
        }
        const [id] = [await importBytes(store, readFileSync(path.join(base, 'archive.aci')))];
        await extractImage(store, id, path.join(base, 'extracted'), {rootfsOnly: true});
        t.deepEqual(problems(path.join(base, 'extracted')), []);

        const changed = openSync(path.join(imageDirectory(store, id), 'rootfs/lastlog'), 'r+');
        const {mtime} = statSync(path.join(imageDirectory(store, id), 'rootfs/lastlog'));
        writeSync(changed, 'x', 50 * 2 ** 30);
        closeSync(changed);
        execFileSync('touch', ['-d', mtime.toISOString(), path.join(imageDirectory(store, id), 'rootfs/lastlog')]);
        t.is(await codeOf(verifyImage(store, id)), 'RKT_IMAGE_DAMAGED', 'a byte in a hole');
      } finally {
        remove();
      }
    }),
);

testIf(needs)('IM-04 sparse files are built as what they read as, and their holes come back', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree') as HostPath;
    mkdirSync(directory);
    fill(directory);
    const output = path.join(base, 'x.aci');
    const id = await buildImage({directory, manifest: built, output, compression: 'zstd'});
    const {store, remove} = testStore();
    try {
      t.is(await importBytes(store, readFileSync(output)), id);
      await verifyImage(store, id);
      t.deepEqual(problems(path.join(imageDirectory(store, id), 'rootfs')), []);
      const again = path.join(imageDirectory(store, id), 'rootfs') as HostPath;
      t.is(await buildImage({directory: again, manifest: built, output: path.join(base, 'again.aci')}), id);
    } finally {
      remove();
    }
  }),
);

testIf(needs ?? lacks('program/fallocate'))(
  'IM-04 the same content gives the same image, wherever the disk has holes',
  (t) =>
    scratch(async (base) => {
      const size = 40 * MiB;
      const parts = [
        [0, 'a'],
        [5 * MiB, 'b'.repeat(5000)],
        [20 * MiB - 1, 'cc'],
      ] as const;
      const build = (name: string, make: (file: string) => void): Promise<string> => {
        const directory = path.join(base, name) as HostPath;
        mkdirSync(directory);
        const at = path.join(directory, 'file');
        make(at);
        const file = openSync(at, 'r+');
        for (const [offset, text] of parts) writeSync(file, text, offset);
        closeSync(file);
        // At once: of what is preallocated, the disk does not know yet that something is in it.
        return buildImage({directory, manifest: built, output: path.join(base, `${name}.aci`)});
      };
      const ids = [
        await build('holes', (file) => {
          writeFileSync(file, '');
          truncateSync(file, size);
        }),
        await build('zeros', (file) => writeFileSync(file, Buffer.alloc(size))),
        await build('preallocated', (file) => execFileSync('fallocate', ['-l', String(size), file])),
      ];
      t.is(new Set(ids).size, 1, ids.join(' '));
    }),
);
