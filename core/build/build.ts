import {spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {type BuildOptions, build, type Plugin} from 'esbuild';
import {lockDirectory} from '../src/linux/lock.ts';
import {jsonSchemas} from './json-schemas.ts';
import {stampOf} from './stamp.ts';

/*
 * Builds what is shipped: the rkt command as one CommonJS bundle with V8's code cache beside it (which starts faster than a start-up
 * snapshot, whose whole heap has to be read back), the library entries, the flavors as one file each, types and JSON Schemas. What has been built of the same
 * sources stays as it is, so that tests of one checkout can run beside each other.
 */

const root = path.resolve(import.meta.dirname, '../..');
const at = (...parts: string[]) => path.join(root, ...parts);
const run = (program: string, args: string[]) => {
  const {status, error} = spawnSync(program, args, {cwd: root, stdio: 'inherit'});
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
};

const {version} = JSON.parse(readFileSync(at('core/package.json'), 'utf8')) as {version: string};
const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  conditions: ['source'],
  legalComments: 'none',
  logLevel: 'warning',
  define: {RKT_VERSION: JSON.stringify(version)},
};

const packages = ['core', 'plugin-sdk', ...readdirSync(at('flavors')).map((name) => `flavors/${name}`)].filter(
  (directory) => existsSync(at(directory, 'package.json')),
);
const lock = lockDirectory(at('core/build'), 'exclusive', {wait: true});
const stamp = stampOf(root, packages);
const stampFile = at('node_modules/.cache/rkt-build');
const built = packages.every((directory) => existsSync(at(directory, 'dist')));
if (built && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

rmSync(stampFile, {force: true});
for (const directory of packages) {
  rmSync(at(directory, 'dist'), {recursive: true, force: true});
  copyFileSync(at('LICENSE'), at(directory, 'LICENSE'));
}
copyFileSync(at('LICENSE'), at('plugin-sdk/create/LICENSE'));

// `import.meta.url` has no meaning in CommonJS; the banner gives it the one it has in a module.
const commonjs: BuildOptions = {
  ...common,
  format: 'cjs',
  // A script with a code cache has no loader of modules; require() is the same here.
  supported: {'dynamic-import': false},
  minifySyntax: true,
  minifyWhitespace: true,
  define: {
    ...common.define,
    'import.meta.url': 'rktModuleUrl',
    'import.meta.dirname': '__dirname',
    'import.meta.main': 'false',
  },
  banner: {js: "const rktModuleUrl=require('node:url').pathToFileURL(__filename).href;"},
};
const library: BuildOptions = {...common, format: 'esm', packages: 'external'};

// What no hot command needs stays out of the bundle: even what is never called costs its outline in the code cache.
const cold = ['execa', 'yaml'];

/** `debug` is one of those, and takes supports-color from any directory above if it is there: whoever can write to one would run code as root (S36). */
const debugBeside: Plugin = {
  name: 'debug-beside',
  setup({onResolve}) {
    onResolve({filter: /^debug$/}, () => ({path: './debug.cjs', external: true}));
  },
};
const noColorPackage: Plugin = {
  name: 'no-color-package',
  setup({onResolve, onLoad}) {
    onResolve({filter: /^supports-color$/}, () => ({path: 'none', namespace: 'none'}));
    onLoad({filter: /.*/, namespace: 'none'}, () => ({contents: 'module.exports = {};', loader: 'js'}));
  },
};

/** Whoever imports the default of these has the module itself: the copy with a getter for each property that esbuild makes otherwise costs each file that does it. */
const wholeModules: Plugin = {
  name: 'whole-modules',
  setup({onResolve, onLoad}) {
    onResolve({filter: /^node:(path|process)$/}, ({path: module, kind, namespace}) =>
      kind === 'import-statement' && namespace === 'file'
        ? {path: module, namespace: 'whole'}
        : {path: module, external: true},
    );
    onLoad({filter: /.*/, namespace: 'whole'}, async ({path: module}) => {
      const names = Object.keys(await import(module)).filter((name) => name !== 'default');
      return {contents: `export {${names.join()}} from '${module}';export default require('${module}');`};
    });
  },
};

await Promise.all([
  build({
    ...commonjs,
    external: cold,
    plugins: [debugBeside, wholeModules],
    // Names are what a code cache has most of. Where a stack means is told by the map (cli/source-stack.ts).
    minifyIdentifiers: true,
    sourcemap: 'external',
    sourcesContent: false,
    // start.cjs makes a script of it as it is, whose text is not copied once more.
    banner: {js: `(function(exports,require,module,__filename,__dirname){${commonjs.banner?.js}`},
    footer: {js: '})'},
    entryPoints: [at('core/src/cli/main.ts')],
    outfile: at('core/dist/rkt.cjs'),
  }),
  build({
    ...commonjs,
    plugins: [noColorPackage],
    entryPoints: [at('node_modules/debug/src/node.js')],
    outfile: at('core/dist/debug.cjs'),
  }),
  build({...library, entryPoints: [at('core/src/index.ts')], outfile: at('core/dist/index.js')}),
  build({...library, entryPoints: [at('core/src/contract/index.ts')], outfile: at('core/dist/contract.js')}),
  build({...library, entryPoints: [at('plugin-sdk/src/index.ts')], outfile: at('plugin-sdk/dist/index.js')}),
  build({...library, entryPoints: [at('plugin-sdk/src/kit/index.ts')], outfile: at('plugin-sdk/dist/kit.js')}),
  ...packages
    .filter((directory) => directory.startsWith('flavors/'))
    .map((directory) =>
      build({
        ...commonjs,
        entryPoints: [at(directory, 'src/index.ts')],
        outfile: at(directory, 'dist/index.cjs'),
      }),
    ),
]);

/** Programs that a flavor brings along are one file of C each, without libraries; `NAME.so.c` is one that others load. */
const guestPrograms = packages.flatMap((directory) =>
  existsSync(at(directory, 'guest'))
    ? readdirSync(at(directory, 'guest'))
        .filter((name) => name.endsWith('.c'))
        .map((name) => ({
          source: at(directory, 'guest', name),
          output: at(directory, 'dist', path.basename(name, '.c')),
        }))
    : [],
);
if (spawnSync('cc', ['--version'], {stdio: 'ignore'}).error !== undefined) {
  process.stderr.write(
    `no C compiler (cc): not built: ${guestPrograms.map(({output}) => path.relative(root, output)).join(', ')}\n`,
  );
} else {
  const flags = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-Os', '-s'];
  const kind = (output: string) => (output.endsWith('.so') ? ['-shared', '-fPIC'] : ['-static']);
  for (const {source, output} of guestPrograms) run('cc', [...flags, ...kind(output), '-o', output, source]);
}

mkdirSync(at('core/dist/schema'), {recursive: true});
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(at('core/dist/schema', `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}

// In this order: each finds the types of the one before.
for (const directory of packages) run(at('node_modules/.bin/tsc'), ['-p', at(directory, 'tsconfig.build.json')]);

const [, flags = ''] = /exec "\$node" (.*) "\$here/.exec(readFileSync(at('core/bin/rkt'), 'utf8')) ?? [];
/** With the flags of the command, for V8 refuses a cache that was made with others. */
const node = (...args: string[]) => run(process.execPath, [...flags.split(' '), ...args]);
const accepted = 'process.exitCode = require(process.argv[1]).rejected === false ? 0 : 1';
for (const kind of ['run', 'run-prepared', 'enter', 'list', 'plan', 'fetch']) {
  node(at('core/build/train.cjs'), kind);
  node('-e', accepted, at('core/bin/start.cjs'), kind);
}

mkdirSync(path.dirname(stampFile), {recursive: true});
writeFileSync(stampFile, stamp);
lock?.close();
