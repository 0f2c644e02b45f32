import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {closeSync, constants, openSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {callsProgram} from '../helpers/call-image.ts';
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

/** A process of root on the host, that `through` starts. */
const rootProcess = async (...through: readonly string[]): Promise<ChildProcess & {pid: number}> => {
  const [file = '', ...args] = [...through, '/bin/cat'];
  const child = spawn(file, args, {stdio: ['pipe', 'ignore', 'ignore']});
  const {pid = 0} = child;
  await until(() => read(`/proc/${pid}/comm`) === 'cat\n');
  return Object.assign(child, {pid});
};
const niceOf = (pid: number) => Number(read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[16]);

const program = (calls: Parameters<typeof callsProgram>[0]) => ({content: callsProgram(calls), mode: 0o755});
/** linux/resource.h; both limits. */
const RLIMIT_NOFILE = 7;
const HUNDRED = new Uint8Array(new BigUint64Array([100n, 100n]).buffer);

testIf(lacksPods('program/setpriv'))(
  'S28 root of a pod sees and signals processes of the host in fly, sets their limits and oom scores, and priorities of those with no capability that it lacks; none in nspawn',
  async (t) => {
    const theirs = await rootProcess();
    t.teardown(() => theirs.kill('SIGKILL'));
    const bare = await rootProcess('/usr/bin/setpriv', '--inh-caps=-all', '--bounding-set=-all');
    t.teardown(() => bare.kill('SIGKILL'));
    const {pid} = theirs;
    const proc = `/proc/${pid}`;
    const files = {'/limit': program([{name: 'prlimit64', args: [pid, RLIMIT_NOFILE, HUNDRED, 0]}])};
    const marked = `cat ${proc}/comm; kill -0 ${pid} && echo signalled; echo 321 > ${proc}/oom_score_adj; /limit; renice -n 3 -p ${pid}; renice -n 3 -p ${bare.pid}`;
    const before = niceOf(pid);
    const {stdout} = await host.sh(`{ ${marked}; } 2>/dev/null; exit 0`, {image: {files}});
    const reached = flavor === 'fly';
    t.is(stdout, reached ? 'cat\nsignalled\n' : '');
    t.is(read(`${proc}/oom_score_adj`) === '321\n', reached);
    t.is(/^Max open files\s+100\s+100\s/m.test(read(`${proc}/limits`)), reached);
    t.deepEqual([niceOf(pid), niceOf(bare.pid)], [before, reached ? Math.min(19, before + 3) : before]);
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

/** fcntl.h: flags of an open file are set, here to none. */
const F_SETFL = 4;
const USER = 12;
const asUser = (name: 'setresgid' | 'setresuid') => ({name, args: [USER, USER, USER]});
const OVERWRITES = {
  files: {
    '/overwrites': program([asUser('setresgid'), asUser('setresuid'), {name: 'fcntl', args: [1, F_SETFL, 0]}]),
  },
};
const changes = 'chmod 4755 /proc/self/fd/1; /overwrites; echo written';
/** A file that is appended to, after an app has had it for its output: its mode, and whether its caller still appends. */
const outputAfter = async (args: readonly string[]): Promise<[mode: number, appends: boolean]> => {
  const file = path.join(host.directory, 'output');
  writeFileSync(file, '', {mode: 0o644});
  const output = openSync(file, 'a');
  const [program, ...rest] = host.command(...args);
  spawnSync(program, rest, {env: rktEnvironment, stdio: ['ignore', output, 'ignore']});
  await until(() => statSync(file).size > 0);
  const flags = /^flags:\t(\d+)$/m.exec(read(`/proc/self/fdinfo/${output}`))?.[1] ?? '';
  closeSync(output);
  return [statSync(file).mode & 0o7777, (Number.parseInt(flags, 8) & constants.O_APPEND) !== 0];
};

kernelTest(
  'S11 a file among the streams can be made setuid by root of a pod, and any user changes its flags: in run by fly, in enter by every flavor',
  async (t) => {
    const changed = [0o4755, false];
    const ran = await outputAfter(host.runArguments(changes, {image: OVERWRITES}));
    t.deepEqual(ran, flavor === 'fly' ? changed : [0o644, true]);
    const pod = await host.start('echo ready; exec cat', {image: OVERWRITES});
    t.deepEqual(await outputAfter(['enter', pod.uuid, '/bin/sh', '-c', changes]), changed);
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
