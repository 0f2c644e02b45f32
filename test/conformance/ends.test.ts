import {readFileSync} from 'node:fs';
import {constants} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {flavor, type Host, openHost, type Started} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {processesOfPod} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* However a pod ends, the status of the rkt process is the app's, and what ends that process ends the pod. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const STAY = 'while read -r line; do :; done';

for (const [what, script, status] of [
  ['with 133', 'exit 133', 133],
  ['by SIGTRAP', 'kill -TRAP $$', 133],
  ['by SIGINT', 'kill -INT $$', 130],
  ['by SIGKILL', 'kill -KILL $$', 137],
] as const) {
  kernelTest(`an app that ends ${what} shows the caller just that`, async (t) => {
    t.is((await host.sh(script)).exitCode, status);
  });
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const) {
  kernelTest(`the caller's ${signal} is what the app gets, and its status is the pod's`, async (t) => {
    const pod = await host.start(`trap 'echo got; exit 3' ${signal.slice(3)}; echo ready; ${STAY}`);
    const {stdout, exitCode} = await pod.end(signal);
    t.deepEqual([stdout, exitCode], ['ready\ngot\n', 3]);
  });
  kernelTest(`an app that does nothing about the caller's ${signal} ends by it`, async (t) => {
    const pod = await host.start('echo ready; exec cat');
    // The shell says that it is ready before it becomes something else.
    await until(() => processesOfPod(pod.uuid).some((pid) => commandOf(pid) === 'cat\0'));
    t.is((await pod.end(signal)).exitCode, 128 + constants.signals[signal]);
  });
}

kernelTest('an app that goes on after a signal does so, and so does its pod', async (t) => {
  const pod = await host.start(
    `trap 'echo got' INT USR1; echo ready; until [ "$line" = end ]; do read -r line; done; echo end`,
  );
  let output = '';
  pod.child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  for (const [index, signal] of (['SIGINT', 'SIGUSR1', 'SIGINT'] as const).entries()) {
    pod.child.kill(signal);
    await until(() => output.split('got').length === index + 2);
  }
  pod.child.stdin?.write('end\n');
  const {stdout, exitCode} = await pod.ended;
  t.deepEqual([stdout, exitCode], ['ready\ngot\ngot\ngot\nend\n', 0]);
});

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

/** What `rkt status` knows of the app's end, where anybody records it. */
const recorded = async ({rkt}: Host, {uuid}: Started): Promise<string> =>
  /^app-test=(\d+)$/m.exec((await rkt(['status', uuid])).stdout)?.[1] ?? 'none';

for (const [what, script, status] of [
  ['traps the signal', `trap 'echo asked; exit 3' TERM; echo ready; ${STAY}`, 3],
  ['ends by it', `echo ready; ${STAY}`, 143],
] as const) {
  kernelTest(`the caller of an app that is stopped and ${what} has its status`, async (t) => {
    const pod = await host.start(script);
    t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
    t.is((await pod.ended).exitCode, status);
    t.true(['none', `${status}`].includes(await recorded(host, pod)));
  });
}

kernelTest('stop asks the main process alone; the rest ends after it', async (t) => {
  const other = `trap "echo other asked" TERM; exec 3<>/tmp/b; echo up >/tmp/a; while :; do read -r line <&3; done`;
  const pod = await host.start(
    `mkfifo /tmp/a /tmp/b; sh -c '${other}' & read -r up </tmp/a; trap 'echo asked; exit 3' TERM; echo ready; ${STAY}`,
  );
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  const {stdout, exitCode} = await pod.ended;
  t.deepEqual([stdout, exitCode], ['ready\nasked\n', 3]);
  t.deepEqual(processesOfPod(pod.uuid), []);
});

kernelTest('nothing of a pod goes on when the rkt process is killed', async (t) => {
  const pod = await host.start(`trap '' HUP INT TERM; echo ready; ${STAY}`);
  pod.child.kill('SIGKILL');
  t.is((await pod.ended).exitCode, 137);
  await t.notThrowsAsync(until(() => processesOfPod(pod.uuid).length === 0));
  t.is((await host.pods()).find(({name}) => name === pod.uuid)?.state, 'exited');
});

const closed = {directory: true, mode: 0o700} as const;
const ofUser = {user: '12', group: '34'};
for (const [what, image, status, code] of [
  ['a program below', {app: {...ofUser, exec: ['/closed/program']}}, 126, 'RKT_EXEC_NOT_EXECUTABLE'],
  ['an interpreter below', {app: {...ofUser, exec: ['/script']}}, 127, 'RKT_EXEC_INTERPRETER_MISSING'],
  [
    'the working directory is',
    {app: {...ofUser, exec: ['/bin/true'], workingDirectory: '/closed'}},
    254,
    'RKT_WORKING_DIRECTORY_MISSING',
  ],
] as const) {
  kernelTest(`IM-15 IM-19 ${what} a directory that is closed to the app's user: ${code}, ${status}`, async (t) => {
    const program = {content: '#!/bin/sh\necho ran\n', mode: 0o755};
    const script = {content: '#!/closed/program\n', mode: 0o755};
    const files = {'/closed': closed, '/closed/program': program, '/script': script};
    const {exitCode, error, stdout} = await host.run({...image, files});
    t.deepEqual([exitCode, error?.code, stdout], [status, code, '']);
  });
}

kernelTest(
  'the PATH goes on after a directory that is closed to the user, unless the plan cannot know that',
  async (t) => {
    const program = {content: '#!/bin/sh\necho ran\n', mode: 0o755};
    const environment = [{name: 'PATH', value: '/closed:/open'}];
    const files = {'/closed': closed, '/closed/tool': program, '/open/tool': program};
    const {stdout, error} = await host.run({app: {...ofUser, exec: ['tool'], environment}, files});
    // systemd is told before which program it is.
    t.deepEqual([stdout, error?.code], flavor === 'fly' ? ['ran\n', undefined] : ['', 'RKT_EXEC_ELSEWHERE']);
  },
);

// Under nspawn the limit is on the app's own cgroup, which the pod's systemd removes before anybody can look at it.
testIf(flavor === 'fly' ? lacksPods('cgroup/memory') : 'the cgroup of the app goes with it')(
  'EX-57 rkt status tells that the kernel has killed for want of memory',
  async (t) => {
    const file = path.join(host.directory, 'oom');
    const {exitCode} = await host.sh('exec tail /dev/zero', {
      pod: [`--uuid-file-save=${file}`],
      app: ['--memory=16Mi'],
    });
    t.is(exitCode, 137);
    const status = async (...flags: string[]) => (await host.rkt([...flags, 'status', `--uuid-file=${file}`])).stdout;
    t.regex(await status(), /^oom-kills=1$/m);
    t.is((JSON.parse(await status('--format=json')) as {oom_kills?: number}).oom_kills, 1);
  },
);
