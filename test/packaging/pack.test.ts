import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../helpers/command.ts';

const modules = path.join(root, 'node_modules');
const place = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-pack-'));
const packages = [
  'core',
  'plugin-sdk',
  ...readdirSync(path.join(root, 'flavors')).map((name) => path.join('flavors', name)),
];
// The machine's own npm, and on purpose not the pinned Node that npm run puts on PATH.
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const manifestOf = (directory: string) =>
  JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };

/** Names of what packages depend on, and so on, as far as it is of others and here. */
const dependencies = (directories: readonly string[], found = new Set<string>()): Set<string> => {
  for (const directory of directories) {
    const {dependencies: needed, optionalDependencies: wanted} = manifestOf(directory);
    for (const name of Object.keys({...needed, ...wanted})) {
      if (name.startsWith('@rkt/') || found.has(name) || !existsSync(path.join(modules, name))) continue;
      found.add(name);
      dependencies([path.join(modules, name)], found);
    }
  }
  return found;
};

/** Puts a package of the checkout where npm would have put it. */
const take = async (name: string): Promise<void> => {
  const [from, to] = [path.join(modules, name), path.join(place, 'node_modules', name)];
  mkdirSync(path.dirname(to), {recursive: true});
  const {failed} = await execa('cp', ['-a', '--link', from, to], {reject: false});
  // It may be on another file system.
  if (failed) await execa('cp', ['-a', from, path.dirname(to)]);
};

/** npm asks nobody: it has no cache, and works offline. */
const npm = (cwd: string, ...args: string[]) => {
  const flags = ['--offline', `--cache=${place}/cache`, '--no-update-notifier', '--no-audit', '--no-fund'];
  return execa('npm', [...args, ...flags, '--ignore-scripts'], {cwd, timeout: 120_000, killSignal: 'SIGKILL'});
};

test.before('install', async () => {
  const workspaces = packages.map((directory) => `--workspace=${directory}`);
  const {stdout} = await npm(root, 'pack', '--json', `--pack-destination=${place}`, ...workspaces);
  const tarballs = (JSON.parse(stdout) as {filename: string}[]).map(({filename}) => path.join(place, filename));
  const names = dependencies(packages.map((directory) => path.join(root, directory)));
  for (const name of names) await take(name);
  for (const bin of readdirSync(path.join(modules, '.bin'))) {
    const owner = path.relative('..', readlinkSync(path.join(modules, '.bin', bin)));
    if ([...names].some((name) => owner.startsWith(`${name}/`))) await take(path.join('.bin', bin));
  }
  writeFileSync(path.join(place, 'package.json'), '{"private":true}');
  await npm(place, 'install', ...tarballs);
  mkdirSync(path.join(place, 'elsewhere'));
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
  const schema = createRequire(path.join(place, 'x.js'))('@rkt/core/schema/plan.schema.json') as {type: string};
  t.is(schema.type, 'object');
});
