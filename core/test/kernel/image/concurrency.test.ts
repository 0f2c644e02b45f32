import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {rktCommand, rktEnvironment} from '../../../../test/helpers/command.ts';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {waitsFor} from '../../../../test/helpers/locks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {findInIndex, listIndex} from '../../../src/image/image-index.ts';
import {layersOf} from '../../../src/image/layers.ts';
import {takeImage} from '../../../src/image/remove.ts';
import {holdImages, imageDirectory, lockImages, openStore} from '../../../src/image/store.ts';
import {verifyImage} from '../../../src/image/verify.ts';
import {idOf, specImage} from './support/spec.ts';
import {directory, file, imageOf} from './support/tar.ts';

const needs = lacks('root', 'program/bsdtar', 'built');

const setUp = (...archives: Buffer[]) => {
  const base = mkdtempSync(path.join(tmpdir(), 'rkt-test-race-'));
  const files = archives.map((archive, index) => {
    const name = path.join(base, `${index}.aci`);
    writeFileSync(name, archive);
    return name;
  });
  const data = path.join(base, 'data') as HostPath;
  const [program, ...first] = rktCommand;
  const configuration = [`--dir=${data}`, `--system-config=${base}/none`, `--local-config=${base}/none`];
  const running = new Map<ChildProcess, Promise<unknown>>();
  const start = (...args: string[]) => {
    const flags = [...configuration, '--insecure-options=image', '--format=json'];
    const child = spawn(program, [...first, ...flags, ...args], {
      env: rktEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<{code: number | null; stdout: string; stderr: string}>((resolve) => {
      child.once('close', (code) => resolve({code, stdout, stderr}));
    }).finally(() => running.delete(child));
    running.set(child, ended);
    return {child, ended};
  };
  const remove = async () => {
    for (const child of running.keys()) child.kill('SIGKILL');
    await Promise.all(running.values());
    rmSync(base, {recursive: true, force: true});
  };
  return {base, files, store: openStore(data), start, remove};
};

/** Enough entries that an import takes a while. */
const large = (): Buffer =>
  imageOf(
    {name: 'example.com/large'},
    ...Array.from({length: 30}, (_, index) => [
      directory(`rootfs/${index}`),
      ...Array.from({length: 40}, (_, inner) => file(`rootfs/${index}/${inner}`, `${index}`.repeat(10_000))),
    ]).flat(),
  );

testIf(needs)('four processes that import the same image make one', async (t) => {
  const archive = large();
  const {files, store, start, remove} = setUp(archive);
  try {
    const results = await Promise.all([1, 2, 3, 4].map(() => start('fetch', files[0] ?? '').ended));
    for (const {code, stdout, stderr} of results) {
      t.is(code, 0, stderr);
      t.deepEqual(JSON.parse(stdout), [{id: idOf(archive)}]);
    }
    t.deepEqual(readdirSync(store.images), [idOf(archive)]);
    t.deepEqual(readdirSync(store.spool), []);
    t.deepEqual(
      listIndex(store).map(({id}) => id),
      [idOf(archive)],
    );
    await t.notThrowsAsync(verifyImage(store, idOf(archive)));
  } finally {
    await remove();
  }
});

testIf(needs)('imports, lookups, removals and collections at once end in a store that is whole', async (t) => {
  const archives = [1, 2, 3].map((index) => specImage(`example.com/n${index}`, {f: `${index}`}));
  const {files, store, start, remove} = setUp(...archives);
  try {
    const commands = [0, 1, 2].flatMap((index) => [
      ['fetch', files[index] ?? ''],
      ['image', 'rm', idOf(archives[index] ?? Buffer.alloc(0))],
      ['fetch', files[index] ?? ''],
      ['image', 'gc', '--grace-period=0s'],
      ['image', 'list'],
    ]);
    for (let at = 0; at < commands.length; at += 5) {
      const results = await Promise.all(commands.slice(at, at + 5).map((args) => start(...args).ended));
      for (const {code, stderr} of results) t.true(code === 0 || stderr.includes('RKT_IMAGE_NOT_FOUND'), stderr);
    }
    t.deepEqual(readdirSync(store.spool), []);
    const listed = listIndex(store).map(({id}) => id as string);
    t.deepEqual(readdirSync(store.images).sort(), listed.sort());
    for (const id of listed) await t.notThrowsAsync(verifyImage(store, id as never));
  } finally {
    await remove();
  }
});

testIf(needs)('a removal waits for whoever holds the store', async (t) => {
  const archive = specImage('example.com/held', {f: 'f'});
  const {files, store, start, remove} = setUp(archive);
  try {
    t.is((await start('fetch', files[0] ?? '').ended).code, 0);
    const held = holdImages(store);
    const lower = await layersOf(store, idOf(archive));
    const removal = start('image', 'rm', idOf(archive));
    await until(() => waitsFor(removal.child.pid));
    t.is(readFileSync(`${lower[0]}/f`, 'utf8'), 'f');
    // Others may still hold it, too.
    holdImages(store).close();
    held.close();
    t.is((await removal.ended).code, 0);
    t.false(existsSync(imageDirectory(store, idOf(archive))));
  } finally {
    await remove();
  }
});

testIf(needs)('an image that is removed before it is exported or planned with is not found', async (t) => {
  const archive = specImage('example.com/gone', {f: 'f'});
  const {base, files, store, start, remove} = setUp(archive);
  const id = idOf(archive);
  try {
    for (const args of [
      ['image', 'export', id, path.join(base, 'out.aci')],
      ['plan', '--stage1=fly', id, '--exec=/f'],
    ]) {
      t.is((await start('fetch', files[0] ?? '').ended).code, 0);
      const lock = lockImages(store, 'exclusive');
      const {child, ended} = start(...args);
      await until(() => child.exitCode !== null || waitsFor(child.pid));
      takeImage(store, id);
      lock.close();
      t.regex((await ended).stderr, /RKT_IMAGE_NOT_FOUND/, args[0]);
    }
  } finally {
    await remove();
  }
});

testIf(needs)('an import waits for who removes the same image, and brings it again', async (t) => {
  const archive = specImage('example.com/removed', {f: 'f'});
  const {files, store, start, remove} = setUp(archive);
  try {
    t.is((await start('fetch', files[0] ?? '').ended).code, 0);
    const lock = lockImages(store, 'exclusive');
    const again = start('fetch', files[0] ?? '');
    await until(() => waitsFor(again.child.pid));
    takeImage(store, idOf(archive));
    lock.close();
    const {code, stderr} = await again.ended;
    t.is(code, 0, stderr);
    t.deepEqual(
      findInIndex(store, 'example.com/removed').map(({id}) => id),
      [idOf(archive)],
    );
    await t.notThrowsAsync(verifyImage(store, idOf(archive)));
  } finally {
    await remove();
  }
});

testIf(needs)('a rendered tree that is removed before it is repaired is not made again', async (t) => {
  const below = specImage('example.com/below', {f: 'f'});
  const above = specImage(
    'example.com/above',
    {g: 'g'},
    {dependencies: [{imageName: 'example.com/below', imageID: idOf(below)}], pathWhitelist: ['/f', '/g']},
  );
  const {files, store, start, remove} = setUp(below, above);
  try {
    for (const file of files) t.is((await start('fetch', file).ended).code, 0);
    const [tree = ''] = await layersOf(store, idOf(above));
    rmSync(`${tree}/f`);
    const held = holdImages(store);
    const verification = start('image', 'verify', idOf(above));
    await until(() => waitsFor(verification.child.pid));
    rmSync(path.dirname(tree), {recursive: true});
    held.close();
    const {code, stdout, stderr} = await verification.ended;
    t.is(code, 0, stderr);
    t.false(stdout.includes('repaired'), stdout);
    t.deepEqual(readdirSync(store.trees), []);
  } finally {
    await remove();
  }
});

testIf(needs)(
  'an import that is killed at any moment leaves no image, or a whole one, and the next command clears up',
  async (t) => {
    const archive = large();
    const id = idOf(archive);
    const {files, store, start, remove} = setUp(archive);
    const other = setUp(archive);
    try {
      const begin = performance.now();
      t.is((await other.start('fetch', files[0] ?? '').ended).code, 0);
      // Spread over the time that it takes, whatever that is here.
      const takes = performance.now() - begin;
      for (const part of [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
        const {child, ended} = start('fetch', files[0] ?? '');
        await Promise.race([setTimeout(part * takes), ended]);
        child.kill('SIGKILL');
        await ended;
        if (existsSync(imageDirectory(store, id))) {
          await t.notThrowsAsync(verifyImage(store, id));
          rmSync(imageDirectory(store, id), {recursive: true});
        }
      }
      const {code, stderr} = await start('fetch', files[0] ?? '').ended;
      t.is(code, 0, stderr);
      t.deepEqual(readdirSync(store.spool), []);
      await t.notThrowsAsync(verifyImage(store, id));
      t.deepEqual(
        listIndex(store).map((row) => row.id),
        [id],
      );
    } finally {
      await Promise.all([remove(), other.remove()]);
    }
  },
);
