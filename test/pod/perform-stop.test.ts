import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import type {RunningPod, StopStep} from '../../core/src/contract/index.ts';
import {cgroupPath, createCgroup, removeCgroup, trackingHierarchy} from '../../core/src/linux/cgroups.ts';
import {identify} from '../../core/src/linux/process-identity.ts';
import {performStop} from '../../core/src/pod/perform-stop.ts';
import {gatherHostFacts} from '../../core/src/stage1/host-facts.ts';
import {lacks} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What a flavor's `stop` asks for, of a pod whose supervisor and app are in cgroups of their own below the pod's. */

const kernelTest = testIf(lacks('root', 'cgroups'));
const facts = gatherHostFacts();
let count = 0;

const shell = async (t: ExecutionContext, directory: string, script: string): Promise<ChildProcess> => {
  const child = spawn('/bin/sh', ['-c', `${script}; echo ready; while :; do sleep 0.05; done`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  writeFileSync(`${directory}/cgroup.procs`, String(child.pid));
  await once(child.stdout, 'data');
  return child;
};

/** How a process ended: its exit status, or the signal. */
const ending = async (child: ChildProcess): Promise<unknown> => {
  const [code, signal] =
    (child.exitCode ?? child.signalCode) ? [child.exitCode, child.signalCode] : await once(child, 'exit');
  return code ?? signal;
};

const podOf = async (t: ExecutionContext, supervisorScript: string, appScript: string) => {
  const cgroup = `test-stop-${process.pid}-${++count}`;
  const hierarchies = [trackingHierarchy(facts.cgroup)].flatMap((one) => one ?? []);
  const make = (path: string): string => {
    const full = cgroupPath(facts.cgroup, `${cgroup}/${path}`);
    createCgroup({hierarchies}, full);
    return `${hierarchies[0]?.mountPoint}${full}`;
  };
  const places = {supervisor: make('supervisor'), app: make('payload/system.slice/app-main.service')};
  const supervisor = await shell(t, places.supervisor, supervisorScript);
  const app = await shell(t, places.app, appScript);
  const pod = {cgroup, supervisor: identify(supervisor.pid ?? 0)} as unknown as RunningPod; // no more is looked at
  const stop = (steps: readonly StopStep[]) => performStop(steps, {pod, facts});
  return {supervisor, app, stop, remove: () => removeCgroup(facts.cgroup, cgroupPath(facts.cgroup, cgroup))};
};

kernelTest('a signal to the supervisor is not for the apps; what is left after the time is killed', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "exit 3" TERM', 'trap "exit 4" TERM');
  stop([{do: 'signal', to: 'supervisor', signal: 'SIGTERM'}, {do: 'await-exit', milliseconds: 1000}, {do: 'kill'}]);
  t.deepEqual([await ending(supervisor), await ending(app)], [3, 'SIGKILL']);
  t.notThrows(remove);
});

kernelTest('a signal to the pod is for every process, in whichever cgroup below', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "exit 3" TERM', 'trap "exit 4" TERM');
  stop([
    {do: 'signal', to: 'pod', signal: 'SIGTERM'},
    {do: 'await-exit', milliseconds: 10_000},
  ]);
  t.deepEqual([await ending(supervisor), await ending(app)], [3, 4]);
  t.notThrows(remove);
});

kernelTest('kill leaves nothing below the pod, and nothing to wait for', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "" TERM', 'trap "" TERM');
  stop([{do: 'kill'}]);
  t.deepEqual([await ending(supervisor), await ending(app)], ['SIGKILL', 'SIGKILL']);
  t.notThrows(remove);
});
