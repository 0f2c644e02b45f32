import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {flavorDigest} from '../../../src/stage1/load/flavor-digest.ts';
import {copiedParts, digestedParts, type FlavorPart, flavorParts} from '../../../src/stage1/load/flavor-parts.ts';

/* What a flavor is made of: what its digest is about, and what is kept of it. */

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-parts-')));
test.after.always(() => rmSync(place, {recursive: true}));

const write = (file: string, content: string, mode = 0o644): string => {
  const at = path.join(place, file);
  mkdirSync(path.dirname(at), {recursive: true});
  writeFileSync(at, content, {mode});
  return at;
};
const makePackage = (directory: string, manifest: object): string => {
  write(`${directory}/package.json`, JSON.stringify(manifest));
  return write(`${directory}/index.js`, `module.exports = ${JSON.stringify(directory)};`);
};
const shown = (parts: readonly FlavorPart[] | undefined) =>
  parts?.map((part) => ('link' in part ? `${part.at} -> ${part.link}` : part.at)).sort();
const digest = (source: string) => flavorDigest(flavorParts(source) ?? []);

test('a package is its files and those of the packages that it names, wherever these are', (t) => {
  const source = makePackage('one/tree/mine', {name: 'mine', dependencies: {near: '1', '@far/away': '1', gone: '1'}});
  write('one/tree/mine/lib/part.js', '');
  write('one/tree/mine/.git/config', '');
  makePackage('one/tree/mine/node_modules/near', {name: 'near', peerDependencies: {'@far/away': '1', mine: '1'}});
  makePackage('one/tree/mine/node_modules/unnamed', {name: 'unnamed'});
  makePackage('one/tree/node_modules/@far/away', {name: '@far/away'});
  symlinkSync('index.js', path.join(place, 'one/tree/mine/link.js'));
  spawnSync('mkfifo', [path.join(place, 'one/tree/mine/fifo')]);
  t.deepEqual(shown(flavorParts(source)), [
    'entry -> packages/0/index.js',
    'packages/0/index.js',
    'packages/0/lib/part.js',
    'packages/0/link.js -> index.js',
    'packages/0/node_modules/@far/away -> ../../../1',
    'packages/0/node_modules/near -> ../../2',
    'packages/0/package.json',
    'packages/1/index.js',
    'packages/1/package.json',
    'packages/2/index.js',
    'packages/2/node_modules/@far/away -> ../../../1',
    'packages/2/package.json',
  ]);
});

test('S36 a link out of the tree leads to the package of that name, or to nothing', (t) => {
  const source = makePackage('links/mine', {name: 'mine', dependencies: {linked: '1', host: '1', waits: '1'}});
  makePackage('links/elsewhere', {name: 'linked'});
  write('links/host/secret', '');
  mkdirSync(path.join(place, 'links/waits'));
  spawnSync('mkfifo', [path.join(place, 'links/waits/package.json')]);
  mkdirSync(path.join(place, 'links/mine/node_modules'));
  for (const [name, to] of [
    ['linked', 'elsewhere'],
    ['host', 'host'],
    ['waits', 'waits'],
  ] as const)
    symlinkSync(path.join(place, 'links', to), path.join(place, 'links/mine/node_modules', name));
  t.deepEqual(shown(flavorParts(source)), [
    'entry -> packages/0/index.js',
    'packages/0/index.js',
    'packages/0/node_modules/linked -> ../../1',
    'packages/0/package.json',
    'packages/1/index.js',
    'packages/1/package.json',
  ]);
});

test('a package is in it by whatever name it is depended on: under an alias, where npm and where pnpm puts it', (t) => {
  const expected = [
    'entry -> packages/0/index.js',
    'packages/0/index.js',
    'packages/0/node_modules/alias -> ../../1',
    'packages/0/package.json',
    'packages/1/index.js',
    'packages/1/package.json',
  ];
  const manifest = {name: 'mine', dependencies: {alias: 'npm:real@1'}};
  const npm = makePackage('npm/node_modules/mine', manifest);
  makePackage('npm/node_modules/alias', {name: 'real'});
  t.deepEqual(shown(flavorParts(npm)), expected);
  const store = 'pnpm/node_modules/.pnpm';
  makePackage(`${store}/mine@1/node_modules/mine`, manifest);
  makePackage(`${store}/real@1/node_modules/real`, {name: 'real'});
  symlinkSync('../../real@1/node_modules/real', path.join(place, `${store}/mine@1/node_modules/alias`));
  symlinkSync('.pnpm/mine@1/node_modules/mine', path.join(place, 'pnpm/node_modules/mine'));
  t.deepEqual(shown(flavorParts(path.join(place, 'pnpm/node_modules/mine/index.js'))), expected);
});

