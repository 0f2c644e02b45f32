import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {gunzipSync, zstdDecompressSync} from 'node:zlib';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {said} from '../../../../test/helpers/said.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {program} from '../../../../test/runner/packages.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {addFiles} from '../../../src/image/build/add-files.ts';
import {buildImage} from '../../../src/image/build/build-image.ts';
import {makeManifest} from '../../../src/image/build/make-manifest.ts';
import {missingLibraries} from '../../../src/image/build/missing-libraries.ts';
import {stageDirectory} from '../../../src/image/build/stage-directory.ts';
import {stageHostFiles} from '../../../src/image/build/stage-host-files.ts';
import {exportImage} from '../../../src/image/export.ts';
import {renderImage} from '../../../src/image/extract-image.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {imageDirectory} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {isSystemError} from '../../../src/linux/syscall-error.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {idOf} from './support/spec.ts';
import {codeOf, importBytes, testStore, treeEntries} from './support/store.ts';
import {imageOf} from './support/tar.ts';

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
    t.like(
      t.throws(() => stageHostFiles(['no-such-program'], target)),
      {code: 'RKT_IMAGE_PROGRAM_NOT_FOUND', fields: {program: 'no-such-program'}},
    );
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

testIf(needs ?? lacks('program/perl'))(
  'a script language comes with its library if that is asked for, and is told of if not',
  (t) =>
    scratch(async (base) => {
      const roots = ['without', 'with'].map((name) => path.join(base, name)) as [string, string];
      for (const root of roots) mkdirSync(root);
      const files = stageHostFiles(['perl'], roots[0]);
      const [missing] = missingLibraries(files, roots[0]);
      t.is(missing?.program, 'perl');
      const library = missing?.directory ?? '';
      t.true(statSync(library).isDirectory());
      t.deepEqual(missingLibraries(stageHostFiles(['perl', library], roots[1]), roots[1]), []);
      // A library of that directory, which needs libraries of its own.
      writeFileSync(path.join(roots[1], 'script'), 'use POSIX; use Socket; print POSIX::floor(7.5)');
      const perl = [roots[1], '/usr/bin/perl', '/script'];
      t.is(execFileSync('/usr/sbin/chroot', perl, {encoding: 'utf8', env: {}}), '7');
      t.is(
        await codeOf((async () => stageHostFiles(['sh', path.dirname(roots[1])], roots[1]))()),
        'RKT_IMAGE_BUILD_INVALID',
      );
    }),
);

testIf(needs)('files of the host are added where they are to be, and nowhere else', (t) =>
  scratch(async (base) => {
    const at = (name: string) => path.join(base, name);
    const root = at('root');
    for (const directory of ['root', 'root/etc', 'root/real', 'decoy', 'site', 'site/sub', 'root/srv', 'root/srv/sub'])
      mkdirSync(at(directory));
    symlinkSync('/real', at('root/absolute'));
    symlinkSync(at('decoy'), at('root/out'));
    symlinkSync('etc/passwd', at('root/link'));
    writeFileSync(at('root/etc/passwd'), 'before');
    writeFileSync(at('site/index'), 'hello', {mode: 0o640});
    writeFileSync(at('site/sub/tool'), 'tool');
    chmodSync(at('site/sub/tool'), 0o4755);
    symlinkSync('index', at('site/default'));
    addFiles(
      [
        {from: at('site'), to: '/srv'},
        {from: at('site/index'), to: '/absolute/deep/er'},
        {from: at('site/default'), to: '/out/file'},
        {from: at('site/index'), to: '/link'},
        {from: at('site/index'), to: '/../etc/group'},
      ],
      root,
    );
    t.is(readFileSync(at('root/srv/index'), 'utf8'), 'hello');
    t.is(lstatSync(at('root/srv/sub/tool')).mode & 0o7777, 0o755);
    t.is(lstatSync(at('root/srv/index')).mode & 0o7777, 0o640);
    t.true(lstatSync(at('root/srv/default')).isSymbolicLink());
    t.is(readFileSync(at('root/real/deep/er'), 'utf8'), 'hello');
    t.deepEqual(readdirSync(at('decoy')), []);
    t.is(readFileSync(path.join(root, at('decoy'), 'file'), 'utf8'), 'hello');
    t.false(lstatSync(at('root/link')).isSymbolicLink());
    t.is(readFileSync(at('root/etc/passwd'), 'utf8'), 'before');
    t.is(readFileSync(at('root/etc/group'), 'utf8'), 'hello');
    for (const [from, to] of [
      [at('none'), '/x'],
      [base, '/x'],
      ['/dev/null', '/x'],
      [at('site/index'), '/srv/sub'],
      [at('site/index'), '/srv/index/x'],
      [at('site'), '/etc/passwd'],
    ] as const)
      t.is(await codeOf((async () => addFiles([{from, to}], root))()), 'RKT_IMAGE_BUILD_INVALID', `${from}:${to}`);
  }),
);

