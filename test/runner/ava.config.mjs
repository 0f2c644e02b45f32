import {readFileSync} from 'node:fs';
import {observeRun} from './observe-run.ts';
import {slowFirst} from './slow-first.ts';

const {ava} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** The runner's: as by hand, and each event is told to the runner, which TAP would tell it only half. */
export default {
  ...ava,
  // A test file's process is over before four threads are of any use to V8, and there are hundreds of them.
  nodeArguments: [...ava.nodeArguments, '--v8-pool-size=1'],
  require: ['./test/runner/end-with-parent.ts'],
  sortTestFiles: slowFirst,
  nonSemVerExperiments: {observeRunsFromConfig: true},
  observeRun,
};
