import {mkdirSync, readdirSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

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
  const pod = await host.start('echo ready; sleep 600', nspawn);
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-test=137$/m);
});

kernelTest('two who stop a pod at once both wait until it has ended in order', async (t) => {
  const pod = await host.start('trap "sleep 2; exit 5" TERM; echo ready; while :; do sleep 0.1; done', nspawn);
  const stops = await Promise.all([1, 2, 3].map(() => host.rkt(['stop', pod.uuid])));
  t.deepEqual(
    stops.map(({exitCode}) => exitCode),
    [0, 0, 0],
  );
  await pod.ended;
  // Its handler came to its end.
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-test=5$/m);
});

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
  mkdirSync(source);
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
    {timeout: 120_000},
  );
  const restarts = async () => {
    const {stdout} = await host.rkt(['status', `--uuid-file=${file}`]);
    return Number(/^restarts-test=(\d+)$/m.exec(stdout)?.[1] ?? 0);
  };
  const end = Date.now() + 60_000;
  while ((await restarts()) < 7 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 500));
  t.true((await restarts()) >= 7);
  await host.rkt(['stop', '--force', `--uuid-file=${file}`]);
  await pod;
});
