import {readdirSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import path from 'node:path';

export interface Group {
  readonly name: string;
  readonly files: readonly string[];
  /** Test files at once. */
  readonly concurrency: number;
  /** Added to the tests' environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told apart in the report from the same tests in another group. */
  readonly mark?: string;
}

const SKIPPED = new Set(['node_modules', 'dist', '.git']);

const testFiles = (root: string, directory = ''): string[] =>
  readdirSync(path.join(root, directory), {withFileTypes: true})
    .filter(({name}) => !SKIPPED.has(name))
    .flatMap((entry) => {
      const file = path.posix.join(directory, entry.name);
      return entry.isDirectory() ? testFiles(root, file) : file.endsWith('.test.ts') ? [file] : [];
    })
    .sort();

const needsKernel = (file: string) =>
  file.startsWith('core/test/kernel/') ||
  (file.startsWith('test/') && !/^test\/(docs|fuzz|lint|runner|helpers|v2)\//.test(file));

/** What is about rkt, and not about what a flavor does with a pod. */
const RKT_ALONE = /^test\/conformance\/(examples|negotiation|plan|process|races|refusals|traps)\./;

/** What holds for every flavor; they run once with each. */
const forEachFlavor = (file: string) =>
  /^test\/(conformance\/|fault\/(kills|walk)\.)/.test(file) && !RKT_ALONE.test(file);

const nspawn = {environment: {RKT_TEST_FLAVOR: 'nspawn'}, mark: '[nspawn] '};

/** The test files, in the order in which they run, restricted to those whose path contains one of `only`. */
export const groups = (root: string, only: readonly string[]): Group[] => {
  const files = testFiles(root).filter((file) => only.length === 0 || only.some((part) => file.includes(part)));
  // One more than there are processors: a test of pods waits a quarter of its time.
  const concurrency = Math.min(availableParallelism() + 1, 4);
  return [
    {name: 'unit', files: files.filter((file) => !needsKernel(file)), concurrency},
    {name: 'kernel', files: files.filter(needsKernel), concurrency},
    {...nspawn, name: 'nspawn', files: files.filter(forEachFlavor), concurrency},
  ].filter((group) => group.files.length > 0);
};
