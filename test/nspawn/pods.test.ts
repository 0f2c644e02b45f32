import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
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

kernelTest('S01 enter right after the start waits for the app, and is in it', async (t) => {
  const images = {files: {'/of-the-app': 'x'}};
  for (let round = 0; round < 5; round++) {
    const file = path.join(host.directory, `early-${round}`);
    const ended = host.rkt([
      ...['--insecure-options=image', 'run', '--stage1=nspawn', `--uuid-file-save=${file}`, buildImage(images)],
      ...['--exec=/bin/sleep', '--', '600'],
    ]);
    await until(() => existsSync(file) && uuidOf(file) !== '');
    const uuid = uuidOf(file);
    // A pod that has not been launched yet is not running.
    await until(async () => (await host.pods()).some(({name, state}) => name === uuid && state === 'running'));
    const {stdout, stderr} = await host.enter(uuid, 'ls /of-the-app; cat /proc/1/comm; grep CapBnd /proc/self/status');
    await host.rkt(['stop', '--force', uuid]);
    await ended;
    // 14 capabilities, the app's.
    t.is(stdout, '/of-the-app\nsystemd\nCapBnd:\t00000000a80425fb\n', stderr);
  }
});

kernelTest('enter does not wait for an app that has ended while others run', async (t) => {
  const file = path.join(host.directory, 'ended');
  const ended = host.rkt(run([`--uuid-file-save=${file}`], sh('a', 'exit 0'), sh('b', 'sleep 600')));
  const recorded = () => path.join(host.data, 'pods/run', uuidOf(file), 'stage1/rootfs/rkt/status/a');
  await until(() => existsSync(file) && uuidOf(file) !== '' && existsSync(recorded()));
  const {exitCode, error} = await host.rkt(['--format=json', 'enter', '--app=a', uuidOf(file), '/bin/true']);
  await host.rkt(['stop', '--force', uuidOf(file)]);
  await ended;
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_APP_NOT_RUNNING']);
});
