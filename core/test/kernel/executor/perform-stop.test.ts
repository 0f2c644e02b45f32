import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {childrenOf} from '../../../../test/helpers/proc.ts';
import {said} from '../../../../test/helpers/said.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {RunningPod, StopStep} from '../../../src/contract/index.ts';
import {performStop} from '../../../src/executor/perform-stop.ts';
import {cgroupPath} from '../../../src/linux/cgroup-paths.ts';
import {createCgroup} from '../../../src/linux/create-cgroup.ts';
import {killCgroup} from '../../../src/linux/kill-cgroup.ts';
import {isNamespaceAlive} from '../../../src/linux/pid-namespace.ts';
import {identify, isAlive} from '../../../src/linux/process-identity.ts';
import {removeCgroup} from '../../../src/linux/remove-cgroup.ts';
import {trackingHierarchy} from '../../../src/linux/used-hierarchies.ts';
import {gatherHostFacts} from '../../../src/stage1/facts/host-facts.ts';

/* What a flavor's `stop` asks for, of a pod whose supervisor and app are in cgroups of their own below the pod's. */

const kernelTest = testIf(lacks('root', 'cgroups'));
const facts = gatherHostFacts();

/**
 * A shell that is in its cgroup before it does anything, and stays until it is told to end or the test process is gone. It waits for a background process, because
 * then it hears signals at once. That process says when it is there: until it has put off the shell's own handlers it would lose a signal.
 */
const shell = async (directory: string, script: string) => {
  const child = spawn('/bin/sh', ['-c', `read go; ${script}; exec 3<&0; { echo ready; exec cat; } <&3 & wait`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  /** How it ended: its exit status, or the signal. */
  const ended: Promise<unknown> = once(child, 'exit').then(([code, signal]) => code ?? signal);
  writeFileSync(`${directory}/cgroup.procs`, String(child.pid));
  child.stdin.write('go\n');
  await said(child);
  return {pid: child.pid ?? 0, ended};
};

const podOf = async (t: ExecutionContext, supervisorScript: string, appScript: string) => {
  const cgroup = `test-${randomUUID()}`;
  const whole = cgroupPath(facts.cgroup, cgroup);
  t.teardown(() => {
    killCgroup(facts.cgroup, whole);
    removeCgroup(facts.cgroup, whole);
  });
  const hierarchies = [trackingHierarchy(facts.cgroup)].flatMap((one) => one ?? []);
  const make = (path: string): string => {
    const full = cgroupPath(facts.cgroup, `${cgroup}/${path}`);
    createCgroup({hierarchies}, full);
    return `${hierarchies[0]?.mountPoint}${full}`;
  };
  const places = {supervisor: make('supervisor'), app: make('payload/system.slice/app-main.service')};
  const supervisor = await shell(places.supervisor, supervisorScript);
  const app = await shell(places.app, appScript);
  const pod = {cgroup, supervisor: identify(supervisor.pid)} as unknown as RunningPod; // no more is looked at
  const stop = (steps: readonly StopStep[]) => performStop(steps, {pod, facts});
  return {supervisor, app, stop, remove: () => removeCgroup(facts.cgroup, whole)};
};

kernelTest('a signal to the supervisor is not for the apps; what is left after the time is killed', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "exit 3" TERM', 'trap "exit 4" TERM');
  stop([{do: 'signal', to: 'supervisor', signal: 'SIGTERM'}]);
  t.is(await supervisor.ended, 3);
  stop([{do: 'await-exit', milliseconds: 500}, {do: 'kill'}]);
  t.is(await app.ended, 'SIGKILL');
  t.notThrows(remove);
});

kernelTest('who waits for the supervisor does not wait for what it leaves', async (t) => {
  const {supervisor, app, stop} = await podOf(t, 'trap "exit 3" TERM', 'trap "" TERM');
  stop([
    {do: 'signal', to: 'supervisor', signal: 'SIGTERM'},
    {do: 'await-exit', milliseconds: Number.MAX_SAFE_INTEGER, of: 'supervisor'},
    {do: 'kill'},
  ]);
  t.deepEqual([await supervisor.ended, await app.ended], [3, 'SIGKILL']);
});

kernelTest('a signal to the pod is for every process, in whichever cgroup below', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "exit 3" TERM', 'trap "exit 4" TERM');
  stop([
    {do: 'signal', to: 'pod', signal: 'SIGTERM'},
    {do: 'await-exit', milliseconds: 60_000},
  ]);
  t.deepEqual([await supervisor.ended, await app.ended], [3, 4]);
  t.notThrows(remove);
});

kernelTest('kill leaves nothing below the pod, and nothing to wait for', async (t) => {
  const {supervisor, app, stop, remove} = await podOf(t, 'trap "" TERM', 'trap "" TERM');
  stop([{do: 'kill'}]);
  t.deepEqual([await supervisor.ended, await app.ended], ['SIGKILL', 'SIGKILL']);
  t.notThrows(remove);
});

testIf(lacks('root', 'program/unshare', 'program/nsenter'))(
  'S10 a pid namespace has ended when nothing runs in it any more, also where nobody reaps what has ended',
  async (t) => {
    const there = 'echo ready; exec cat';
    const outside = spawn('unshare', ['--pid', '--fork', '/bin/sh', '-c', there], {stdio: ['pipe', 'pipe', 'ignore']});
    t.teardown(() => outside.kill('SIGKILL'));
    await said(outside);
    const [pid = 0] = childrenOf(outside.pid ?? 0);
    const first = identify(pid);
    // Its first process ends after all others have been reaped: one by a parent that is stopped for now, one by a parent that never does it.
    const join = async (...options: readonly string[]) => {
      const joining = spawn('nsenter', [`--target=${pid}`, '--pid', ...options], {stdio: ['pipe', 'pipe', 'inherit']});
      t.teardown(() => joining.kill('SIGKILL'));
      await said(joining);
      return joining;
    };
    const stopped = await join('/bin/sh', '-c', there);
    stopped.kill('SIGSTOP');
    const continued = once(stopped, 'exit');
    const inside = `exec 3<&0; /bin/sh -c '${there}' <&3 & exec sleep 1000`;
    const careless = await join('--no-fork', '/bin/sh', '-c', inside);
    const ended = once(outside, 'exit');
    const uuid = randomUUID();
    const supervisor = {pid, startTime: -1};
    const pod = {uuid, cgroup: `test-${uuid}`, supervisor} as unknown as RunningPod; // no more is looked at
    t.true(first !== undefined && isNamespaceAlive(first));
    t.notThrows(() => performStop([], {pod, facts, first, force: true}));
    await continued;
    t.false(first !== undefined && isNamespaceAlive(first));
    t.true(first !== undefined && isAlive(first));
    careless.kill('SIGKILL');
    await ended;
  },
);

/** The parent of all threads of the kernel, which no signal ends. */
const THREADS = 2;
const isOfKernel = existsSync(`/proc/${THREADS}`) && readFileSync(`/proc/${THREADS}/comm`, 'utf8') === 'kthreadd\n';

testIf(lacks('root') ?? (isOfKernel ? undefined : 'no thread of the kernel is to be seen'))(
  'who stops a pod is told of what SIGKILL has not ended',
  (t) => {
    const uuid = randomUUID();
    const pod = {uuid, cgroup: `test-${uuid}`, supervisor: identify(THREADS)} as unknown as RunningPod;
    t.like(
      t.throws(() => performStop([], {pod, facts, force: true, patience: 100})),
      {code: 'RKT_POD_NOT_KILLED', fields: {uuid}},
    );
  },
);
