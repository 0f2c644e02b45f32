import {spawnSync} from 'node:child_process';
import test from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* However a pod ends, the status of the rkt process is the app's, and what ends that process ends the pod. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const closed = {directory: true, mode: 0o700} as const;
const ofUser = {user: '12', group: '34'};
kernelTest(
  'the PATH goes on after a directory that is closed to the user, unless the plan cannot know that',
  async (t) => {
    const program = {content: '#!/bin/sh\necho ran\n', mode: 0o755};
    const environment = [{name: 'PATH', value: '/closed:/open'}];
    const files = {'/closed': closed, '/closed/tool': program, '/open/tool': program};
    const {stdout, error} = await host.run({app: {...ofUser, exec: ['tool'], environment}, files});
    // systemd is told before which program it is.
    t.deepEqual([stdout, error?.code], flavor === 'fly' ? ['ran\n', undefined] : ['', 'RKT_EXEC_ELSEWHERE']);
  },
);

testIf(lacksPods('cgroup/memory'))(
  'EX-57 what the kernel has killed for want of memory is told while the pod runs, when it has ended, and when its cgroup is gone',
  async (t) => {
    const alone = openHost();
    t.teardown(() => alone.close());
    const rkt = async (...args: string[]) => (await alone.rkt(args)).stdout;
    const kills = async (uuid: string) => {
      const [, status] = /^oom-kills=(\d+)$/m.exec(await rkt('status', uuid)) ?? [];
      const {oom_kills: shown} = JSON.parse(await rkt('--format=json', 'status', uuid)) as {oom_kills?: number};
      const [{oom_kills: listed} = {oom_kills: 0}] = (await alone.pods()) as {oom_kills?: number}[];
      const [head = '', row = ''] = (await rkt('list')).split('\n').map((line) => line.split('\t').at(-1));
      t.deepEqual([head, row], ['OOM KILLS', `${shown}`]);
      return [Number(status), shown, listed];
    };
    const pod = await alone.start('tail /dev/zero; echo ready; cat; exec tail /dev/zero', {app: ['--memory=16Mi']});
    t.deepEqual(await kills(pod.uuid), [1, 1, 1]);
    pod.child.stdin?.end();
    t.is((await pod.ended).exitCode, 137);
    t.deepEqual(await kills(pod.uuid), [2, 2, 2]);
    t.is((await alone.rkt(['gc', '--mark-only'])).exitCode, 0);
    // As systemd does with the service that rkt was started by.
    const {memory} = alone.podFile(pod.uuid, 'supervisor') as {memory: {directory: string}};
    t.is(spawnSync('find', [memory.directory, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']).status, 0);
    t.deepEqual(await kills(pod.uuid), [2, 2, 2]);
  },
);
