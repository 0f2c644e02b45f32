import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {rktEnvironment} from '../../../../test/helpers/command.ts';
import {type Host, openHost} from '../../../../test/helpers/host.ts';
import {buildImage} from '../../../../test/helpers/image.ts';
import {lacksPods} from '../../../../test/helpers/lacks.ts';
import {errorOf} from '../../../../test/helpers/result.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {openStore} from '../../../src/image/store.ts';
import {lockDirectory} from '../../../src/linux/lock.ts';

/* S20: what another rkt does between a look of this one and what follows from it. Each is stopped there: by a lock, by a fifo in place of a file, or at a fault point. */

const kernelTest = testIf(lacksPods());

/** Pods and images of one test are nobody else's. */
const withHost = (title: string, run: (t: ExecutionContext, host: Host) => Promise<void>) =>
  kernelTest(title, async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    await run(t, host);
  });

/** A command that goes on while the test does something. */
const begin = (
  t: ExecutionContext,
  host: Host,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => {
  const [program, ...rest] = host.command('--format=json', '--insecure-options=image', ...args);
  const child = spawn(program, rest, {
    env: {...rktEnvironment, ...env},
    cwd: host.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[exitCode], stdout, stderr]) => ({exitCode: exitCode as number | null, stdout, stderr, error: errorOf(stderr)}),
  );
  return {child, ended};
};

const isStopped = ({pid}: ChildProcess): boolean => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
};

const prepare = async (host: Host, script: string, ...flags: string[]): Promise<string> => {
  const command = ['--insecure-options=image', 'prepare', '--quiet', '--stage1=fly', ...flags, buildImage()];
  const {stdout, stderr} = await host.rkt([...command, '--exec=/bin/sh', '--', '-c', script]);
  const uuid = stdout.trim();
  if (!/^[0-9a-f-]{36}$/.test(uuid)) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return uuid;
};

const storeOf = ({data}: Host) => openStore(data as HostPath);

for (const verb of ['run', 'run-prepared'] as const)
  withHost(`${verb} holds the store until its pod is in "run"`, async (t, host) => {
    const args =
      verb === 'run'
        ? ['run', '--stage1=fly', buildImage(), '--exec=/bin/sh', '--', '-c', 'exit 5']
        : ['run-prepared', await prepare(host, 'exit 5')];
    const {child, ended} = begin(t, host, args, {RKT_FAULT: 'pod.run.before:stop'});
    await until(() => isStopped(child));
    // Whoever removes images would wait.
    t.is(lockDirectory(storeOf(host).lock, 'exclusive'), undefined);
    child.kill('SIGCONT');
    const {exitCode, stderr} = await ended;
    t.is(exitCode, 5, stderr);
    using removing = lockDirectory(storeOf(host).lock, 'exclusive');
    t.truthy(removing);
  });