/** Exchanges a file, and a directory, with a symlink of the same tree for as long as it lives. */
const SWAP = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
pairs = [(b'file', b'file-link'), (b'directory', b'directory-link')]
print('ready', flush=True)
while True:
  for a, b in pairs: libc.renameat2(-100, a, -100, b, 2)
`;
const ROUNDS = 300;

testIf(needs ?? lacks('program/python3'))(
  'S05 a tree that its owner changes while it is added brings nothing of the host',
  async (t) =>
    scratch(async (base) => {
      const at = (name: string) => path.join(base, name);
      mkdirSync(at('secret'));
      writeFileSync(at('secret/file'), 'of the host');
      mkdirSync(at('tree'));
      mkdirSync(at('tree/real'));
      writeFileSync(at('tree/real/file'), 'own');
      mkdirSync(at('tree/directory'));
      writeFileSync(at('tree/directory/file'), 'own');
      writeFileSync(at('tree/file'), 'own');
      symlinkSync(at('secret'), at('tree/directory-link'));
      symlinkSync(at('secret/file'), at('tree/file-link'));
      const swap = spawn(program('python3') ?? 'python3', ['-c', SWAP, at('tree')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(swap, 'close');
      try {
        await said(swap);
        for (let round = 0; round < ROUNDS; round++) {
          const root = at(`root-${round}`);
          mkdirSync(root);
          for (const add of [
            () => addFiles([{from: at('tree'), to: '/tree'}], root),
            () => stageDirectory(at('tree'), root),
          ]) {
            try {
              add();
            } catch (error) {
              t.true(error instanceof RktError || isSystemError(error), String(error));
            }
          }
          // A program's directory brings what its symlinks lead to, to where that is.
          const found = spawnSync('/bin/grep', ['-rl', 'of the host', root, '--exclude-dir=secret'], {
            encoding: 'utf8',
          });
          t.is(found.stdout, '');
          rmSync(root, {recursive: true});
        }
      } finally {
        swap.kill('SIGKILL');
        await gone;
      }
    }),
);

const python = (script: string, ...args: string[]): void =>
  void execFileSync(program('python3') ?? 'python3', ['-c', script, ...args]);
const needsPython = needs ?? lacks('program/python3');

/** Every kind of file that a tree may have, with what is odd about names, times, owners and attributes. */
const makeOddTree = (directory: string): void => {
  mkdirSync(directory, {mode: 0o755});
  const at = (name: string) => path.join(directory, name);
  mkdirSync(at('empty'), {mode: 0o1777});
  mkdirSync(at('names'));
  for (const name of ['n'.repeat(255), '-rf', '@x', ' ', '\\x', 'a\nb', '\x01', 'e\u0301', '\u00e9'])
    writeFileSync(at(`names/${name}`), name);
  for (const bytes of [
    [0xff, 0xfe],
    [0xed, 0xa0, 0x80],
  ])
    writeFileSync(Buffer.concat([Buffer.from(at('names/')), Buffer.from(bytes)]), '');
  symlinkSync(Buffer.from([0xff, 0x0a]), at('names/symlink'));
  writeFileSync(at('file'), 'content');
  symlinkSync('nowhere', at('symlink'));
  execFileSync('mkfifo', [at('fifo')]);
  execFileSync('mknod', [at('null'), 'c', '1', '3']);
  for (const name of ['file', 'symlink', 'fifo', 'null']) {
    linkSync(at(name), at(`${name}-2`));
    linkSync(at(name), at(`empty/../0-${name}`));
  }
  for (const [name, seconds] of [
    ['1970', -5],
    ['2446', 2 ** 34 - 2 ** 31 - 1],
    ['0', 0],
  ] as const) {
    writeFileSync(at(name), '');
    utimesSync(at(name), seconds, seconds);
  }
  execFileSync('touch', ['-h', '-d', '@1234567890.123456789', at('symlink')]);
  writeFileSync(at('owned'), '');
  chownSync(at('owned'), 2 ** 32 - 2, 2 ** 31);
  chmodSync(at('owned'), 0o7777);
  python(
    `import os, socket, sys
