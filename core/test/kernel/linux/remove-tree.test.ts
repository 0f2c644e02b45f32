import {execFileSync} from 'node:child_process';
import {
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {makeDirectory} from '../../../src/linux/directory-entry.ts';
import {O_PATH, openEntry, openHost} from '../../../src/linux/openat2.ts';
import {removeTree} from '../../../src/linux/remove-tree.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const temporary = (t: {teardown: (action: () => void) => void}): string => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-remove-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return directory;
};

const remove = (directory: string, name: string): void => {
  using parent = openHost(directory, O_PATH);
  removeTree(parent, name);
};

test('a file, a symlink and nothing at all are removed', (t) => {
  const directory = temporary(t);
  writeFileSync(`${directory}/file`, '');
  writeFileSync(`${directory}/kept`, '');
  symlinkSync('kept', `${directory}/link`);
  for (const name of ['file', 'link', 'absent']) remove(directory, name);
  t.deepEqual(readdirSync(directory), ['kept']);
});

test('S20 symlinks in a tree are removed and not followed', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/tree/sub`, {recursive: true});
  mkdirSync(`${directory}/outside`);
  writeFileSync(`${directory}/outside/file`, 'kept');
  symlinkSync('../outside', `${directory}/tree/relative`);
  symlinkSync(`${directory}/outside`, `${directory}/tree/sub/absolute`);
  symlinkSync('..', `${directory}/tree/sub/up`);
  linkSync(`${directory}/outside/file`, `${directory}/tree/hard-link`);
  remove(directory, 'tree');
  t.deepEqual(readdirSync(directory), ['outside']);
  t.is(readFileSync(`${directory}/outside/file`, 'utf8'), 'kept');
});

test('S20 a tree deeper than any path is long, with names that are not UTF-8 and without permissions, is removed', (t) => {
  const directory = temporary(t);
  let current = openHost(directory, O_PATH);
  const name = Buffer.concat([Buffer.from([0xff]), Buffer.alloc(199, 'n')]);
  makeDirectory(current, 'tree', 0o700);
  let next = openEntry(current, 'tree', O_PATH);
  for (let depth = 0; depth < 500; depth++) {
    current.close();
    current = next;
    // A name that the removal uses itself, to be in its way.
    if (depth % 50 === 0) makeDirectory(current, `.moved-up-${depth / 50}`, 0o700);
    makeDirectory(current, name, 0o700);
    next = openEntry(current, name, O_PATH);
    using file = openEntry(next, 'file', constants.O_WRONLY | constants.O_CREAT, {mode: 0o000});
    t.true(file.number > 2);
  }
  current.close();
  next.close();
  execFileSync('/bin/chmod', ['0000', `${directory}/tree`]);
  remove(directory, 'tree');
  t.deepEqual(readdirSync(directory), []);
});

test('a tree that is too deep and has the names of what is moved up as files is removed', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/tree/${'d/'.repeat(80)}`, {recursive: true});
  for (let index = 0; index < 4; index++) writeFileSync(`${directory}/tree/.moved-up-${index}`, '');
  remove(directory, 'tree');
  t.deepEqual(readdirSync(directory), []);
});

test('a wide tree is removed', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/tree`);
  for (let index = 0; index < 3000; index++) writeFileSync(`${directory}/tree/${index}-${'x'.repeat(60)}`, '');
  remove(directory, 'tree');
  t.deepEqual(readdirSync(directory), []);
});

testIf(lacks('root'))('S20 what is mounted in a tree is not removed', (t) => {
  const directory = temporary(t);
  mkdirSync(`${directory}/tree/deep/mounted`, {recursive: true});
  mkdirSync(`${directory}/volume`);
  writeFileSync(`${directory}/volume/kept`, '');
  const fixture = builtFixture(new URL('fixtures/remove-mounted.ts', import.meta.url));
  const output = execFileSync(process.execPath, [...fixture, directory], {encoding: 'utf8'});
  t.is(output, 'EXDEV');
  t.deepEqual(readdirSync(`${directory}/volume`), ['kept']);
  t.true(existsSync(`${directory}/tree/deep/mounted`));
  // The mount was another namespace's, so nothing is in the way here.
  remove(directory, 'tree');
  t.deepEqual(readdirSync(directory), ['volume']);
});

testIf(lacks('root', 'program/chattr', 'capability/9'))(
  'what nobody may change is removed, in a tree and as one',
  (t) => {
    const directory = temporary(t);
    mkdirSync(`${directory}/tree/d`, {recursive: true});
    for (const file of ['f', 'tree/f', 'tree/d/f', 'tree/d/a']) writeFileSync(`${directory}/${file}`, '');
    execFileSync('chattr', ['+a', `${directory}/tree/d/a`]);
    execFileSync('chattr', [
      '+i',
      ...['f', 'tree/f', 'tree/d/f', 'tree/d', 'tree'].map((name) => `${directory}/${name}`),
    ]);
    for (const name of ['f', 'tree']) remove(directory, name);
    t.deepEqual(readdirSync(directory), []);
  },
);
