import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {scanImports} from './scan-imports.ts';
import {flavorNames, root} from './sources.ts';

/* What is installed with rkt runs as root: a package brings nothing that it does not use. */

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