for at in (sys.argv[1] + "/file", sys.argv[1] + "/empty"):
  for name in (b"user.a=b", b"user.a", b"user.%41", b"user.A B", b"user.a\\nc", b"user.\\xff", b"user.empty"):
    os.setxattr(at, name, b"" if name == b"user.empty" else b"\\0" + name)
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX).bind("socket")`,
    directory,
  );
};

testIf(needsPython)(
  'IM-04 S27 every kind of file is after build, fetch and render what it was, and gives the same image',
  (t) =>
    scratch(async (base) => {
      const directory = path.join(base, 'rootfs') as HostPath;
      makeOddTree(directory);
      const before = treeEntries(base);
      const build = (from: HostPath, output: string) =>
        buildImage({directory: from, manifest, output: path.join(base, output), mtime: 'keep'});
      const id = await build(directory, 'first.aci');
      const {store, remove} = testStore();
      try {
        t.is(await importBytes(store, readFileSync(path.join(base, 'first.aci'))), id);
        await verifyImage(store, id);
        await exportImage(store, id, path.join(base, 'exported.aci'));
        t.is(idOf(readFileSync(path.join(base, 'exported.aci'))), id);
        const rendered = path.join(base, 'rendered') as HostPath;
        mkdirSync(rendered);
        await renderImage(store, id, path.join(rendered, 'rootfs'), {rootfsOnly: true});
        t.true(before.delete('rootfs/socket'));
        t.deepEqual([...treeEntries(rendered)].sort(), [...before].sort());
        const names = (name: string) => statSync(path.join(rendered, 'rootfs', name)).ino;
        t.is(names('file'), names('0-file'));
        t.is(lstatSync(path.join(rendered, 'rootfs/symlink')).nlink, 3);
        t.is(lstatSync(path.join(rendered, 'rootfs/fifo')).nlink, 3);
        t.is(await build(path.join(rendered, 'rootfs') as HostPath, 'second.aci'), id);

        // The same through a tree that is made of links to the image's files.
        const above = await importBytes(
          store,
          imageOf({name: 'example.com/above', dependencies: [{imageName: 'example.com/built', imageID: id}]}),
        );
        const lower = await layersOf(store, above, {flat: true});
        t.is(
          lstatSync(path.join(lower[0] ?? '', 'symlink-2')).ino,
          lstatSync(path.join(lower[0] ?? '', 'symlink')).ino,
        );
      } finally {
        remove();
      }
    }),
);

testIf(needsPython)('S27 each attribute is archived once, under its own name', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree') as HostPath;
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'f'), '');
    python('import os, sys; os.setxattr(sys.argv[1], b"user.a=b", b"value")', path.join(directory, 'f'));
    const output = path.join(base, 'x.aci');
    await buildImage({directory, manifest, output});
    const records = readFileSync(output, 'latin1').match(/[A-Z]+\.xattr\.[^\n]*/g);
    t.deepEqual(records, ['LIBARCHIVE.xattr.user.a%3Db=dmFsdWU']);
  }),
);

testIf(needs)('S10 a time that not every file system holds becomes the nearest that does', (t) =>
  scratch(async (base) => {
    // Times of tmpfs have no bounds.
    const directory = mkdtempSync('/dev/shm/rkt-test-build-') as HostPath;
    const {store, remove} = testStore();
    try {
      for (const [name, time] of [
        ['late', '@9000000000000000'],
        ['early', '@-9000000000000000'],
        ['fraction', '@-4.25'],
      ] as const)
        execFileSync('touch', ['-d', time, path.join(directory, name)]);
      const output = path.join(base, 'x.aci');
      const id = await buildImage({directory, manifest, output, mtime: 'keep'});
      await importBytes(store, readFileSync(output));
      const seconds = (name: string) => lstatSync(path.join(imageDirectory(store, id), 'rootfs', name)).mtimeMs / 1000;
      t.deepEqual(['late', 'early', 'fraction'].map(seconds), [2 ** 34 - 2 ** 31 - 1, -(2 ** 31), -5]);
    } finally {
      remove();
      rmSync(directory, {recursive: true, force: true});
    }
  }),
);

/** What `buildImage` says to a directory, and leaves of its output. */
const refusalOf = async (base: string, directory: string, compression: 'none' | 'gzip' = 'none'): Promise<RktError> => {
  const output = path.join(base, 'refused.aci');
  const before = readdirSync(base);
  try {
    await buildImage({directory: directory as HostPath, manifest, output, compression});
  } catch (error) {
    if (!(error instanceof RktError)) throw error;
    if (readdirSync(base).length !== before.length) throw new Error('something is left', {cause: error});
    return error;
  }
  throw new Error('it was built');
};

testIf(needs)('S10 a sparse file beyond every limit is refused by name, and not read', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree');
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'sparse'), '');
    truncateSync(path.join(directory, 'sparse'), 2 ** 43);
    const {code, fields} = await refusalOf(base, directory);
    t.is(code, 'RKT_IMAGE_LIMIT_EXCEEDED');
    t.is(fields.entry, 'rootfs/sparse');
    // More than a double can count.
    const tmpfs = mkdtempSync('/dev/shm/rkt-test-build-');
    try {
      execFileSync('truncate', ['-s', '9223372036854775807', path.join(tmpfs, 'sparse')]);
      t.is((await refusalOf(base, tmpfs)).code, 'RKT_IMAGE_LIMIT_EXCEEDED');
    } finally {
      rmSync(tmpfs, {recursive: true, force: true});
    }
  }),
);

testIf(needs)('S10 what would be refused as a bomb is not built', (t) =>
  scratch(async (base) => {
    const directory = path.join(base, 'tree');
    mkdirSync(directory);
    // Each is too small to be written as a sparse file.
    for (let count = 0; count < 18; count++) {
      writeFileSync(path.join(directory, `${count}`), '');
      truncateSync(path.join(directory, `${count}`), 15 * 2 ** 20);
    }
    t.is((await refusalOf(base, directory, 'gzip')).code, 'RKT_IMAGE_LIMIT_EXCEEDED');
  }),
);

testIf(needsPython)('S10 a tree that no path leads to the end of is refused in a few words', (t) =>
  scratch(async (base) => {
    const nest = (directory: string, name: string, depth: number) => {
      mkdirSync(directory);
      python(
        `import os, sys
os.chdir(sys.argv[1])
for _ in range(int(sys.argv[3])):
  os.mkdir(sys.argv[2]); os.chdir(sys.argv[2])`,
        directory,
        name,
        String(depth),
      );
    };
    const [deep, long] = [path.join(base, 'deep'), path.join(base, 'long')];
    nest(deep, 'd', 3000);
    nest(long, 'n'.repeat(250), 30);
    try {
      for (const [directory, code] of [
        [deep, 'RKT_IMAGE_LIMIT_EXCEEDED'],
        [long, 'RKT_IMAGE_ENTRY_REFUSED'],
      ] as const) {
        const error = await refusalOf(base, directory);
        t.is(error.code, code);
        t.true(error.message.length < 400 && String(error.fields.entry).length < 300);
      }
    } finally {
      // Node removes by path.
      execFileSync('rm', ['-rf', deep, long]);
    }
  }),
);
