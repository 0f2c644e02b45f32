import {mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';

const root = path.resolve(import.meta.dirname, '../..');
const place = mkdtempSync(path.join(tmpdir(), 'rkt-pack-'));
const packages = [
  'core',
  'plugin-sdk',
  ...readdirSync(path.join(root, 'flavors')).map((name) => path.join('flavors', name)),
];
// The machine's own npm, and on purpose not the pinned Node that npm run puts on PATH.
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

test.before(async () => {
  const tarballs: string[] = [];
  for (const directory of packages) {
    const {stdout} = await execa('npm', ['pack', '--json', '--pack-destination', place], {
      cwd: path.join(root, directory),
    });
    const [{filename}] = JSON.parse(stdout) as [{filename: string}];
    tarballs.push(path.join(place, filename));
  }
  mkdirSync(path.join(place, 'elsewhere'));
  writeFileSync(path.join(place, 'package.json'), '{"private":true}');
  await execa('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs], {cwd: place});
  symlinkSync(path.join(place, 'node_modules/.bin/rkt'), path.join(place, 'elsewhere/rkt'));
});
test.after.always(() => rmSync(place, {recursive: true, force: true}));

test('the packed packages install and rkt runs on the pinned Node through a symlink, from any directory', async (t) => {
  const {stdout} = await execa('./rkt', ['version'], {
    cwd: path.join(place, 'elsewhere'),
    env: {PATH: systemPath},
    extendEnv: false,
  });
  t.regex(stdout, /v26\./);
});

test('an installed rkt finds the installed flavors', async (t) => {
  const {stdout} = await execa(
    path.join(place, 'elsewhere/rkt'),
    [`--dir=${place}/data`, 'flavor', 'list', '--no-legend'],
    {
      cwd: '/',
      env: {PATH: systemPath},
      extendEnv: false,
    },
  );
  t.regex(stdout, /^fly\b/m);
});

test('the types and the JSON Schemas of the contract are in the packages', async (t) => {
  const program = `
    import {defineFlavor, type Flavor, impossible} from '@rkt/plugin-sdk';
    import {plan} from '@rkt/core/contract';
    export const flavor: Flavor | undefined = undefined;
    export default [defineFlavor, impossible('x'), plan];
  `;
  writeFileSync(path.join(place, 'author.ts'), program);
  const {exitCode, stdout} = await execa(
    path.join(root, 'node_modules/.bin/tsc'),
    [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--ignoreConfig',
      '--types',
      '',
      'author.ts',
    ],
    {cwd: place, reject: false},
  );
  t.is(exitCode, 0, stdout);
  const {createRequire} = await import('node:module');
  const schema = createRequire(path.join(place, 'x.js'))('@rkt/core/schema/plan.schema.json') as {type: string};
  t.is(schema.type, 'object');
});
