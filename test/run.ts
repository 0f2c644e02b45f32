import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {argv, stdout} from 'node:process';
import {cleanUp} from './runner/clean-up.ts';
import {groups} from './runner/groups.ts';
import {installPackages} from './runner/packages.ts';
import {runGroup} from './runner/run-group.ts';
import {skipReason} from './runner/skipped-title.ts';
import type {Result} from './runner/tap.ts';

/*
 * `npm test [-- PART…]`: every test, or those of the files whose path contains a PART. Tests use the built rkt. The last line is
 * always `N passed, N failed, N skipped`; exit code 1 when a test failed or none ran.
 */

const root = path.resolve(import.meta.dirname, '..');
const say = (line: string) => stdout.write(`${line}\n`);
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const results: Result[] = [];
const SIGNS = {passed: 'ok  ', failed: 'FAIL', skipped: 'skip'} as const;
const record = (result: Result) => {
  results.push(result);
  say(`${SIGNS[result.outcome]} ${skipReason(result.title).title}`);
  // In full at the end; a run that is cut short should tell something, too.
  if (result.outcome === 'failed') say(result.details.split('\n').slice(0, 15).join('\n'));
};

const missing = installPackages(say);
if (missing !== undefined) say(`tests that need them are skipped: ${missing}`);

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-'));
const environment = {
  RKT_TEST_DIRECTORY: directory,
  ...(missing === undefined ? {} : {RKT_TEST_MISSING: missing}),
};
for (const group of groups(root, argv.slice(2))) {
  const start = performance.now();
  say(`# ${group.name} tests: ${group.files.length} files, ${group.concurrency} at once`);
  const marked = (result: Result) => record({...result, title: `${group.mark ?? ''}${result.title}`});
  await runGroup(root, group, {...environment, ...group.environment}, marked);
  say(`# ${group.name} tests took ${seconds(start)}`);
}
const left = cleanUp(directory);
if (left !== undefined) record({title: 'tests leave nothing behind', outcome: 'failed', details: `  ${left}`});

const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
for (const {title, details} of results.filter(({outcome}) => outcome === 'failed')) {
  say(`\nFAILED ${title}\n${details}`);
}
const skipped = results.filter(({outcome}) => outcome === 'skipped').map(({title}) => skipReason(title));
if (skipped.length > 0) say('\nSkipped:');
for (const {title, reason} of skipped) say(`  ${title}: ${reason ?? 'no reason given'}`);
say('');
say(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exitCode = count('failed') > 0 || count('passed') === 0 ? 1 : 0;
