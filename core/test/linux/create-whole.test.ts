import {lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {createWhole} from '../../src/linux/create-whole.ts';

const directory = (t: {teardown: (action: () => void) => void}) => {
  // On disk: not every temporary file system knows files without a name.
  const made = mkdtempSync(path.join(tmpdir(), 'rkt-whole-'));
  t.teardown(() => rmSync(made, {recursive: true, force: true}));
  return made;
};

test('a file is made with its content and mode, and nothing beside it', (t) => {
  const place = directory(t);
  const file = path.join(place, 'file');
  t.true(createWhole(file, 'content'));
  t.is(readFileSync(file, 'utf8'), 'content');
  t.is(lstatSync(file).mode & 0o7777, 0o644);
  t.deepEqual(readdirSync(place), ['file']);
});

test('what has the name stays as it is, a symlink too', (t) => {
  const place = directory(t);
  writeFileSync(path.join(place, 'file'), 'old');
  symlinkSync('nowhere', path.join(place, 'link'));
  t.false(createWhole(path.join(place, 'file'), 'new'));
  t.false(createWhole(path.join(place, 'link'), 'new'));
  t.is(readFileSync(path.join(place, 'file'), 'utf8'), 'old');
  t.deepEqual(readdirSync(place).sort(), ['file', 'link']);
});

test('a directory that is not there is an error', (t) => {
  t.throws(() => createWhole(path.join(directory(t), 'missing/file'), 'x'), {code: 'ENOENT'});
});
