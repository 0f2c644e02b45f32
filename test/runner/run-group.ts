import {spawn} from 'node:child_process';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {slowly} from '../helpers/slowly.ts';
import type {Group} from './groups.ts';
import {type Result, tapReader} from './tap.ts';

/** Milliseconds without any result. */
const PATIENCE = 5 * 60_000;

/**
 * Runs the files of a group with ava. A run that ends badly without a failed test to show for it is a failed result of its own.
 * @param environment added to the tests' environment
 */
export const runGroup = async (
  root: string,
  group: Group,
  environment: Readonly<Record<string, string>>,
  onResult: (result: Result) => void,
): Promise<void> => {
  const {NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...inherited} = process.env;
  const ava = path.join(root, 'node_modules/ava/entrypoints/cli.mjs');
  const child = spawn(
    process.execPath,
    [ava, '--tap', `--concurrency=${group.concurrency}`, `--timeout=${slowly(PATIENCE)}ms`, ...group.files],
    {
      cwd: root,
      env: {...inherited, ...environment, FORCE_COLOR: '0'},
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ava ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  let failures = 0;
  const read = tapReader((result) => {
    if (result.outcome === 'failed') failures++;
    onResult(result);
  });
  for await (const line of createInterface({input: child.stdout})) read(line);
  read(undefined);
  const problem = await ended;
  if (problem !== undefined && failures === 0) {
    onResult({title: `${group.name} tests`, outcome: 'failed', details: `  ${problem}`});
  }
};
