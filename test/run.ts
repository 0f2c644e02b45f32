import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {argv, env, stdout} from 'node:process';
import {cleanUp, makeTestDirectory, sweep, sweepOthers} from './runner/clean-up.ts';
import {type Group, groups} from './runner/groups.ts';
import {installPackages} from './runner/packages.ts';
import {judgeSkips, report, slowest} from './runner/report.ts';
import type {Result} from './runner/result.ts';
import {killGroups, runGroup} from './runner/run-group.ts';
import {secondChance} from './runner/second-chance.ts';
import {skipReason} from './runner/skipped-title.ts';

/*
 * `npm test [-- PART…]`: every test, or those of the files whose path contains a PART. Tests use the built rkt.
 *
 * A file in which a test failed is run once more at the end, alone. What passes then is listed as unstable, with what was wrong the first time (also in
 * test/unstable.log), and counts as passed; `--strict` does without. `--long` adds what takes long. The last line is always
 * `N passed, N failed, N skipped`; exit code 1 when a test failed or none ran, and in CI when one was skipped that should not be.
 */

const root = path.resolve(import.meta.dirname, '..');
const say = (line: string) => stdout.write(`${line}\n`);
const flags = argv.slice(2).filter((word) => word.startsWith('--'));
const parts = argv.slice(2).filter((word) => !word.startsWith('--'));
for (const flag of flags) if (!['--strict', '--long'].includes(flag)) throw new Error(`unknown flag ${flag}`);

sweepOthers();
const missing = installPackages(say);
if (missing !== undefined) say(`tests that need them are skipped: ${missing}`);

const directory = makeTestDirectory();
const environment = {
  RKT_TEST_DIRECTORY: directory,
  // Whatever a test leaves when it is cut short goes with the directory.
  TMPDIR: directory,
  NODE_COMPILE_CACHE: path.join(directory, 'compile-cache'),
  ...(missing === undefined ? {} : {RKT_TEST_MISSING: missing}),
  ...(flags.includes('--long') ? {RKT_TEST_LONG: '1'} : {}),
};
for (const [signal, number] of Object.entries({SIGHUP: 1, SIGINT: 2, SIGTERM: 15})) {
  process.once(signal, () => {
    killGroups();
    sweep(directory);
    process.exit(128 + number);
  });
}

const SIGNS = {passed: 'ok  ', failed: 'FAIL', skipped: 'skip'} as const;
const files: {title: string; milliseconds: number}[] = [];

const run = async (group: Group): Promise<Result[]> => {
  const start = performance.now();
  say(`# ${group.name} tests: ${group.files.length} files, ${group.concurrency} at once`);
  const results: Result[] = [];
  const record = (result: Result) => {
    const marked = {...result, title: `${group.mark ?? ''}${result.title}`};
    results.push(marked);
    say(`${SIGNS[result.outcome]} ${skipReason(marked.title).title}`);
    // In full at the end; a run that is cut short should tell something, too.
    if (result.outcome === 'failed') say(result.details.split('\n').slice(0, 15).join('\n'));
  };
  const time = (file: string, milliseconds: number) => files.push({title: `${group.mark ?? ''}${file}`, milliseconds});
  await runGroup(root, group, {...environment, ...group.environment}, record, time);
  say(`# ${group.name} tests took ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return results;
};

let results: Result[] = [];
const unstable: Result[] = [];
for (const group of groups(root, parts)) {
  const first = await run(group);
  const {results: last, unstable: some} = flags.includes('--strict')
    ? {results: first, unstable: []}
    : await secondChance(group, first, run);
  results.push(...last);
  unstable.push(...some);
}
const left = cleanUp(directory);
if (left !== undefined) {
  results.push({
    file: '',
    title: 'tests leave nothing behind',
    outcome: 'failed',
    milliseconds: 0,
    details: `  ${left}`,
  });
}
results = judgeSkips(results, env.CI === 'true');

if (unstable.length > 0) {
  const text = unstable.map(({title, details}) => `${title}\n${details}\n`).join('\n');
  say(`\nUnstable:\n${text}`);
  writeFileSync(path.join(root, 'test/unstable.log'), text);
}
for (const line of ['', 'Slowest files:', ...slowest(files), ...report(results)]) say(line);
const outcomes = new Set(results.map(({outcome}) => outcome));
process.exitCode = outcomes.has('failed') || !outcomes.has('passed') ? 1 : 0;
