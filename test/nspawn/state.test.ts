import {existsSync} from 'node:fs';
import {kill} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {cgroupDirectories, processesBelow} from '../helpers/cgroup.ts';
import {openHost, type Started} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod, leaderOf, processesOfPod, runApps} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';
import {STAY} from './support/scripts.ts';

/* Whatever ends or deafens a part of a pod: what rkt says of the pod is what its processes are. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = serialTestIf(lacksPods('program/systemd-nspawn'));

/** Reads no stream of rkt, which may end with the supervisor. */
const APP = 'cat /tmp/stay';
const start = (script = `mkfifo /tmp/stay; echo ready; ${APP}`) => host.start(script, {stage1: 'nspawn'});
const stateOf = async (uuid: string) => (await host.pods()).find(({name}) => name === uuid)?.state;
const statusOf = async (uuid: string) => (await host.rkt(['status', uuid])).stdout;
const gc = async () => {
  for (let round = 0; round < 2; round++) {
    const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s']);
    if (exitCode !== 0) throw new Error(stderr);
  }
};

/** The pod has ended: no process, and gc takes the rest. */
const isOver = async (t: ExecutionContext, uuid: string) => {
  await until(async () => (await stateOf(uuid)) === 'exited');
  t.deepEqual(processesOfPod(uuid), []);
  await gc();
  t.is(await stateOf(uuid), undefined);
  t.deepEqual(cgroupDirectories(uuid), []);
};

/** Its streams stay open: the app has them. */
const killSupervisor = async ({pid}: Started) => {
  kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}`));
};

/** The app's own process. */
const appOf = async ({uuid, ended}: Started): Promise<number> => {
  const found = () => [...commandsOfPod(uuid)].find(([, command]) => command === APP)?.[0];
  await untilOrEnd(ended, () => found() !== undefined);
  return found() ?? 0;
};

kernelTest('S20 SIGKILL of the rkt process ends every app and the pod', async (t) => {
  const pod = await start();
  const app = await appOf(pod);
  await killSupervisor(pod);
  await until(() => !existsSync(`/proc/${app}`));
  await isOver(t, pod.uuid);
});

kernelTest('S20 SIGHUP of the rkt process is for the app, which may go on', async (t) => {
  const pod = await start(`trap '' HUP; mkfifo /tmp/stay; echo ready; ${APP}`);
  kill(pod.pid, 'SIGHUP');
  t.is(await stateOf(pod.uuid), 'running');
  t.is((await host.enter(pod.uuid, 'echo inside')).stdout, 'inside\n');
  t.true(existsSync(`/proc/${pod.pid}`));
  await pod.end();
  await isOver(t, pod.uuid);
});

kernelTest("S20 SIGKILL of the pod's systemd ends every app and the pod", async (t) => {
  const pod = await start();
  const app = await appOf(pod);
  kill(leaderOf(pod.uuid), 'SIGKILL');
  const {exitCode} = await pod.ended;
  t.not(exitCode, 0);
  t.false(existsSync(`/proc/${app}`));
  await isOver(t, pod.uuid);
});

kernelTest('S20 SIGKILL of an app ends the pod with its status, recorded too', async (t) => {
  const pod = await start(`mkfifo /tmp/stay; echo ready; exec ${APP}`);
  kill(await appOf(pod), 'SIGKILL');
  const {exitCode} = await pod.ended;
  t.is(exitCode, 137);
  t.regex(await statusOf(pod.uuid), /^app-test=137$/m);
  await isOver(t, pod.uuid);
});

kernelTest('S20 what an app has left behind ends with the pod', async (t) => {
  const pod = await start(`mkfifo /tmp/stay; ${APP} & (setsid ${APP} &) ; echo ready; cat`);
  const left = () => [...commandsOfPod(pod.uuid).values()].filter((command) => command === APP).length;
  await until(() => left() === 2);
  pod.child.stdin?.end();
  const {exitCode} = await pod.ended;
  t.is(exitCode, 0);
  await isOver(t, pod.uuid);
});

serialTestIf(lacksPods('program/systemd-nspawn', 'cgroup/memory', 'cgroup/cpu', 'cgroup/pids'))(
  'S20 gc removes the cgroups of every hierarchy that systemd has made below the pod',
  async (t) => {
    const file = `${host.directory}/limited`;
    const running = host.rkt(
      runApps(
        [`--uuid-file-save=${file}`],
        {name: 'a', script: STAY, flags: ['--memory=64Mi', '--cpu=500m']},
        {name: 'b', script: STAY},
      ),
      {timeout: 0},
    );
    const uuid = await savedUuid(file, running);
    await untilOrEnd(
      running,
      () => [...commandsOfPod(uuid).values()].filter((command) => command === APP).length === 2,
    );
    const groups = cgroupDirectories(uuid);
    // Its own, systemd's, and those of the controllers; cgroup v2 alone has one for all.
    const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');
    t.true(unified ? groups.length === 1 : groups.length >= 5, groups.join(' '));
    t.true(groups.every((directory) => processesBelow(directory).length > 0));
    kill(leaderOf(uuid), 'SIGKILL');
    await running;
    await isOver(t, uuid);
  },
);
