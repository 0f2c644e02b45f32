import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';
import {awaitEnd, awaitTold, STAY, tell, tellProcess} from './support/scripts.ts';

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
      sh(
        'a',
        `echo x >/only-a; echo y >/dev/shm/both; hostname; readlink /proc/self/ns/pid; ${tell('a')}; ${awaitTold('b')}`,
      ),
      sh('b', `${awaitTold('a')}; cat /only-a; cat /dev/shm/both; hostname; readlink /proc/self/ns/pid; ${tell('b')}`),
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
      sh('a', `${awaitTold('b')}; exit 3`),
      sh('b', `trap "echo stopped; exit 4" TERM; ${tell('b')}; while :; do sleep 0.1; done`),
    ),
  );
  t.is(exitCode, 3);
  t.is(stdout, 'stopped\n');
  t.deepEqual(await statuses(uuidOf(file)), {a: 3, b: 4});
});

kernelTest('a pod ends with 0 after its last app', async (t) => {
  const {exitCode, stdout} = await host.rkt(
    run([], sh('a', `${tellProcess('a')}; echo a`), sh('b', `${awaitEnd('a')}; echo b`)),
  );
  t.deepEqual([exitCode, stdout], [0, 'a\nb\n']);
});

kernelTest('a program that is not there is one clear error with the code of a shell', async (t) => {
  const {exitCode, error} = await host.rkt(run([], [buildImage(), '--exec=/nowhere']));
  t.deepEqual([exitCode, error?.code], [127, 'RKT_EXEC_NOT_FOUND']);
});

kernelTest('stop has the apps end in order and records their statuses', async (t) => {
  const pod = await host.start('trap "echo asked; exit 5" TERM; echo ready; read -r none', {stage1: 'nspawn'});
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  const {stdout} = await pod.ended;
  t.is(stdout, 'ready\nasked\n');
  t.deepEqual(Object.values(await statuses(pod.uuid)), [5]);
});

kernelTest('all pods share one tree of the host', async (t) => {
  const ran = await Promise.all([host.rkt(run([], sh('a', 'true'))), host.sh('ls /', {stage1: 'nspawn'})]);
  t.deepEqual(
    ran.map(({exitCode}) => exitCode),
    [0, 0],
  );
  const trees = readdirSync(path.join(host.data, 'cas/host-trees')).filter((name) => name.startsWith('tree-'));
  t.is(trees.length, 1);
  t.false(ran[1].stdout.includes('rkt\n'));
});

kernelTest('the streams of a pod of one: input reaches the app, what it writes comes apart and whole', async (t) => {
  const {stdout, stderr} = await host.sh('cat; seq 20000; echo end >&2', {stage1: 'nspawn', input: 'a\nb\n'});
  t.true(stdout.startsWith('a\nb\n1\n'));
  t.is(stdout.trim().split('\n').length, 20_002);
  t.is(stderr, 'end\n');
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
    const ended = host.sh(STAY, {stage1: 'nspawn', image: images, pod: [`--uuid-file-save=${file}`], timeout: 0});
    const uuid = await savedUuid(file, ended);
    // A pod that has not been launched yet is not running.
    await until(async () => (await host.pods()).some(({name, state}) => name === uuid && state === 'running'));
    const {stdout, stderr} = await host.enter(uuid, 'ls /of-the-app; cat /proc/1/comm; grep CapBnd /proc/self/status');
    t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);
    await ended;
    // 14 capabilities, the app's.
    t.is(stdout, '/of-the-app\nsystemd\nCapBnd:\t00000000a80425fb\n', stderr);
  }
});

kernelTest('enter does not wait for an app that has ended while others run', async (t) => {
  const file = path.join(host.directory, 'ended');
  const ended = host.rkt(run([`--uuid-file-save=${file}`], sh('a', 'exit 0'), sh('b', STAY)), {timeout: 0});
  const uuid = await savedUuid(file, ended);
  await untilOrEnd(ended, () => existsSync(path.join(host.data, 'pods/run', uuid, 'stage1/rootfs/rkt/status/a')));
  const {exitCode, error} = await host.rkt(['--format=json', 'enter', '--app=a', uuid, '/bin/true']);
  t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);
  await ended;
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_APP_NOT_RUNNING']);
});
