import {strict as assert} from 'node:assert';
import {constants} from 'node:os';
import type {Case} from '../case.ts';
import {ends, expectEnd, withPod} from '../forms.ts';
import {processesOf, processesSaying, processOf} from '../outside.ts';
import {until} from '../until.ts';
import type {Started, World} from '../world.ts';

/* However a pod ends, the status of the rkt process is the app's, and what ends that process ends the pod. */

const LISTENS = 'while read -r line; do :; done';

/**
 * Waits, and meanwhile gives a shell that reads its input empty lines: one looks for signals before it reads, and may not see a signal that comes between before it has read
 * something.
 */
const feed = async <T>({child}: Started, awaited: Promise<T>): Promise<T> => {
  const feeding = setInterval(() => child.stdin.write('\n'), 20);
  try {
    return await awaited;
  } finally {
    clearInterval(feeding);
  }
};

const STATUSES = [0, 1, 2, 64, 100, 125, 126, 127, 128, 133, 137, 143, 200, 203, 242, 254, 255];

const DEADLY = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM'],
  ...['TERM', 'SYS'],
] as const;

const OF_CALLERS = ['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2'] as const;

const numberOf = (signal: (typeof DEADLY)[number]): number => constants.signals[`SIG${signal}`];

const ofStatuses = STATUSES.map((status) =>
  ends(
    `run/status-${status}`,
    `an app that ends with ${status} shows the caller just that`,
    ['run'],
    {script: `exit ${status}`},
    {status},
  ),
);

const ofSignals = DEADLY.map((signal) =>
  ends(
    `run/ends-by-${signal}`,
    `an app that ends by SIG${signal} ends with ${128 + numberOf(signal)}`,
    ['run'],
    // As root of its own pid namespace it might be deaf to its own signals.
    {script: `ulimit -c 0; sh -c 'kill -${signal} $$'; exit $?`},
    {status: 128 + numberOf(signal)},
  ),
);

const itself = (['TRAP', 'INT', 'KILL', 'TERM'] as const).map((signal) =>
  ends(
    `run/killed-by-${signal}`,
    `an app whose own process is killed by SIG${signal} ends with ${128 + numberOf(signal)}`,
    ['run'],
    {script: `kill -${signal} $$`},
    {status: 128 + numberOf(signal)},
  ),
);

const handed = OF_CALLERS.flatMap((signal): Case[] => [
  {
    id: `run/gets-${signal}`,
    title: `the caller's SIG${signal} is what the app gets, and its status is the pod's`,
    needs: ['run'],
    attempt: async (world) => {
      const pod = await world.start({script: `trap 'echo got; exit 3' ${signal}; echo ready; ${LISTENS}`});
      pod.child.kill(`SIG${signal}`);
      expectEnd(await feed(pod, pod.ended), {status: 3, stdout: 'ready\ngot\n'});
    },
  },
  {
    id: `run/ended-by-${signal}`,
    title: `an app that does nothing about the caller's SIG${signal} ends by it`,
    needs: ['run'],
    attempt: async (world) => {
      const pod = await world.start({script: 'echo ready; exec cat'});
      // The shell says that it is ready before it becomes something else.
      await until('the app is cat', () => processOf(pod.script) === 0);
      pod.child.kill(`SIG${signal}`);
      expectEnd(await pod.ended, {status: 128 + numberOf(signal)});
    },
  },
]);

/** What `rkt status` knows of the app's end, where anybody records it. */
const recorded = async (world: World, uuid: string): Promise<string | undefined> =>
  /^app-[^=]+=(\d+)$/m.exec((await world.rkt(['status', uuid])).stdout)?.[1];

/** Who has been told that a pod is stopped does not have to wait for its end. */
const notRunning = async (world: World, uuid: string): Promise<void> =>
  assert.doesNotMatch((await world.rkt(['status', uuid])).stdout, /^state=running$/m, 'the pod goes on');

const stopped = [
  ['traps', `trap 'echo asked; exit 3' TERM; echo ready; ${LISTENS}`, 3],
  ['ends', `echo ready; ${LISTENS}`, 143],
] as const;

