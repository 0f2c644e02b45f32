import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import test from 'ava';
import {launcherProcess, relaySignals} from '../src/index.ts';

type Host = Parameters<typeof relaySignals>[0];
type Stdio = Parameters<typeof relaySignals>[1]['stdio'];

const host = {capabilities: [] as Host['capabilities'], programs: {}} as Host; // all that it reads
const streams: Stdio = {stdin: 'stream', stdout: 'stream', stderr: 'stream'};

/** What a flavor would launch. */
const start = (argv: readonly string[], generation: number, stdio = streams) => {
  const launch = relaySignals(host, {stdio, process: launcherProcess(host, [])}, argv, generation);
  if (launch.into !== 'host') throw new Error('it is a program of the host');
  const {program, process} = launch;
  const env = Object.fromEntries(process.env.map(({name, value}) => [name, value]));
  const child = spawn(program, process.argv.slice(1), {
    argv0: process.argv[0],
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return {child, closed: once(child, 'close'), output: () => output, said: () => once(child.stdout, 'data')};
};

/** It hands nothing on, and has the status of its child. */
const launcher = (app: string) => ['sh', '-c', `trap : HUP INT QUIT TERM USR1 USR2; sh -c "$1"; exit $?`, 'sh', app];
const relayTest = existsSync('/usr/bin/setpriv') && existsSync('/usr/bin/setsid') ? test : test.skip;

for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const) {
  relayTest(`a launcher's app gets ${signal}, and its status is that of the whole`, async (t) => {
    const name = signal.slice(3);
    t.timeout(60_000);
    // A shell may not see a signal that comes just before it reads; but for the end of a program it waits with an eye on them.
    const app = start(launcher(`trap 'echo got; exit 3' ${name}; echo ready; while sleep 0.1; do :; done`), 1);
    await app.said();
    app.child.kill(signal);
    t.deepEqual(await app.closed, [3, null]);
    t.is(app.output(), 'ready\ngot\n');
  });
}

relayTest('an app ends by a signal that it does nothing about; its input is that of the caller', async (t) => {
  const ended = start(launcher('echo ready; exec cat'), 1);
  await ended.said();
  ended.child.kill('SIGTERM');
  t.deepEqual(await ended.closed, [143, null]);
  const fed = start(launcher('cat; exit 5'), 1);
  fed.child.stdin.end('through\n');
  t.deepEqual(await fed.closed, [5, null]);
  t.is(fed.output(), 'through\n');
});

relayTest('a launcher is killed with what stays before it, and streams that are nowhere are so for it', async (t) => {
  const killed = start(['sh', '-c', 'echo ready; exec cat'], 1);
  await killed.said();
  killed.child.kill('SIGKILL');
  // Its output is closed when the last one that has it ends; its input goes on.
  await killed.closed;
  const nowhere = start(['sh', '-c', 'cat; echo lost; exit 7'], 1, {...streams, stdin: 'null', stdout: 'null'});
  t.deepEqual(await nowhere.closed, [7, null]);
  t.is(nowhere.output(), '');
});
