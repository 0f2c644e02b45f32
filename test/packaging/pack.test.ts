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
import process, {env} from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {flavorNames} from '../lint/sources.ts';
import {program} from '../runner/packages.ts';

const modules = path.join(root, 'node_modules');
const place = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-pack-'));
const packages = ['core', 'plugin-sdk', 'plugin-sdk/create', ...flavorNames.map((name) => path.join('flavors', name))];
// The machine's own npm, and on purpose not the pinned Node that npm run puts on PATH.
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const manifestOf = (directory: string) =>
  JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
    readonly version?: string;
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

const compile = (file: string, types = '') => {
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--ignoreConfig',
    '--pretty',
    'false',
    '--types',
    types,
  ];
  return execa(path.join(root, 'node_modules/.bin/tsc'), [...flags, file], {cwd: place, reject: false});
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
  for (const name of ['elsewhere', 'author', 'bin']) mkdirSync(path.join(place, name));
  symlinkSync(path.join(place, 'node_modules/.bin/rkt'), path.join(place, 'elsewhere/rkt'));
});
const host = openHost();
test.after.always(() => rmSync(place, {recursive: true, force: true}));
test.after.always(() => host.close());

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
  const {exitCode, stdout} = await compile('author.ts');
  t.is(exitCode, 0, stdout);
  const schema = createRequire(path.join(place, 'x.js'))('@rkt/core/schema/plan.schema.json') as {type: string};
  t.is(schema.type, 'object');
});

const example = /```js\n(.*?)```/s.exec(readFileSync(path.join(root, 'core/README.md'), 'utf8'))?.[1] ?? '';

test('the types of the verbs are in the packages', async (t) => {
  writeFileSync(path.join(place, 'example.mts'), example);
  await take('@types/node');
  await take('undici-types');
  const {exitCode, stdout} = await compile('example.mts', 'node');
  t.is(exitCode, 0, stdout);
  writeFileSync(path.join(place, 'wrong.mts'), "import {run} from '@rkt/core';\nawait run({apps: [{image: 1}]});\n");
  t.regex((await compile('wrong.mts', 'node')).stdout, /^wrong\.mts\(2,\d+\): error TS2322/m);
});

testIf(lacksPods())('the example for programs does what it says, on whatever Node.js', async (t) => {
  writeFileSync(
    path.join(place, 'example.mjs'),
    example.replace('/var/lib/rkt', `${place}/data`).replace('./web.aci', buildImage()),
  );
  const node = program('node') ?? process.execPath;
  const {exitCode, stdout, stderr} = await execa(node, ['example.mjs'], {
    cwd: place,
    env: {PATH: systemPath},
    extendEnv: false,
    reject: false,
  });
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^hello\n/);
  t.regex(stdout, /^[0-9a-f-]{36} is running under \w+$/m);
  t.regex(stdout, /exitCode/);
});

/** Commands of a README as they are printed, each with what it says it prints; those with `#` are root's. */
const consoleOf = (readme: string) =>
  [...readme.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .split(/^(?=[$#] )/m)
      .map((part) => ({command: part.slice(2).split('\n', 1)[0] ?? '', prints: part.slice(part.indexOf('\n') + 1)})),
  );

/** A directory of an author who has the packages, and commands there, with a data directory of the test's. */
const author = () => {
  const [, ...configured] = host.command();
  const flags = configured.map((word) => `'${word}'`).join(' ');
  const program = path.join(place, 'node_modules/.bin/rkt');
  writeFileSync(path.join(place, 'bin/rkt'), `#!/bin/sh\nexec ${program} ${flags} "$@"\n`, {
    mode: 0o755,
  });
  const directory = path.join(place, 'author');
  const PATH = `${path.join(place, 'bin')}:${path.join(root, 'node_modules/.bin')}:${systemPath}`;
  const sh = (command: string) =>
    execa('/bin/sh', ['-c', command], {cwd: directory, env: {PATH}, extendEnv: false, reject: false});
  return {directory, sh};
};

testIf(lacksPods())('an author gets from the first line of the README to a pod, word for word', async (t) => {
  const {directory, sh} = author();
  const readme = readFileSync(path.join(place, 'node_modules/@rkt/plugin-sdk/README.md'), 'utf8');
  const commands = consoleOf(readme);
  t.deepEqual(
    ['flavor new', 'flavor doctor', 'image build', 'run ', 'plan '].filter((word) =>
      commands.every(({command}) => !command.includes(word)),
    ),
    [],
  );
  for (const {command, prints} of commands) {
    const {exitCode, stdout, stderr} = await sh(command);
    t.is(exitCode, 0, `${command}: ${stdout}${stderr}`);
    t.true(stdout.startsWith(prints.trimEnd()), `${command}: ${stdout}`);
  }
  const types = await sh('tsc --project my-flavor');
  t.is(types.exitCode, 0, types.stdout);
  // What the README shows is what has been made.
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block);
  t.true(blocks.includes(readFileSync(path.join(directory, 'my-flavor/src/index.ts'), 'utf8')));
  const wrong = await sh('rkt --format=json flavor new my-flavor; rkt --format=json flavor new My_Flavor');
  t.regex(wrong.stderr, /RKT_FLAVOR_DIRECTORY_EXISTS.*RKT_FLAVOR_NAME_INVALID/s);
  t.deepEqual(readdirSync(directory).sort(), ['hello.aci', 'my-flavor']);
});

test('npm create rkt-flavor makes the same and has npm install what it needs', async (t) => {
  const bin = path.join(place, 'npm-bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npm'), '#!/bin/sh\necho "npm $*" >npm-was-called\n', {mode: 0o755});
  const cwd = path.join(place, 'elsewhere');
  await execa(path.join(place, 'node_modules/.bin/create-rkt-flavor'), ['created'], {
    cwd,
    env: {PATH: `${bin}:${systemPath}`},
    extendEnv: false,
  });
  t.is(readFileSync(path.join(cwd, 'created/npm-was-called'), 'utf8'), 'npm install\n');
  const {dependencies} = manifestOf(path.join(cwd, 'created'));
  const {version} = manifestOf(path.join(place, 'node_modules/@rkt/plugin-sdk'));
  t.is(dependencies?.['@rkt/plugin-sdk'], `^${version}`);
  t.regex(readFileSync(path.join(cwd, 'created/src/index.ts'), 'utf8'), /^ {2}name: 'created',$/m);
});
