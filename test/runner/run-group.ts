import {type ChildProcess, spawn} from 'node:child_process';
import path from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {slowly} from '../helpers/slowly.ts';
import type {Group} from './groups.ts';
import type {Message, Result} from './result.ts';

/** Milliseconds without any result. */
const PATIENCE = 15 * 60_000;

const running = new Set<ChildProcess>();

/** Kills what {@link runGroup} has started, with all that it has started in turn. */
export const killGroups = (): void => {
  for (const {pid} of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
};

/**
 * Runs the files of a group with ava. A run that ends badly without a failed test to show for it is a failed result of its own.
 * @param environment added to the tests' environment
 * @param onFile told how long each file took
 */
export const runGroup = async (
  root: string,
  group: Group,
  environment: Readonly<Record<string, string>>,
  onResult: (result: Result) => void,
  onFile: (file: string, milliseconds: number) => void,
): Promise<void> => {
  const {NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...inherited} = process.env;
  const ava = path.join(root, 'node_modules/ava/entrypoints/cli.mjs');
  const config = path.join(root, 'test/runner/ava.config.mjs');
  const flags = [`--config=${config}`, `--concurrency=${group.concurrency}`, `--timeout=${slowly(PATIENCE)}ms`];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ava, ...flags, ...group.files], {
    cwd: root,
    env: {...inherited, ...environment, FORCE_COLOR: '0'},
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    detached: true,
  });
  running.add(child);
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ava ended with ${signal ?? `exit code ${code}`}`),
    );
  }).finally(() => running.delete(child));

  const started = new Map<string, number>();
  let failures = 0;
  const take = (message: Message) => {
    switch (message.kind) {
      case 'started':
        started.set(message.file, performance.now());
        break;
      case 'ended':
        onFile(message.file, performance.now() - (started.get(message.file) ?? performance.now()));
        break;
      case 'result':
        if (message.result.outcome === 'failed') failures++;
        onResult(message.result);
    }
  };
  for await (const line of createInterface({input: child.stdio[3] as Readable})) take(JSON.parse(line) as Message); // by `stdio`, from our own process
  const problem = await ended;
  if (problem !== undefined && failures === 0) {
    onResult({file: '', title: `${group.name} tests`, outcome: 'failed', milliseconds: 0, details: `  ${problem}`});
  }
};
