import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {checkCatalogue} from './catalogues.ts';
import {root, sources} from './sources.ts';

const FILE = 'core/src/pod/errors.ts';
const factory = (name: string, code: string) =>
  `export const ${name} = () =>\n  new RktError('${code}', \`what\`, {hint: 'x'});\n`;
const broken = (source: string, file = FILE) => checkCatalogue(file, source).map(({line, rule}) => `${line} ${rule}`);

test('errors that do not stand by their codes are found', (t) => {
  const [a, b] = [factory('z', 'RKT_A'), factory('a', 'RKT_B')];
  t.deepEqual(broken(a + b), []);
  t.deepEqual(broken(b + a), ['3 errors-by-code']);
  t.deepEqual(broken(a + a), ['3 errors-by-code']);
  // What has no code is a helper; words are compared.
  t.deepEqual(broken(`${a}export const helper = 1;\n${factory('x', 'RKT_A_B')}${factory('x', 'RKT_AB')}${b}`), []);
  t.deepEqual(broken(b + a, 'core/src/pod/run.ts'), []);
});

test('every catalogue of errors of this repository stands by its codes', (t) => {
  const catalogues = sources().filter((file) => file.endsWith('/errors.ts'));
  t.true(catalogues.length > 5);
  t.deepEqual(
    catalogues.flatMap((file) => checkCatalogue(file, readFileSync(path.join(root, file), 'utf8'))),
    [],
  );
});
