import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {gunzipSync, zstdDecompressSync} from 'node:zlib';
import type {HostPath} from '../../core/src/contract/names.ts';
import {buildImage} from '../../core/src/image/build/build-image.ts';
import {makeManifest} from '../../core/src/image/build/make-manifest.ts';
import {stageHostFiles} from '../../core/src/image/build/stage-host-files.ts';
import {imageDirectory} from '../../core/src/image/store.ts';
import {lacks} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {idOf} from './support/spec.ts';
import {codeOf, importBytes, testStore, treeEntries} from './support/store.ts';

const needs = lacks('root', 'program/bsdtar');
const manifest = makeManifest({name: 'example.com/built', labels: ['version=1'], exec: ['/bin/x']});

const scratch = async (work: (base: string) => Promise<void>): Promise<void> => {
  const base = mkdtempSync(path.join(tmpdir(), 'rkt-test-build-'));
  try {
    await work(base);
  } finally {
    rmSync(base, {recursive: true, force: true});
  }
};

/** The same tree, made in another order and at another time. */
const makeTree = (directory: string, reverse: boolean): void => {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const steps = [
    () => writeFileSync(path.join(directory, 'b'), 'b'),
    () => mkdirSync(path.join(directory, 'a.d')),
    () => mkdirSync(path.join(directory, 'a')),
    () => symlinkSync('../x', path.join(directory, 'link')),
    () => execFileSync('mkfifo', [path.join(directory, 'pipe')]),
  ];
  for (const step of reverse ? steps.toReversed() : steps) step();
  for (const [file, content] of [
    ['a/-rf', '1'],
    ['a/@x', '2'],
    ['a/\x1b', '3'],
    ['a.d/z', '4'],
  ] as const)
    writeFileSync(path.join(directory, file), content);
  linkSync(path.join(directory, 'b'), path.join(directory, reverse ? 'c' : 'c0'));
  if (!reverse) renameSync(path.join(directory, 'c0'), path.join(directory, 'c'));
  chmodSync(path.join(directory, 'a/-rf'), 0o4750);
  chownSync(path.join(directory, 'a.d'), 12, 34);
  execFileSync('setcap', ['cap_net_raw+ep', path.join(directory, 'a.d/z')]);
  utimesSync(path.join(directory, 'b'), reverse ? 5 : 6, 7);
};

testIf(needs ?? lacks('program/setcap'))(
  'the same files give the same image, whenever and in whatever order they were made',
  (t) =>
    scratch(async (base) => {
      const ids = [];
      for (const reverse of [false, true]) {
        const directory = path.join(base, `tree-${reverse}`);
        makeTree(directory, reverse);
        const output = path.join(base, `${reverse}.aci`);
        ids.push(await buildImage({directory: directory as HostPath, manifest, output}));
        t.is(ids.at(-1), idOf(readFileSync(output)));
      }
      t.is(ids[0], ids[1]);
      t.deepEqual(
        readdirSync(base).filter((name) => name.startsWith('.')),
        [],
      );
    }),
);

testIf(needs ?? lacks('program/setcap'))('IM-04 what is built and imported is what was there, but for times', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'rootfs');
    makeTree(directory, false);
    const output = path.join(base, 'x.aci');
    await buildImage({directory: directory as HostPath, manifest, output, mtime: 1234});
    const {store, remove} = testStore();
    try {
      const id = await importBytes(store, readFileSync(output));
      const times = (tree: Map<string, string>) =>
        [...tree]
          .filter(([name]) => name !== 'manifest')
          .map(([name, properties]) => [name, JSON.parse(properties).toSpliced(4, 1)])
          .sort();
      t.deepEqual(times(treeEntries(imageDirectory(store, id))), times(treeEntries(base)));
      const built = path.join(imageDirectory(store, id), 'rootfs');
      t.is(statSync(path.join(built, 'b')).mtimeMs, 1_234_000);
      t.is(statSync(path.join(built, 'b')).ino, statSync(path.join(built, 'c')).ino);
      t.regex(execFileSync('getcap', [path.join(built, 'a.d/z')], {encoding: 'utf8'}), /cap_net_raw/);
    } finally {
      remove();
    }
  }),
);

testIf(needs)('IM-01 IM-09 compression changes the file, not the ID; the name ends with .aci', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree') as HostPath;
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'f'), 'x'.repeat(100_000));
    const build = (compression: 'none' | 'gzip' | 'zstd', output: string) =>
      buildImage({directory, manifest, compression, output: path.join(base, output)});
    const plain = await build('none', 'a.aci');
    t.is(await build('gzip', 'b.aci'), plain);
    t.is(await build('zstd', 'c.aci'), plain);
    t.is(idOf(gunzipSync(readFileSync(path.join(base, 'b.aci')))), plain);
    t.is(idOf(zstdDecompressSync(readFileSync(path.join(base, 'c.aci')))), plain);
    t.is(await codeOf(build('gzip', 'd.tar.gz')), 'RKT_IMAGE_BUILD_INVALID');
    t.is(await codeOf(build('none', 'a.aci')), 'RKT_IMAGE_OUTPUT_EXISTS');
  }),
);

testIf(needs)('what could not be imported is not built', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree') as HostPath;
    mkdirSync(directory);
    execFileSync('mknod', [path.join(directory, 'sda'), 'b', '8', '0']);
    const output = path.join(base, 'x.aci');
    t.is(await codeOf(buildImage({directory, manifest, output})), 'RKT_IMAGE_DEVICE_REFUSED');
    t.is(
      await codeOf(buildImage({directory: path.join(base, 'none') as HostPath, manifest, output})),
      'RKT_IMAGE_BUILD_INVALID',
    );
    t.deepEqual(readdirSync(base), ['tree']);
  }),
);

testIf(needs)('programs of the host run in a root of nothing but what was staged', (t) =>
  scratch(async (base) => {
    const target = path.join(base, 'root');
    mkdirSync(target);
    stageHostFiles(['sh', '/bin/ls', 'id', 'env'], target);
    const run = (...argv: string[]) =>
      execFileSync('/usr/sbin/chroot', [target, ...argv], {encoding: 'utf8', env: {PATH: '/usr/bin:/bin'}});
    t.is(run('/bin/sh', '-c', 'echo $((6 * 7))'), '42\n');
    t.regex(run('/bin/ls', '/'), /etc\n/);
    t.regex(run('/usr/bin/id'), /uid=0\(root\) gid=0\(root\)/);
    t.is(statSync(path.join(target, 'tmp')).mode & 0o7777, 0o1777);
    t.regex(readFileSync(path.join(target, 'etc/passwd'), 'utf8'), /^root:x:0:0:/);
    t.throws(() => stageHostFiles(['no-such-program'], target), {message: /no-such-program/});
  }),
);

testIf(needs)('set-user-ID bits of the host do not come along, and a script brings its interpreter', (t) =>
  scratch(async (base) => {
    const script = path.join(base, 'script');
    writeFileSync(script, '#!/bin/sh\necho scripted\n', {mode: 0o755});
    chmodSync(script, 0o6755);
    const target = path.join(base, 'root');
    mkdirSync(target);
    stageHostFiles([script], target);
    t.is(statSync(path.join(target, script)).mode & 0o7777, 0o755);
    t.is(execFileSync('/usr/sbin/chroot', [target, script], {encoding: 'utf8', env: {}}), 'scripted\n');
  }),
);
