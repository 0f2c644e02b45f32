import {existsSync, globSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {forbiddenChanges} from './breaking-changes.ts';
import {root, withCompiler} from './compiler.ts';
import {CONTRACT_REPORT, documents, errorFiles} from './documents.ts';
import {errorSources} from './error-codes.ts';
import {withSection} from './section.ts';

const texts = await documents();

for (const [file, text] of texts) {
  test(`${file} is what "npm run docs" writes`, (t) => {
    const place = path.join(root, file);
    // Not compared as a whole: the difference of two long texts says less than this.
    t.true(existsSync(place) && readFileSync(place, 'utf8') === text, `run "npm run docs" to write ${file}`);
  });
}

test('nothing of the contract has gone while its major version stayed', (t) => {
  const now = texts.get(CONTRACT_REPORT) ?? '';
  t.deepEqual(forbiddenChanges(readFileSync(path.join(root, CONTRACT_REPORT), 'utf8'), now), []);
  // The comparison sees shapes: each of a launch has its own.
  t.regex(now, /^type Launch \{into: "member"\}\n(?: {2}.*\n)* {2}member: ProcessIdentity$/m);
});

test('every error has a meaning and says what to do', (t) => {
  const sources = withCompiler((compiler) => errorSources(compiler, errorFiles()));
  t.true(sources.length > 200);
  t.deepEqual(
    sources.filter(({meaning}) => meaning === '').map(({code}) => code),
    [],
  );
  t.deepEqual(
    sources.filter(({hints}) => hints.length === 0).map(({code}) => code),
    [],
  );
});

test('every code that is thrown or looked for has its section', (t) => {
  const errors = readFileSync(path.join(root, 'core/ERRORS.md'), 'utf8');
  const sections = new Set([...errors.matchAll(/^## (RKT_\w+)$/gm)].map(([, code = '']) => code));
  const used = globSync('{core,plugin-sdk,flavors/*}/src/**/*.ts', {cwd: root}).flatMap((file) =>
    [
      ...readFileSync(path.join(root, file), 'utf8').matchAll(
        /\bcode\b[^\n]*'(RKT_[A-Z0-9_]+)'|@throws (RKT_\w*[A-Z0-9])(?![\w…])/g,
      ),
    ].map(([, compared, thrown]) => compared ?? thrown ?? ''),
  );
  t.true(used.length > 20);
  t.deepEqual(
    [...new Set(used)].filter((code) => !sections.has(code)),
    [],
  );
});

test('every code that a program of a flavor says has its section', (t) => {
  const errors = readFileSync(path.join(root, 'core/ERRORS.md'), 'utf8');
  const said = globSync('flavors/*/guest/*.c', {cwd: root}).flatMap((file) =>
    [
      ...readFileSync(path.join(root, file), 'utf8').matchAll(
        /"rkt: (RKT_[A-Z_]+): |\b(?:give_up|not_started)\("([A-Z_]+)"|\? "([A-Z_]+)" : NULL|early : "([A-Z_]+)"/g,
      ),
    ].map(([, whole, ...parts]) => whole ?? `RKT_MACHINE_${parts.find((part) => part !== undefined)}`),
  );
  t.true(said.length > 20);
  t.deepEqual(
    [...new Set(said)].filter((code) => !errors.includes(`\n## ${code}\n`)),
    [],
  );
});

test('a section is written between its lines, and only there', (t) => {
  const text = 'a\n<!-- generated: x (npm run docs) -->\nold\n<!-- end of what is generated -->\nb\n';
  t.is(
    withSection(text, 'x', 'new'),
    'a\n<!-- generated: x (npm run docs) -->\n\nnew\n\n<!-- end of what is generated -->\nb\n',
  );
  t.is(withSection(withSection(text, 'x', 'new'), 'x', 'new'), withSection(text, 'x', 'new'));
  t.throws(() => withSection(text, 'y', 'new'), {message: /no section/});
});
