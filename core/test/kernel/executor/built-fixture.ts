import {existsSync, mkdirSync, mkdtempSync, renameSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {buildSync} from 'esbuild';

const TESTS = path.resolve(import.meta.dirname, '..');

/** Of the whole run of tests; of this process alone when a test file is run by itself. */
let directory: string | undefined;
const fixtures = (): string => {
  if (directory !== undefined) return directory;
  const own = env.RKT_TEST_DIRECTORY === undefined ? mkdtempSync(path.join(tmpdir(), 'rkt-fixtures-')) : undefined;
  if (own !== undefined) process.once('exit', () => rmSync(own, {recursive: true, force: true}));
  directory = path.join(own ?? env.RKT_TEST_DIRECTORY ?? '', 'fixtures');
  mkdirSync(directory, {recursive: true});
  return directory;
};

/** A fixture as one file, as rkt is shipped: from its sources a start takes ten times as long. Returns the arguments that have Node.js run it. */
export const builtFixture = (source: URL): string[] => {
  const {pathname} = source;
  const built = path.join(fixtures(), `${path.relative(TESTS, pathname).replaceAll('/', '-')}.mjs`);
  if (!existsSync(built)) {
    // Several test files may want the same one at once.
    const made = `${mkdtempSync(path.join(fixtures(), 'build-'))}/made.mjs`;
    buildSync({
      entryPoints: [pathname],
      outfile: made,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node26',
      conditions: ['source'],
      logLevel: 'error',
      banner: {js: "import {createRequire as cr} from 'node:module'; const require = cr(import.meta.url);"},
    });
    renameSync(made, built);
    rmSync(path.dirname(made), {recursive: true});
  }
  return ['--disable-warning=ExperimentalWarning', built];
};