export const endCases: readonly Case[] = [
  ...ofStatuses,
  ...ofSignals,
  ...itself,
  ...handed,
  {
    id: 'run/goes-on',
    title: 'an app that goes on after a signal does so, and so does its pod',
    needs: ['run'],
    attempt: async (world) => {
      const pod = await world.start({
        script: `trap 'echo got' INT USR1; echo ready; until [ "$line" = end ]; do read -r line; done; echo end`,
      });
      for (const [index, signal] of (['SIGINT', 'SIGUSR1', 'SIGINT'] as const).entries()) {
        pod.child.kill(signal);
        const got = until(`the app has got ${signal}`, () => pod.output().split('got').length === index + 2);
        await feed(pod, got);
      }
      pod.child.stdin.write('end\n');
      expectEnd(await pod.ended, {stdout: 'ready\ngot\ngot\ngot\nend\n'});
    },
  },
  ...stopped.map(
    ([what, script, status]): Case => ({
      id: `stop/${what}`,
      title: `the caller of an app that is asked to stop and ${what} has its status, ${status}`,
      needs: ['stop'],
      attempt: async (world) => {
        const pod = await world.start({script});
        expectEnd(await feed(pod, world.rkt(['stop', pod.uuid])), {});
        await notRunning(world, pod.uuid);
        expectEnd(await feed(pod, pod.ended), {status});
        const known = await recorded(world, pod.uuid);
        if (world.has('exit-status')) assert.equal(known, String(status), 'the status is not recorded');
        else assert.ok(known === undefined || known === String(status));
      },
    }),
  ),
  {
    id: 'exit-status/recorded',
    title: 'the status of each app is recorded in the pod',
    needs: ['exit-status'],
    attempt: async (world) => {
      const file = `${world.volume()}/uuid`;
      expectEnd(await world.run({script: 'exit 7', pod: [`--uuid-file-save=${file}`]}), {status: 7});
      const {stdout} = await world.rkt(['status', `--uuid-file=${file}`]);
      assert.match(stdout, /^app-[^=]+=7$/m);
    },
  },
  {
    id: 'stop/main-alone',
    title: 'stop asks the main process alone; the rest ends after it',
    needs: ['stop'],
    attempt: async (world) => {
      const token = world.volume();
      const other = `: ${token}; trap "echo other asked" TERM; exec 3<>/tmp/b; echo up >/tmp/a; while :; do read -r line <&3; done`;
      const pod = await world.start({
        script: `mkfifo /tmp/a /tmp/b; sh -c '${other}' & read -r up </tmp/a; trap 'echo asked; exit 3' TERM; echo ready; ${LISTENS}`,
      });
      expectEnd(await feed(pod, world.rkt(['stop', pod.uuid])), {});
      await notRunning(world, pod.uuid);
      expectEnd(await feed(pod, pod.ended), {status: 3, stdout: 'ready\nasked\n'});
      assert.deepEqual([...processesSaying(token), ...processesOf(world, pod)], []);
    },
  },
  {
    id: 'stop/stubborn',
    title: 'an app that does not want to is ended by force, and nothing of it goes on',
    needs: ['stop'],
    attempt: async (world) => {
      const pod = await world.start({
        // What runs in the background has no input.
        script: `trap '' HUP INT TERM; mkfifo /tmp/other; (exec <>/tmp/other; ${LISTENS}) & echo ready; ${LISTENS}`,
      });
      expectEnd(await world.rkt(['stop', '--force', pod.uuid]), {});
      await notRunning(world, pod.uuid);
      expectEnd(await pod.ended, {status: 137});
      await until('no process of the app is left', () => processesOf(world, pod).length === 0);
    },
  },
  {
    id: 'stop/in-the-end',
    title: 'an app that is asked to stop and does not want to is ended after a while',
    needs: ['stop'],
    idles: true,
    attempt: async (world) => {
      const pod = await world.start({script: `trap '' TERM; echo ready; ${LISTENS}`});
      expectEnd(await world.rkt(['stop', pod.uuid], {idles: true}), {});
      await notRunning(world, pod.uuid);
      await pod.ended;
      assert.deepEqual(processesOf(world, pod), []);
    },
  },
  {
    id: 'run/over',
    title: 'a pod whose app has ended has ended, too',
    needs: ['run'],
    attempt: async (world) => {
      const file = `${world.volume()}/uuid`;
      expectEnd(await world.run({script: 'exit 0', pod: [`--uuid-file-save=${file}`]}), {});
      await until('the pod has ended with its app', async () =>
        /^state=exited$/m.test((await world.rkt(['status', `--uuid-file=${file}`])).stdout),
      );
    },
  },
  {
    id: 'stop/not-running',
    title: 'a pod that has ended is not running: not in list, not for enter, not for stop',
    needs: ['stop'],
    attempt: async (world) => {
      const pod = await world.start({script: 'echo ready; cat'});
      await pod.end();
      const {stdout} = await world.rkt(['--format=json', 'list']);
      const listed = JSON.parse(stdout) as readonly {readonly name: string; readonly state: string}[];
      assert.equal(listed.find(({name}) => name === pod.uuid)?.state, 'exited');
      expectEnd(await world.enter(pod.uuid, 'true'), {status: 254, code: 'RKT_POD_STATE'});
    },
  },
  {
    id: 'run/killed-rkt',
    title: 'nothing of a pod goes on when the rkt process is killed',
    needs: ['run'],
    attempt: async (world) => {
      // Its input ends with rkt, too: that is not to be why it ends.
      const script = `trap '' HUP INT TERM; mkfifo /tmp/never; exec <>/tmp/never; echo ready; ${LISTENS}`;
      const pod = await world.start({script});
      pod.child.kill('SIGKILL');
      await until('no process of the app is left', () => processesOf(world, pod).length === 0);
      expectEnd(await pod.ended, {status: 137});
      const state = async () => /^state=(.*)$/m.exec((await world.rkt(['status', pod.uuid])).stdout)?.[1];
      await until('the pod has exited', async () => (await state()) === 'exited');
    },
  },
  {
    id: 'run/living',
    title: 'a pod with a living app is running, in list and status',
    needs: ['run'],
    attempt: (world) =>
      withPod(world, {script: 'echo ready; cat'}, async (pod) => {
        assert.match((await world.rkt(['status', pod.uuid])).stdout, /^state=running$/m);
        assert.ok(processesOf(world, pod).length > 0, 'no process of the pod is there');
      }),
  },
  ends(
    'apps/first-failing',
    'the status of a pod of several apps is that of the first that failed',
    ['apps/many'],
    {
      script: 'exit 0',
      app: ['--name=one'],
      more: [{name: 'two', script: 'exit 7'}],
    },
    {status: 7},
  ),
  ...execFailures(),
];

