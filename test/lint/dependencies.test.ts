import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {scanImports} from './scan-imports.ts';
import {flavorNames, root} from './sources.ts';

/* What is installed with rkt runs as root: a package brings nothing that it does not use. */

const manifestOf = (directory: string) =>
  JSON.parse(readFileSync(path.join(root, directory, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
    readonly scripts?: Readonly<Record<string, string>>;
  };

test('what is installed runs on the very Node.js that it was built with: another one refuses its code cache', (t) => {
  const {packages: locked} = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, {readonly version?: string}>>;
  };
  for (const directory of ['.', 'core']) {
    const wanted = Object.entries(manifestOf(directory).optionalDependencies ?? {});
    t.true(wanted.length >= 2);
    for (const [name, version] of wanted)
      t.is(locked[`node_modules/${name}`]?.version, version, `${directory}: ${name}`);
  }
});

test('no script of npm takes the Node.js that happens to be on PATH', (t) => {
  const {scripts = {}} = manifestOf('.');
  t.true('build' in scripts);
  t.deepEqual(
    Object.entries(scripts).filter(([, line]) => /(^|&& )(node|tsx) /.test(line)),
    [],
  );
});

const packages = ['core', 'plugin-sdk', ...flavorNames.map((name) => `flavors/${name}`)];

for (const name of packages) {
  test(`${name} imports each of its dependencies`, (t) => {
    const {dependencies = {}} = JSON.parse(readFileSync(path.join(root, name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    const files = readdirSync(path.join(root, name, 'src'), {recursive: true, encoding: 'utf8'});
    const imported = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => scanImports(readFileSync(path.join(root, name, 'src', file), 'utf8')))
      .map(({specifier}) => specifier ?? '');
    const unused = Object.keys(dependencies).filter(
      (dependency) => !imported.some((specifier) => specifier === dependency || specifier.startsWith(`${dependency}/`)),
    );
    t.deepEqual(unused, []);
  });
}
