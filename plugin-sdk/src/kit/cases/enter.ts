import {strict as assert} from 'node:assert';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {Case} from '../case.ts';
import {descriptorOf} from '../descriptor-of.ts';
import {ends, expectEnd, STAYS, stays, withPod} from '../forms.ts';
import {hostTool} from '../image.ts';
import {PROBE, parseProbe} from '../probe.ts';
import {takesCopies} from '../world.ts';

/* S01, S04, S35: what enters a pod has exactly what its app has. Every case that `stays` compares the two besides; here are those that nothing else is about. */

const nothing = () => {};
const withCopies = (one: Case): Case => ({
  ...one,
  attempt: async (world) => {
    if (takesCopies(world)) await one.attempt(world);
  },
});
const ofUser = {user: '12', group: '34', supplementaryGIDs: [56, 78]};

/** What a process has from whoever started it, and the kernel shows apart from its other state. */
const INHERITED = `
  show() { while IFS= read -r line; do printf '%s\\n' "$line"; done; }
  own() { while IFS= read -r line; do case $line in Sig[IB]*|Groups:*|Seccomp:*) echo "$line";; esac; done; }
  show </proc/self/personality; own </proc/$$/status; [ -e /proc/$$/timers ] && show </proc/$$/timers
  read -r a b c d e f g h </proc/$$/stat; echo "$g"; show </proc/$$/timerslack_ns; ls /proc/$$/fd; :`;

