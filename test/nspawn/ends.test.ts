import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod, processesOfPod, runApps} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';
import {awaitTold, STAY, tell} from './support/scripts.ts';

/* The end of a pod where something supervises its apps, beyond what holds for every flavor. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
const limitsTest = testIf(lacksPods('program/systemd-nspawn', 'cgroup/pids'));
const nspawn = {stage1: 'nspawn'} as const;

const saved = (name: string) => path.join(host.directory, name);
/** Exit statuses by app, as `rkt status` has them. */
const statuses = async (file: string): Promise<Record<string, number>> => {
  const {stdout} = await host.rkt(['status', `--uuid-file=${file}`]);
  return Object.fromEntries([...stdout.matchAll(/^app-(.+)=(\d+)$/gm)].map(([, app, code]) => [app, Number(code)]));
};

kernelTest('a pod that is asked to end asks every app, and ends with the status of the first that fails', async (t) => {
  const file = saved('asked');
  const ended = host.rkt(
    runApps(
      [`--uuid-file-save=${file}`],
      {name: 'a', script: `trap 'exit 0' TERM; ${tell('a')}; while :; do sleep 0.1; done`},
      {name: 'b', script: `${awaitTold('a')}; trap 'exit 6' TERM; : >/ready; while :; do sleep 0.1; done`},
    ),
    {timeout: 0},
  );
  const uuid = await savedUuid(file, ended);
  await untilOrEnd(ended, async () => (await host.rkt(['enter', '--app=b', uuid, '/bin/ls', '/ready'])).exitCode === 0);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).exitCode, 6);
  t.deepEqual(await statuses(file), {a: 0, b: 6});
});

limitsTest('an app that has not even the tasks to start ends its pod, and not with 0', async (t) => {
  const {exitCode, stdout} = await host.sh('(true); echo ran', {...nspawn, app: ['--pids=1']});
  t.deepEqual([exitCode === 0, stdout], [false, '']);
});

kernelTest('nothing of a pod goes on when systemd-nspawn is killed', async (t) => {
  const pod = await host.start(`trap '' HUP INT TERM; echo ready; ${STAY}`, nspawn);
  const found = [...commandsOfPod(pod.uuid)].find(([, command]) => command.startsWith('systemd-nspawn '));
  if (found === undefined) throw new Error('there is no systemd-nspawn');
  process.kill(found[0], 'SIGKILL');
  t.is((await pod.ended).exitCode, 137);
  await t.notThrowsAsync(until(() => processesOfPod(pod.uuid).length === 0));
});

kernelTest('a pod that is asked to end before its systemd is there does so', async (t) => {
  const file = saved('early');
  const ended = host.sh(STAY, {...nspawn, pod: [`--uuid-file-save=${file}`], timeout: 0});
  const uuid = await savedUuid(file, ended);
  await untilOrEnd(ended, () =>
    [...commandsOfPod(uuid).values()].some((command) => command.startsWith('systemd-nspawn ')),
  );
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).exitCode, 143);
});

for (const [who, user] of [
  ['root', '0'],
  ["the app's user", '12'],
] as const) {
  const handlers = (before: string, after: string, main = 'echo main; exit 4'): ImageSpec => ({
    app: {
      user,
      group: user,
      exec: ['/bin/sh', '-c', main],
      eventHandlers: [
        {name: 'pre-start', exec: ['/bin/sh', '-c', before]},
        {name: 'post-stop', exec: ['/bin/sh', '-c', after]},
      ],
    },
  });
  kernelTest(`IM-18 both event handlers run as ${who}, in order, and the status is the app's`, async (t) => {
    const {stdout, exitCode} = await host.run(handlers('echo before $(id -u)', 'echo after; exit 9'), nspawn);
    t.deepEqual([stdout, exitCode], [`before ${user}\nmain\nafter\n`, 4]);
  });
  kernelTest(`IM-18 a pre-start handler that fails as ${who} is the end of its app`, async (t) => {
    const file = saved(`handler-${user}`);
    const pod = [`--uuid-file-save=${file}`];
    const {stdout, exitCode} = await host.run(handlers('echo before; exit 9', 'true'), {...nspawn, pod});
    t.deepEqual([stdout, exitCode, (await statuses(file)).test], ['before\n', 9, 9]);
  });
}

kernelTest('IM-18 a pre-start handler alone holds no pod', async (t) => {
  const image = {
    app: {exec: ['/bin/echo', 'main'], eventHandlers: [{name: 'pre-start', exec: ['/bin/echo', 'before']}]},
  };
  const {stdout, exitCode} = await host.run(image, nspawn);
  t.deepEqual([stdout, exitCode], ['before\nmain\n', 0]);
});