test('what comes with rkt is not copied', (t) => {
  const source = makePackage('own/mine', {name: 'mine', dependencies: {'@rkt/plugin-sdk': '1'}});
  const sdk = path.dirname(createRequire(import.meta.url).resolve('@rkt/plugin-sdk/package.json'));
  mkdirSync(path.join(place, 'own/mine/node_modules/@rkt'), {recursive: true});
  symlinkSync(sdk, path.join(place, 'own/mine/node_modules/@rkt/plugin-sdk'));
  t.true(shown(flavorParts(source))?.includes(`packages/0/node_modules/@rkt/plugin-sdk -> ${realpathSync(sdk)}`));
});

test('a digest changes with every file, with the names of files and with what is loaded, and not with the place', (t) => {
  const make = (directory: string) => {
    const source = makePackage(directory, {name: 'mine', dependencies: {other: '1'}});
    makePackage(`${directory}/node_modules/other`, {name: 'other'});
    for (const file of ['index.js', 'node_modules/other/index.js']) write(`${directory}/${file}`, 'same');
    write(`${directory}/part.js`, 'part');
    return source;
  };
  const first = digest(make('a'));
  t.is(digest(make('b')), first);
  const seen = new Set([first]);
  for (const change of [
    () => write('b/part.js', 'Part'),
    () => write('b/node_modules/other/index.js', 'another'),
    () => write('b/more.js', ''),
    () => rmSync(path.join(place, 'b/part.js')),
    () => rmSync(path.join(place, 'b/node_modules/other'), {recursive: true}),
  ]) {
    change();
    const now = digest(path.join(place, 'b/index.js'));
    t.false(seen.has(now));
    seen.add(now);
  }
  t.false(seen.has(digest(path.join(place, 'b/more.js'))));
});

test('a program, and a module of no package, is its file alone, and its digest that of the content', (t) => {
  const sum = (text: string) => `sha256-${createHash('sha256').update(text).digest('hex')}`;
  makePackage('program', {name: 'mine'});
  const program = write('program/flavor', '#!/bin/sh\n', 0o755);
  const lone = write('lone/flavor.mjs', 'export default 1;');
  for (const [file, content] of [
    [program, '#!/bin/sh\n'],
    [lone, 'export default 1;'],
  ] as const) {
    const name = path.basename(file);
    t.deepEqual(shown(flavorParts(file)), [`entry -> program/${name}`, `program/${name}`]);
    t.is(digest(file), sum(content));
  }
});

test('S10 a fifo or a device is no flavor, and keeps nobody waiting', (t) => {
  const fifo = path.join(place, 'fifo.cjs');
  spawnSync('mkfifo', [fifo]);
  symlinkSync('/dev/zero', path.join(place, 'zero.cjs'));
  for (const file of [fifo, path.join(place, 'zero.cjs')])
    t.like(
      t.throws(() => flavorParts(file)),
      {reason: 'not-regular'},
    );
});

test('what is too large to be a package is none: by its bytes, its files or its directories', (t) => {
  const bytes = makePackage('bytes', {name: 'mine'});
  write('bytes/large', 'x'.repeat(8 * 1024 * 1024));
  t.is(flavorParts(bytes), undefined);
  const files = makePackage('files', {name: 'mine'});
  for (let index = 0; index < 2048; index++) write(`files/many/${index}`, '');
  t.is(flavorParts(files), undefined);
  t.is(copiedParts(path.join(place, 'files')), undefined);
  const directories = makePackage('directories', {name: 'mine'});
  for (let index = 0; index < 2048; index++) mkdirSync(path.join(place, 'directories', String(index)));
  t.is(flavorParts(directories), undefined);
});

test('the digest of what is too large to be copied changes with every file, too, and is that of a copy where there is one', (t) => {
  const source = makePackage('large', {name: 'mine', dependencies: {other: '1'}});
  makePackage('large/node_modules/other', {name: 'other'});
  const later = write('large/later.js', 'one');
  const digested = () => flavorDigest(digestedParts(source) ?? []);
  t.is(digested(), digest(source));
  truncateSync(write('large/data', ''), 9 * 1024 * 1024);
  t.is(flavorParts(source), undefined);
  const seen = new Set([digested()]);
  for (const change of [
    () => writeFileSync(later, 'two'),
    () => write('large/node_modules/other/index.js', 'another'),
    () => truncateSync(path.join(place, 'large/data'), 10 * 1024 * 1024),
  ]) {
    change();
    t.false(seen.has(digested()));
    seen.add(digested());
  }
  // What nobody has as a package is refused, not taken for its first file.
  truncateSync(path.join(place, 'large/data'), 1024 ** 3 + 1);
  t.like(
    t.throws(() => digestedParts(source)),
    {reason: 'too-large'},
  );
});
