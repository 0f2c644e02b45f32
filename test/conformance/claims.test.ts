import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {closeSync, openSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {rktEnvironment} from '../helpers/command.ts';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leaderOf} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* What README says that flavors do not protect from, as far as nothing else tries it: who relies on a flavor should know that it is so. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const read = (file: string) => readFileSync(file, 'utf8');

/** A process of root on the host. */
const rootProcess = async (): Promise<ChildProcess & {pid: number}> => {
  const child = spawn('/bin/cat', {stdio: ['pipe', 'ignore', 'ignore']});
  const {pid = 0} = child;
  await until(() => read(`/proc/${pid}/comm`) === 'cat\n');
  return Object.assign(child, {pid});
};

kernelTest(
  'S28 root of a pod sees, signals and sets the oom score of processes of the host in fly, and of none in nspawn',
  async (t) => {
    const theirs = await rootProcess();
    t.teardown(() => theirs.kill('SIGKILL'));
    const proc = `/proc/${theirs.pid}`;
    const marked = `cat ${proc}/comm; kill -0 ${theirs.pid} && echo signalled; echo 321 > ${proc}/oom_score_adj`;
    const {stdout} = await host.sh(`{ ${marked}; } 2>/dev/null; exit 0`);
    const reached = flavor === 'fly';
    t.is(stdout, reached ? 'cat\nsignalled\n' : '');
    t.is(read(`${proc}/oom_score_adj`) === '321\n', reached);
  },
);

kernelTest("S28 an app learns the host's load, memory and kernel, and no mounts but its own", async (t) => {
  const script =
    'cat /proc/loadavg; grep -E "^(MemTotal|SwapTotal):" /proc/meminfo; cat /proc/sys/kernel/osrelease; cat /proc/self/mountinfo';
  const load = () => read('/proc/loadavg').split(' ').slice(0, 3).join(' ');
  const seen = {before: '', inside: '', after: '', rest: ''};
  // It may change while the pod runs.
  await until(async () => {
    seen.before = load();
    const {stdout} = await host.sh(script);
    seen.after = load();
    [seen.inside = '', seen.rest = ''] = [
      stdout.split(' ').slice(0, 3).join(' '),
      stdout.slice(stdout.indexOf('\n') + 1),
    ];
    return seen.before === seen.after;
  });
  t.is(seen.inside, seen.before);
  const memory = read('/proc/meminfo').match(/^(MemTotal|SwapTotal):.*\n/gm) ?? [];
  const own = `${memory.join('')}${read('/proc/sys/kernel/osrelease')}`;
  t.true(seen.rest.startsWith(own), seen.rest);
  // Nothing of the host's tree is mounted there but the pod's own.
  const mountPoints = seen.rest
    .slice(own.length)
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4]);
  t.false(mountPoints.some((place) => place?.startsWith(host.directory)));
  t.true(mountPoints.includes('/'));
});

const changesMode = 'chmod 4755 /proc/self/fd/1; echo written';
const modeAfter = async (args: readonly string[]): Promise<number> => {
  const file = path.join(host.directory, 'output');
  writeFileSync(file, '', {mode: 0o644});
  const output = openSync(file, 'a');
  const [program, ...rest] = host.command(...args);
  spawnSync(program, rest, {env: rktEnvironment, stdio: ['ignore', output, 'ignore']});
  closeSync(output);
  await until(() => statSync(file).size > 0);
  return statSync(file).mode & 0o7777;
};

kernelTest(
  'S11 a file among the streams can be made setuid by root of a pod: in run by fly, in enter by every flavor',
  async (t) => {
    t.is(await modeAfter(host.runArguments(changesMode)), flavor === 'fly' ? 0o4755 : 0o644);
    const pod = await host.start('echo ready; exec cat');
    t.is(await modeAfter(['enter', pod.uuid, '/bin/sh', '-c', changesMode]), 0o4755);
    await pod.end();
  },
);

if (flavor === 'nspawn') {
  kernelTest("EX-31 on cgroup v1 the pod's systemd can write to the limits of its pod, and no app can", async (t) => {
    const pod = await host.start('cat /proc/self/mountinfo; echo ready; exec cat', {app: ['--memory=64M']});
    const leader = leaderOf(pod.uuid);
    const cgroups = read(`/proc/${leader}/mountinfo`)
      .split('\n')
      .filter((line) => / - cgroup /.test(line) && /\bmemory\b/.test(line.split(' - ')[1] ?? ''));
    const v1 = / - cgroup .*\bmemory\b/.test(read('/proc/self/mountinfo'));
    t.is(cgroups.length > 0, v1);
    for (const line of cgroups) t.regex(line.split(' ')[5] ?? '', /^rw\b/);
    const {stdout} = await pod.end();
    t.notRegex(stdout, / - cgroup2? .*\brw\b.*\bmemory\b/);
  });
}
