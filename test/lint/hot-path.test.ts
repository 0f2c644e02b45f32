import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {scanImports} from './scan-imports.ts';
import {root} from './sources.ts';

/* What is parsed at start-up is what start-up costs: the commands that must be quick load nothing that is heavy. */

const HOT = ['run', 'run-prepared', 'enter', 'list', 'status', 'gc', 'version'];
const HEAVY = ['execa', 'node:sqlite', 'yaml', 'zod'];

/** Packages that are loaded with a file, each with the chain of files that leads to it. */
const loadedWith = (
  file: string,
  chain: readonly string[] = [],
  seen = new Set<string>(),
): Map<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>();
  if (seen.has(file)) return found;
  seen.add(file);
  for (const {specifier, form} of scanImports(readFileSync(path.join(root, file), 'utf8'))) {
    if (form !== 'static' || specifier === null) continue;
    const inner = specifier.startsWith('.')
      ? loadedWith(path.join(path.dirname(file), specifier), [...chain, file], seen)
      : new Map([[specifier, [...chain, file]]]);
    for (const [name, way] of inner) if (!found.has(name)) found.set(name, way);
  }
  return found;
};

for (const name of ['main', ...HOT]) {
  test(`${name === 'main' ? 'rkt itself' : `rkt ${name}`} loads nothing heavy`, (t) => {
    const file = name === 'main' ? 'core/src/cli/main.ts' : `core/src/cli/commands/${name}.ts`;
    t.true(existsSync(path.join(root, file)), file);
    const loaded = loadedWith(file);
    t.deepEqual(
      HEAVY.flatMap((heavy) => (loaded.has(heavy) ? [`${heavy} by ${loaded.get(heavy)?.join(' → ')}`] : [])),
      [],
    );
  });
}

test('a pod in a machine loads nothing that starts programs before there is something to prove', (t) => {
  const loaded = loadedWith('core/src/stage1/facts/accelerator.ts');
  t.true(loaded.has('node:fs'));
  t.is(loaded.get('node:child_process'), undefined);
});
