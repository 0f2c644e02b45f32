import {mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {testIf} from '../helpers/skip.ts';

const root = path.resolve(import.meta.dirname, '../..');
const place = mkdtempSync(path.join(tmpdir(), 'rkt-pack-'));
const packages = [
  'core',
  'plugin-sdk',
  ...readdirSync(path.join(root, 'flavors')).map((name) => path.join('flavors', name)),
];
// The machine's own npm, and on purpose not the pinned Node that npm run puts on PATH.
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Takes what is packed from its files, and the rest from the registry. Returns why the registry gave nothing. */
const install = async (): Promise<string | undefined> => {
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
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1'];
  const {failed, timedOut, stderr} = await execa('npm', ['install', ...flags, ...tarballs], {
    cwd: place,
    reject: false,
    timeout: 120_000,
  });
  if (timedOut) return 'the registry did not answer within two minutes';
  const network = /\b(ETIMEDOUT|ECONNRESET|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|E50\d)\b/.exec(stderr)?.[0];
  if (network !== undefined) return `the registry cannot be reached: ${network}`;
  if (failed) throw new Error(stderr);
  symlinkSync(path.join(place, 'node_modules/.bin/rkt'), path.join(place, 'elsewhere/rkt'));
  return undefined;
};
const packedTest = testIf(await install());
test.after.always(() => rmSync(place, {recursive: true, force: true}));

packedTest(
  'the packed packages install and rkt runs on the pinned Node through a symlink, from any directory',
  async (t) => {
    const {stdout} = await execa('./rkt', ['version'], {
      cwd: path.join(place, 'elsewhere'),
      env: {PATH: systemPath},
      extendEnv: false,
    });
    t.regex(stdout, /v26\./);
  },
);

packedTest('an installed rkt finds the installed flavors', async (t) => {
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

packedTest('the types and the JSON Schemas of the contract are in the packages', async (t) => {
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
