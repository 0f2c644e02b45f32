import {existsSync, globSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from './sources.ts';

const text = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
const src = path.join(root, 'core/src');

/** Folders that hold files, with `/` at their end. */
const folders = [...new Set(globSync('**/*.ts', {cwd: src}).map((file) => path.posix.dirname(file)))]
  .filter((folder) => folder !== '.')
  .map((folder) => `${folder}/`);

test('ARCHITECTURE.md names every folder of core, and none that is not there', (t) => {
  const named = [...text.matchAll(/^\|[^|]*\| `([^`]+\/)` \|/gm)].map(([, folder]) => folder);
  t.deepEqual(named.toSorted(), folders.toSorted());
});

test('files and folders that ARCHITECTURE.md leads to are there', (t) => {
  const words = [...text.matchAll(/`([\w/-]+(?:\.ts|\/))`/g)].map(([, word = '']) => word);
  const isThere = (word: string) =>
    [src, root].some((base) => existsSync(path.join(base, word))) ||
    (!word.includes('/') && globSync(`**/${word}`, {cwd: src}).length > 0);
  t.deepEqual(
    words.filter((word) => !isThere(word)),
    [],
  );
  t.true(words.length > 40);
});
