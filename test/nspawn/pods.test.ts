import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {cgroupDirectories, processesBelow} from '../helpers/cgroup.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* Pods of several apps under a systemd of their own: what the flavor nspawn has and fly has not. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const sh = (name: string, script: string): string[] => [
  buildImage(),
  `--name=${name}`,
  '--exec=/bin/sh',
  '--',
  '-c',
  script,
];
const run = (flags: readonly string[], ...apps: readonly string[][]) => [
  ...['--format=json', '--insecure-options=image', 'run', '--stage1=nspawn', ...flags],
  ...apps.flatMap((app, index) => (index === 0 ? app : ['---', ...app])),
];
const uuidOf = (file: string) => readFileSync(file, 'utf8').trim();
/** Exit statuses by app, as `rkt status` has them. */
const statuses = async (uuid: string): Promise<Record<string, number>> => {
  const {stdout} = await host.rkt(['status', uuid]);
  return Object.fromEntries([...stdout.matchAll(/^app-(.+)=(\d+)$/gm)].map(([, app, code]) => [app, Number(code)]));
};

kernelTest('PO-01 apps of a pod share its pids, names and shared memory, and no files', async (t) => {
  const {stdout, exitCode, stderr} = await host.rkt(
    run(
      ['--hostname=together'],
      sh('a', 'echo x >/only-a; echo y >/dev/shm/both; hostname; readlink /proc/self/ns/pid; sleep 2'),
      sh('b', 'sleep 1; cat /only-a; cat /dev/shm/both; hostname; readlink /proc/self/ns/pid'),
    ),
  );
  t.is(exitCode, 0, stderr);
  const lines = stdout.trim().split('\n');
  const pids = lines.filter((line) => line.startsWith('pid:'));
  t.is(pids.length, 2);
  t.is(new Set(pids).size, 1);
  t.deepEqual(
    lines.filter((line) => !line.startsWith('pid:')),
    ['together', 'y', 'together'],
  );
  t.regex(stderr, /only-a/);
});

kernelTest('a pod ends with the status of the first app that fails, and the others are stopped', async (t) => {
  const file = path.join(host.directory, 'first');
  const {exitCode, stdout} = await host.rkt(
    run(
      [`--uuid-file-save=${file}`],
      sh('a', 'sleep 1; exit 3'),
      sh('b', 'trap "echo stopped; exit 4" TERM; while :; do sleep 0.1; done'),
    ),
  );
  t.is(exitCode, 3);
  t.is(stdout, 'stopped\n');
  t.like(await statuses(uuidOf(file)), {a: 3});
});

kernelTest('a pod ends with 0 after its last app', async (t) => {
  const {exitCode, stdout} = await host.rkt(run([], sh('a', 'echo a'), sh('b', 'sleep 1; echo b')));
  t.deepEqual([exitCode, stdout], [0, 'a\nb\n']);
});

kernelTest('a program that is not there is one clear error with the code of a shell', async (t) => {
  const {exitCode, error} = await host.rkt(run([], [buildImage(), '--exec=/nowhere']));
  t.deepEqual([exitCode, error?.code], [127, 'RKT_EXEC_NOT_FOUND']);
});

kernelTest('stop has the apps end in order and records their statuses', async (t) => {
  const pod = await host.start('trap "echo asked; exit 5" TERM; echo ready; while :; do sleep 0.1; done', {
    stage1: 'nspawn',
  });
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  const {stdout} = await pod.ended;
  t.is(stdout, 'ready\nasked\n');
  t.deepEqual(Object.values(await statuses(pod.uuid)), [5]);
});

kernelTest(
  'S20 a pod whose supervisor was killed is over only when its processes are, and gc leaves nothing',
  async (t) => {
    const pod = await host.start('echo ready; sleep 60', {stage1: 'nspawn'});
    const groups = cgroupDirectories(pod.uuid);
    t.true(groups.length > 0);
    process.kill(pod.pid, 'SIGKILL');
    await pod.ended;
    const state = async () => (await host.pods()).find(({name}) => name === pod.uuid)?.state;
    if ((await state()) === 'running') t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
    await until(async () => (await state()) === 'exited');
    t.deepEqual(groups.flatMap(processesBelow), []);
    t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
    t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
    t.is(await state(), undefined);
    t.deepEqual(cgroupDirectories(pod.uuid), []);
  },
);

kernelTest('all pods share one tree of the host', async (t) => {
  await host.rkt(run([], sh('a', 'true')));
  await host.rkt(run([], sh('a', 'true')));
  const trees = path.join(host.data, 'cas/host-trees');
  t.true(existsSync(trees));
  const {stdout} = await host.sh('ls /', {stage1: 'nspawn'});
  t.false(stdout.includes('rkt\n'));
});

kernelTest('what an app writes comes through sockets, apart and whole', async (t) => {
  const {stdout, stderr} = await host.sh('seq 20000; echo end >&2', {stage1: 'nspawn'});
  t.is(stdout.trim().split('\n').length, 20_000);
  t.is(stderr, 'end\n');
});

kernelTest('standard input reaches the app of a pod of one', async (t) => {
  const {stdout} = await host.sh('cat', {stage1: 'nspawn', input: 'a\nb\n'});
  t.is(stdout, 'a\nb\n');
});

kernelTest('network none has loopback alone', async (t) => {
  const {stdout} = await host.sh('cat /proc/net/dev | tail -n +3 | cut -d: -f1', {
    stage1: 'nspawn',
    pod: ['--net=none'],
  });
  t.is(stdout.trim(), 'lo');
});