export const enterCases: readonly Case[] = [
  stays('S01/defaults', 'enter gives exactly what run gave: by default', ['enter'], {}, nothing),
  stays(
    'S01/user',
    'enter gives exactly what run gave: another user with groups',
    ['enter', 'user'],
    {image: {app: ofUser}},
    ({status}) => {
      assert.deepEqual(status.Uid?.split(/\s+/).length, 4);
    },
  ),
  stays(
    'S01/no-capability',
    'enter gives exactly what run gave: without any capability',
    ['enter', 'user', 'os/linux/capabilities-retain-set'],
    {app: ['--caps-retain=CAP_CHOWN', '--user=12', '--group=34']},
    ({status}) => assert.match(status.CapEff ?? '', /^0+$/),
  ),
  stays(
    'S01/directory',
    'enter gives exactly what run gave: a working directory and variables',
    ['enter'],
    {app: ['--working-dir=/tmp', '--environment=A=b c']},
    ({cwd, env}) => assert.deepEqual([cwd, env.A], ['/tmp', 'b c']),
  ),
  stays(
    'S01/limits',
    'enter gives exactly what run gave: limits of a cgroup',
    ['enter', 'resource/memory', 'resource/cpu', 'os/linux/cpu-shares'],
    {app: ['--memory=64Mi', '--cpu=500m', '--cpu-shares=512']},
    nothing,
  ),
  withCopies(
    stays(
      'S01/no-overlay',
      'enter gives exactly what run gave: without overlay',
      ['enter'],
      {pod: ['--no-overlay']},
      nothing,
    ),
  ),
  stays(
    'S01/user-namespace',
    'enter gives exactly what run gave: a user namespace, other capabilities and a filter',
    ['enter', 'user-namespace', 'network/none', 'os/linux/capabilities-retain-set', 'os/linux/seccomp-remove-set'],
    {
      pod: ['--private-users', '--net=none'],
      app: ['--caps-retain=CAP_CHOWN,CAP_NET_ADMIN', '--seccomp=mode=remove,errno=EPERM,mkdir,mkdirat'],
    },
    nothing,
  ),
  stays(
    'S01/user-namespace-user',
    'enter gives exactly what run gave: a user namespace, of another user with groups',
    ['enter', 'user', 'user-namespace'],
    {pod: ['--private-users'], image: {app: ofUser}},
    nothing,
  ),
  {
    id: 'enter/status',
    title: "the exit status of an entered command is enter's, and so are its signal and its streams",
    needs: ['enter'],
    attempt: (world) =>
      withPod(world, {script: STAYS}, async ({uuid}) => {
        expectEnd(await world.enter(uuid, 'exit 11'), {status: 11});
        assert.equal((await world.enter(uuid, 'kill -TERM $$')).signal, 'SIGTERM');
        expectEnd(await world.enter(uuid, 'cat', {input: 'through\n'}), {stdout: 'through\n'});
      }),
  },
  {
    id: 'S04/entered',
    title: 'an entered command has descriptors 0, 1 and 2 only',
    needs: ['enter'],
    attempt: (world) =>
      withPod(world, {script: STAYS}, async ({uuid}) => {
        const {stdout} = await world.enter(uuid, PROBE, {
          through: ['/bin/sh', '-c', 'exec 5</etc/passwd 9</etc; exec "$@"', 'sh'],
        });
        assert.deepEqual(Object.keys(parseProbe(stdout).fds).sort(), ['0', '1', '2']);
      }),
  },
  {
    id: 'S04/entered-sockets',
    title: 'an entered command has no sockets that its caller was passed: they are for apps',
    needs: ['enter'],
    attempt: async (world) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        await withPod(world, {script: STAYS}, async ({uuid}) => {
          const entered = await world.enter(uuid, PROBE, {
            descriptor: descriptorOf(server),
            through: ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh'],
          });
          expectEnd(entered, {});
          const {fds, env} = parseProbe(entered.stdout);
          assert.deepEqual([Object.keys(fds).sort(), env.LISTEN_FDS], [['0', '1', '2'], undefined]);
        });
      } finally {
        server.close();
      }
    },
  },
  {
    id: 'S04/descriptors',
    title: 'an app has descriptors 0, 1 and 2, and none of what its caller or rkt had open',
    needs: ['run'],
    attempt: async (world) => {
      const through = ['/bin/sh', '-c', 'exec 5</etc/passwd 9</etc; exec "$@"', 'sh'];
      const {stdout} = await world.run({script: PROBE, through});
      assert.deepEqual(Object.keys(parseProbe(stdout).fds).sort(), ['0', '1', '2']);
    },
  },
  ...['/proc/self/cwd', '/proc/self/root', ...Array.from({length: 6}, (_, fd) => `/proc/self/fd/${fd + 3}`)].map(
    (directory): Case => ({
      id: `S04/directory-${directory.slice('/proc/self/'.length).replace('/', '-')}`,
      title: `a working directory that is a descriptor of rkt is refused: ${directory}`,
      needs: ['run'],
      attempt: async (world) => {
        const {status, code, stdout} = await world.run({script: 'pwd -P; ls', app: [`--working-dir=${directory}`]});
        assert.equal(status, 254, stdout);
        assert.ok(code !== undefined, 'no error of rkt');
      },
    }),
  ),
  {
    id: 'S04/stopped',
    title: 'a command that somebody in the pod stops and continues goes on, and rkt with it',
    needs: ['enter'],
    attempt: (world) =>
      withPod(world, {script: 'mkfifo /fifo; echo ready; cat'}, async ({uuid}) => {
        // Without a terminal: on one, a shell would have to continue both.
        const command = 'echo $$ >/new; mv /new /pid; read -r status </fifo; exit $status';
        const entered = world.enter(uuid, command, {through: [hostTool('setsid'), '--wait']});
        const stopAndContinue = `
          until [ -s /pid ]; do :; done
          read -r pid </pid
          state() { while read -r name value rest; do [ "$name" != State: ] || echo "$value"; done </proc/$pid/status; }
          for round in 1 2 3 4 5 6 7 8 9 10; do
            kill -STOP $pid; until [ "$(state)" = T ]; do :; done
            kill -CONT $pid; until [ "$(state)" != T ]; do :; done
          done
          echo 7 >/fifo`;
        expectEnd(await world.enter(uuid, stopAndContinue), {});
        expectEnd(await entered, {status: 7});
      }),
  },
  {
    id: 'S35/inherited',
    title: 'what an app and what enters it have inherited is the same',
    needs: ['enter'],
    attempt: (world) =>
      withPod(world, {script: `${INHERITED}\n${STAYS}`}, async (pod) => {
        const {stdout} = await world.enter(pod.uuid, INHERITED);
        assert.equal(stdout, pod.output().replace(/ready\n$/, ''));
      }),
  },
  ends(
    'S35/signals',
    'no signal is ignored or blocked in an app',
    ['run'],
    {app: ['--exec=/bin/grep', '--', '-E', '^Sig(Ign|Blk)', '/proc/self/status']},
    {stdout: 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n'},
  ),
];
