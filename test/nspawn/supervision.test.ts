import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {cgroupValues} from '../helpers/cgroup.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';
import {savedUuid} from './support/saved-uuid.ts';
import {STAY} from './support/scripts.ts';

/* What supervises the apps of a pod is not what their limits, volumes and ends are about. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
const limitsTest = testIf(lacksPods('program/systemd-nspawn', 'cgroup/memory', 'cgroup/pids'));
const nspawn = {stage1: 'nspawn'} as const;

const saved = (name: string) => path.join(host.directory, name);
const statusOf = async (file: string) => {
  const {stdout} = await host.rkt(['status', `--uuid-file=${file}`]);
  return /^app-test=(\d+)$/m.exec(stdout)?.[1];
};

kernelTest('stop --force records that the app was killed', async (t) => {
  const pod = await host.start(`echo ready; ${STAY}`, nspawn);
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-test=137$/m);
});

testIf(lacksPods('program/systemd-nspawn', 'program/flock'))(
  'two who stop a pod at once both wait until it has ended in order',
  async (t) => {
    const pod = await host.start(
      'trap "echo asked; read -r none; exit 5" TERM; echo ready; while :; do sleep 0.1; done',
      nspawn,
    );
    let output = '';
    pod.child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    // Who waits for the pod's lock shows in the kernel's list of locks, by the file that is locked. It is taken until all have come, so that none is late.
    const file = path.join(host.data, 'pods/run', pod.uuid, 'frozen.json');
    const locks = () => readFileSync('/proc/locks', 'utf8').split('\n');
    const holder = spawn(program('flock') ?? 'flock', [file, '/bin/cat'], {stdio: ['pipe', 'ignore', 'inherit']});
    t.teardown(() => holder.kill('SIGKILL'));
    let held: string | undefined;
    await until(() => {
      held = locks()
        .map((line) => /: FLOCK +ADVISORY +WRITE (\d+) (\S+) /.exec(line))
        .find((match) => match?.[1] === String(holder.pid))?.[2];
      return held !== undefined;
    });
    const waiting = () => locks().filter((line) => line.includes('-> FLOCK') && line.includes(` ${held} `)).length;
    const all = Promise.all([1, 2, 3].map(() => host.rkt(['stop', pod.uuid])));
    await until(() => waiting() === 3);
    holder.stdin.end();
    await until(() => output.includes('asked'));
    await until(() => waiting() === 2);
    pod.child.stdin?.write('\n');
    const stops = await all;
    t.deepEqual(
      stops.map(({exitCode}) => exitCode),
      [0, 0, 0],
    );
    await pod.ended;
    // Its handler came to its end.
    t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-test=5$/m);
  },
);

limitsTest('a limit of very few tasks is of the app alone: it runs, ends and its status is known', async (t) => {
  const file = saved('tasks');
  const {exitCode, stdout, stderr} = await host.sh('echo ran; exit 3', {
    ...nspawn,
    pod: [`--uuid-file-save=${file}`],
    app: ['--pids=2'],
  });
  t.deepEqual([exitCode, stdout], [3, 'ran\n'], stderr);
  t.is(await statusOf(file), '3');
});

limitsTest('EX-51 EX-57 an app that is out of memory is killed, and nothing but the app', async (t) => {
  const file = saved('memory');
  const {exitCode} = await host.sh('echo started; exec tail /dev/zero', {
    ...nspawn,
    pod: [`--uuid-file-save=${file}`],
    app: ['--memory=16Mi'],
  });
  t.is(exitCode, 137);
  // The supervisor has lived to write it.
  t.is(await statusOf(file), '137');
});

kernelTest('a volume may be where systemd has something of its own', async (t) => {
  const source = saved('run');
  // Nothing is made in a volume of the host, and systemd mounts something there.
  mkdirSync(path.join(source, 'systemd/incoming'), {recursive: true});
  const {exitCode, stdout, stderr} = await host.sh('echo x >/run/of-app; ls /run', {
    ...nspawn,
    pod: [`--volume=run,kind=host,source=${source}`],
    app: ['--mount=volume=run,target=/run'],
  });
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^of-app$/m);
  t.true(readdirSync(source).includes('of-app'));
});

kernelTest('IM-18 an event handler that is not there is one error before anything runs', async (t) => {
  const image = {app: {eventHandlers: [{name: 'pre-start', exec: ['/bin/nothere']}]}};
  const {exitCode, error, stdout} = await host.sh('echo ran', {...nspawn, image});
  t.deepEqual([exitCode, error?.code, stdout], [127, 'RKT_EXEC_NOT_FOUND', '']);
});

kernelTest('an app that is started again and again is counted, however often', async (t) => {
  const file = saved('restarts');
  const pod = host.rkt(
    host.runArguments('exit 1', {...nspawn, pod: [`--uuid-file-save=${file}`], app: ['--restart=on-failure']}),
    {timeout: 0},
  );
  await savedUuid(file, pod);
  const restarts = async () => {
    const {stdout} = await host.rkt(['status', `--uuid-file=${file}`]);
    return Number(/^restarts-test=(\d+)$/m.exec(stdout)?.[1] ?? 0);
  };
  await t.notThrowsAsync(until(async () => (await restarts()) >= 7, 240_000));
  t.is((await host.rkt(['stop', '--force', `--uuid-file=${file}`])).exitCode, 0);
  await pod;
});

// 24: CAP_SYS_RESOURCE, without which no score is lowered.
testIf(lacksPods('program/systemd-nspawn', 'cgroup/memory', 'capability/24'))(
  'S20 where a pod as a whole is out of memory, apps are ended before what supervises them, however small',
  async (t) => {
    // Each of them is smaller than the pod's systemd, all together are more than the pod may have.
    const script = `mkfifo /tmp/never; echo ready; read -r go
    for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5 6 7 8; do
      (x=$(head -c 524288 /dev/zero | tr '\\0' x); read -r none </tmp/never) &
    done; done
    cat`;
    const app = {exec: ['/bin/sh', '-c', script], user: '0', group: '0'};
    const isolators = [{name: 'resource/memory', value: {limit: '48Mi'}}];
    const pod = await host.start('', {...nspawn, manifest: host.manifest(await host.fetch(), {app}, {isolators})});
    const score = (pid: number) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
    const scores = {app: score(await appProcess(pod.uuid, 'test')), supervisor: score(pod.pid)};
    const limited = cgroupValues(pod.pid, 'memory', ['memory.oom_control', 'memory.events']).map(({file}) => file);
    const killed = () =>
      limited.some((file) => existsSync(file) && /^oom_kill [1-9]/m.test(readFileSync(file, 'utf8')));
    pod.child.stdin?.write('\n');
    await until(() => killed() || !existsSync(`/proc/${pod.pid}`));
    await pod.end();
    // What the pod's systemd has recorded: the shell that has started them may be among those that were ended.
    const {stdout} = await host.rkt(['status', pod.uuid]);
    t.regex(stdout, /^app-test=(0|137)$/m);
    const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
    t.deepEqual(scores, {app: own, supervisor: Math.min(own, Math.max(-999, own - 900))});
  },
);