function execFailures(): Case[] {
  const closed = {directory: true, mode: 0o700} as const;
  const program = {content: '#!/bin/sh\necho ran\n', mode: 0o755};
  const files = {
    '/closed': closed,
    '/closed/program': program,
    '/script': {content: '#!/closed/program\n', mode: 0o755},
  };
  const ofUser = {user: '12', group: '34'};
  const refused = (id: string, title: string, app: object, status: number, code: string, more: object = files) =>
    ends(
      id,
      title,
      ['run', ...('user' in app ? (['user'] as const) : [])],
      {image: {app: {...app}, files: {...more}}},
      {status, code, stdout: ''},
    );
  return [
    refused('IM-15/none', 'a program that is not there: 127', {exec: ['/none']}, 127, 'RKT_EXEC_NOT_FOUND'),
    refused(
      'IM-15/closed',
      "a program below a directory that is closed to the app's user: 126",
      {...ofUser, exec: ['/closed/program']},
      126,
      'RKT_EXEC_NOT_EXECUTABLE',
    ),
    refused(
      'IM-15/interpreter',
      "an interpreter below a directory that is closed to the app's user: 127",
      {...ofUser, exec: ['/script']},
      127,
      'RKT_EXEC_INTERPRETER_MISSING',
    ),
    refused(
      'IM-19/closed',
      "a working directory that is closed to the app's user is an error of rkt",
      {...ofUser, exec: ['/bin/true'], workingDirectory: '/closed'},
      254,
      'RKT_WORKING_DIRECTORY_MISSING',
    ),
  ];
}
