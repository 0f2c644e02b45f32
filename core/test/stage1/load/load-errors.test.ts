import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {RktError} from '../../../src/rkt-error.ts';
import {findFlavor} from '../../../src/stage1/load/find.ts';
import {declaration} from '../../support/fixtures.ts';

/* A flavor that is there and cannot be loaded is never said not to be there: what is wrong, and where. */

const place = mkdtempSync(path.join(tmpdir(), 'rkt-load-'));
test.after.always(() => rmSync(place, {recursive: true}));

const good = `const hook = () => [];
export default {declaration: ${JSON.stringify(declaration())}, probe: hook, filesystem: hook, environment: hook, launch: hook};
`;
const write = (name: string, files: Readonly<Record<string, string>>): string => {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.join(place, name, path.dirname(file)), {recursive: true});
    writeFileSync(path.join(place, name, file), content);
  }
  return path.join(place, name);
};
const manifest = (fields: object) => ({'package.json': JSON.stringify({name: 'x', type: 'module', ...fields})});

const faults: readonly [string, Readonly<Record<string, string>>, string, RegExp][] = [
  [
    'a syntax error',
    {...manifest({main: 'index.js'}), 'index.js': 'let a;\nlet b = = 1;\n'},
    'index.js:2',
    /Unexpected token/,
  ],
  [
    'a missing import',
    {...manifest({main: 'index.js'}), 'index.js': "import 'nowhere-to-be-found';\n"},
    'index.js',
    /nowhere-to-be-found/,
  ],
  [
    'a throw at load',
    {...manifest({main: 'index.js'}), 'index.js': "\nthrow new Error('boom');\n"},
    'index.js:2',
    /boom/,
  ],
  ['no main', manifest({}), 'package.json', /Cannot find module/],
  ['a main that is not there', manifest({main: 'dist/index.js'}), 'package.json', /Cannot find module/],
  ['an export that is not there', manifest({exports: './dist/index.js'}), 'package.json', /dist\/index\.js/],
  ['a manifest that is no JSON', {'package.json': '{'}, 'package.json', /package\.json|JSON/],
];
for (const [what, files, where, message] of faults) {
  test(`a package with ${what} is not said to be missing`, async (t) => {
    const directory = write(what.replaceAll(' ', '-'), files);
    const error = await t.throwsAsync(findFlavor(directory, {}), {instanceOf: RktError, message});
    t.is(error.code, 'RKT_FLAVOR_LOAD_FAILED');
    t.is(error.fields.place, path.join(directory, where));
  });
}

test('a package is loaded by its exports, or its main, in TypeScript, too', async (t) => {
  for (const [name, files] of [
    ['exports', {...manifest({exports: './src/index.ts'}), 'src/index.ts': good}],
    ['main', {...manifest({main: 'index.js'}), 'index.js': good}],
    ['neither', {'index.mjs': good, 'package.json': '{"main": "index.mjs"}'}],
  ] as const) {
    const {flavor} = await findFlavor(write(name, files), {});
    t.is(flavor.declaration.name, 'test', name);
  }
});

test('S10 a fifo or a device that is named as a flavor keeps nobody waiting', async (t) => {
  const fifo = path.join(place, 'fifo.cjs');
  spawnSync('mkfifo', [fifo]);
  for (const source of [fifo, '/dev/zero']) {
    const error = await t.throwsAsync(findFlavor(source, {}), {instanceOf: RktError});
    t.is(error?.code, 'RKT_FLAVOR_LOAD_FAILED', source);
  }
});

test('S10 nor does one that is in the place of the package.json of a flavor', async (t) => {
  const directory = write('fifo-for-manifest', {'index.cjs': ''});
  spawnSync('mkfifo', [path.join(directory, 'package.json')]);
  for (const source of [directory, path.join(directory, 'index.cjs')]) {
    const error = await t.throwsAsync(findFlavor(source, {}), {instanceOf: RktError});
    t.is(error?.code, 'RKT_FLAVOR_LOAD_FAILED', source);
  }
});

test('S36 what is in the place of the package.json of a flavor is read, and never run', async (t) => {
  const ran = path.join(place, 'ran');
  const program = `require('node:fs').writeFileSync(${JSON.stringify(ran)}, '');`;
  const directory = write('directory-for-manifest', {'package.json/index.js': program, 'index.cjs': ''});
  const link = write('link-for-manifest', {'program.js': program, 'index.cjs': ''});
  symlinkSync('program.js', path.join(link, 'package.json'));
  for (const source of [directory, link]) {
    const error = await t.throwsAsync(findFlavor(source, {}), {instanceOf: RktError});
    t.is(error?.code, 'RKT_FLAVOR_LOAD_FAILED', source);
    t.false(existsSync(ran), source);
  }
});
