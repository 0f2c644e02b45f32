import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {table} from '@rkt/plugin-sdk/kit';
import test from 'ava';
import {claimsOf, type Known, sectionOf, titlesIn, unproved} from './claims.ts';
import {root, sources} from './sources.ts';

const known: Known = {
  cases: new Set(table.map(({id}) => id)),
  titles: (file) =>
    /\.test\.ts$/.test(file) && existsSync(path.join(root, file))
      ? titlesIn(readFileSync(path.join(root, file), 'utf8'))
      : undefined,
};
const example = (cell: string, header = 'proved by') =>
  unproved(claimsOf(`x\n\n| what | fly | ${header} |\n|---|---|---|\n| a claim | yes | ${cell} |\n\nx`), known).map(
    (what) => what.replace(/^5 "a claim": /, ''),
  );

test('a row that names no test, or one that is not there, is found', (t) => {
  t.deepEqual(example('`S28/watcher`'), []);
  t.deepEqual(example('`S28/watcher`, [S28](test/security/watcher.test.ts)'), []);
  t.deepEqual(example('[all](test/nspawn/pods.test.ts "all pods share one tree of the host")'), []);
  t.deepEqual(example(''), ['it names no test']);
  t.deepEqual(example('S28'), ['it names no test']);
  t.deepEqual(example('`S28/watcher`', 'tests'), ['it names no test']);
  t.deepEqual(example('`S28/nobody`'), ['the kit has no case S28/nobody']);
  t.deepEqual(example('[S2](test/security/watcher.test.ts)'), ['test/security/watcher.test.ts has no test "S2"']);
  t.deepEqual(example('[S28](test/security/watch.ts)'), ['there is no test file test/security/watch.ts']);
  t.deepEqual(example('[the kit](test/conformance/kit.test.ts)'), []);
  t.deepEqual(example('[all](test/nspawn/pods.test.ts "all pods")'), [
    'test/nspawn/pods.test.ts has no test "all pods"',
  ]);
});

test('titles of tests are found in every form in which they are declared', (t) => {
  const hole = ['$', '{c}'].join('');
  t.deepEqual(
    titlesIn(
      `test('a', (t) => {});\nkernelTest(\`b ${hole}\`, async (t) => {});\ntestIf(lacksPods('x', 'y'))(\n  "it's",\n  async (t) => {});\ntest.serial('d', (t) => {}); shell('no'); test('e');`,
    ),
    ['a', `b ${hole}`, "it's", 'd'],
  );
  const files = sources().filter((file) => file.endsWith('.test.ts'));
  // Some have all of theirs in tables.
  const without = files.filter((file) => titlesIn(readFileSync(path.join(root, file), 'utf8')).length === 0);
  t.true(without.length < files.length / 20, without.join('\n'));
});

test('every row of what README says about flavors, and about what they do not protect from, names the tests that prove it', (t) => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const claims = claimsOf(sectionOf(readme, '## Flavors'));
  t.true(claims.length > 12);
  t.deepEqual(unproved(claims, known), []);
});
