import {readdirSync, readFileSync, readlinkSync, statSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {Plan, Process, RootfsPath} from '../../../src/contract/index.ts';
import {identify, isAlive} from '../../../src/linux/process-identity.ts';
import {readBack} from '../../../src/linux/read-back.ts';
import {endingProcess} from '../ending-process.ts';
import {
  type Child,
  LaunchBox,
  type LaunchOptions,
  launchBox,
  processOf,
  SAY_AND_WAIT,
  UNKNOWN_LABELS,
} from './launch-in-child.ts';

/* Pods with a pid namespace of their own, which only a child of rkt can be in. */

const enterTest = testIf(lacks('root', 'overlay', 'program/busybox', 'program/unshare', 'cgroups'));

const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--'];

const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
const childOf = (pid: number): number => {
  const [child] = childrenOf(pid);
  if (child === undefined) throw new Error(`${pid} has no child`);
  return child;
};
const isCalled = (pid: number, name: string): boolean => readFileSync(`/proc/${pid}/comm`, 'utf8') === `${name}\n`;

/** A pod whose app is the first process of a pid namespace; `pid` is its number on the host. */
const podOf = async (t: ExecutionContext, options: LaunchOptions = {}) => {
  const box = launchBox(t);
  const supervisor = await box.start({
    through: NAMESPACE,
    ...options,
    process: {argv: SAY_AND_WAIT, ...options.process},
  });
  const pid = childOf(supervisor.pid);
  t.teardown(() => {
    if (identify(pid) !== undefined) process.kill(pid, 'SIGKILL');
  });
  const plan = (process: Partial<Process>, more: object = {}): Plan =>
    box.plan({
      launch: {
        into: 'member',
        process: processOf(process),
        passSockets: false,
        member: identify(pid),
        namespaces: ['mount', 'uts', 'ipc', 'net', 'cgroup', 'pid'],
        ...more,
      } as never,
    });
  return {box, supervisor, pid, plan};
};

/** The entered program, once it has become `cat`. */
const entered = async (starter: Child): Promise<number> => {
  const pid = childOf(starter.pid);
  await until(() => isCalled(pid, 'cat'));
  return pid;
};

/** An app that restricts everything an app can be restricted in. */
const RESTRICTED: Partial<Process> = {
  uid: 1000,
  gid: 1001,
  groups: [7, 8],
  umask: 0o077,
  cwd: '/work' as RootfsPath,
  capabilities: {bounding: ['CAP_CHOWN', 'CAP_KILL'], effective: ['CAP_KILL'], ambient: ['CAP_KILL']},
  noNewPrivileges: true,
  seccomp: {default: {action: 'allow'}, rules: [{syscalls: ['reboot'], outcome: {action: 'kill'}}]},
  rlimits: [{name: 'nproc', soft: 4000, hard: 4000}],
  oomScoreAdj: 77,
};

const cases: [string, Partial<Process>][] = [
  ['a restricted user', RESTRICTED],
  ['root', {capabilities: {bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], ambient: []}}],
];
for (const [who, process] of cases) {
  enterTest(`S01 what enters a pid namespace is exactly what runs there: ${who}`, async (t) => {
    const {box, pid, plan} = await podOf(t, {
      process: {...process, argv: ['sh', '-c', 'ulimit -Sn 333; echo ready; exec cat']},
      limits: {pidsMax: 50},
    });
    const starter = await box.startPlan(plan({...process, argv: SAY_AND_WAIT}), {SECRET: 'x'});
    const inside = await entered(starter);
    await until(() => isCalled(pid, 'cat'));
    // The app of this test shares the terminal of the test and is kept from typing into it; what enters without a terminal is in a session of its own instead.
    const state = ({seccompFilters: _, ...rest}: ReturnType<typeof readBack>) => ({
      ...rest,
      seccomp: process.seccomp ? rest.seccomp : '',
    });
    t.deepEqual(state(readBack(inside)), state(readBack(pid)));
    t.is(readFileSync(`/proc/${inside}/environ`, 'utf8'), readFileSync(`/proc/${pid}/environ`, 'utf8'));
    t.is(readlinkSync(`/proc/${inside}/ns/pid`), readlinkSync(`/proc/${pid}/ns/pid`));
    t.not(readlinkSync(`/proc/${inside}/ns/pid`), readlinkSync('/proc/self/ns/pid'));
    t.true(readBack(inside).cgroups.some(({path}) => path === box.group));
    t.true(readBack(starter.pid).cgroups.every(({path}) => path !== box.group));
  });
}

enterTest('S02 S28 what joins a pid namespace has nothing of the host from its first moment there', async (t) => {
  // With every capability of the host it may look into whatever it sees.
  const watch = `echo ready; until [ -e /tmp/over ]; do for p in /proc/[0-9]*; do
    [ $p = /proc/1 ] || { [ -e $p/root${process.execPath} ] && echo "host $p"; [ -e $p/fd/3 ] && echo "descriptor of $p"; }
  done; done; echo over; exec cat`;
  const {box, supervisor, plan} = await podOf(t, {process: {argv: ['sh', '-c', watch]}});
  let seen = '';
  supervisor.stdout?.on('data', (text: Buffer) => {
    seen += text.toString();
  });
  // What it would see is there to be seen.
  const shown = box.runPlan(
    plan({argv: ['sh', '-c', `[ -e /proc/1/root ] && ! [ -e /proc/1/root${process.execPath} ]`]}),
  );
  t.is(shown.status, 0);
  for (let round = 0; round < 20; round++) t.is(box.runPlan(plan({argv: ['true']})).status, 0);
  // Its only file is descriptor 1: the watcher would see another.
  box.runPlan(plan({argv: ['sh', '-c', 'exec >&-; : >/tmp/over']}));
  await until(() => seen.endsWith('over\n'));
  t.is(seen, 'over\n');
});

enterTest('S28 nothing of who enters a pid namespace stays beside it but a program of system calls', async (t) => {
  const {box, plan} = await podOf(t);
  const starter = await box.startPlan(plan({argv: SAY_AND_WAIT}));
  t.true(isCalled(starter.pid ?? 0, 'rkt-enter'));
  t.deepEqual(readFileSync(`/proc/${starter.pid}/environ`, 'utf8'), '');
  t.false(readFileSync(`/proc/${starter.pid}/maps`, 'utf8').includes('node'));
  t.is(statSync(`/proc/${starter.pid}/fd`).uid, 0);
});

enterTest('a program in a pid namespace has the descriptors 0, 1 and 2 and nothing of rkt', async (t) => {
  const {box, plan} = await podOf(t);
  const {stdout, status} = box.runPlan(
    plan({argv: ['sh', '-c', 'cat; ls /proc/$$/fd; env | sort; readlink /proc/$$/cwd']}),
    'in\n',
  );
  t.deepEqual([stdout, status], ['in\n0\n1\n2\nPATH=/bin\nPWD=/\nSHLVL=1\n/\n', 0]);
});

enterTest('S01 EX-46 EX-47 nothing enters a pid namespace without the label of its app', async (t) => {
  const {box, plan} = await podOf(t);
  for (const [label, labels] of UNKNOWN_LABELS) {
    const result = box.runPlan(plan({...labels, argv: ['echo', 'entered']}));
    const {code, fields} = LaunchBox.failure(result);
    t.deepEqual([code, fields.label, result.status, result.stdout], ['RKT_LABEL_REFUSED', label, 254, '']);
  }
});

enterTest('the end of a program in a pid namespace is the end of enter', async (t) => {
  const {box, plan} = await podOf(t);
  const end = (script: string) => {
    const {status, signal} = box.runPlan(plan({argv: ['sh', '-c', script]}));
    return status ?? signal;
  };
  for (const status of [0, 1, 9, 124, 125, 126, 127, 137, 254, 255]) t.is(end(`exit ${status}`), status);
  for (const signal of ['INT', 'TERM', 'KILL', 'HUP', 'PIPE', 'USR1', 'SEGV']) {
    t.is(end(`kill -${signal} $$`), `SIG${signal}` as NodeJS.Signals);
  }
});

enterTest('enter hands SIGTERM and SIGHUP on into a pid namespace', async (t) => {
  const {box, plan} = await podOf(t);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    // A shell waits for what it runs before it looks at signals, but not in `wait`. In the background standard input has to be handed down.
    const trap = `trap "exit 7" ${signal.slice(3)}; exec 3<&0; cat <&3 & echo ready; wait`;
    const starter = await box.startPlan(plan({argv: ['sh', '-c', trap]}));
    starter.kill(signal);
    t.is(await starter.ended, 7);
  }
});

enterTest('a process that has ended is not entered by a child either', async (t) => {
  const {box, plan, pid} = await podOf(t);
  const {code, fields} = LaunchBox.failure(box.runPlan(plan({}, {member: {pid, startTime: 1}})));
  t.deepEqual([code, fields.pid], ['RKT_MEMBER_GONE', pid]);
});

enterTest('a process that ends while a child is to enter it is told to have ended', async (t) => {
  const {box, plan, pid, supervisor} = await podOf(t);
  const {code, fields} = await box.failureAfter(plan({}), 'enter.found', () => {
    process.kill(pid, 'SIGKILL');
    return supervisor.ended;
  });
  t.deepEqual([code, fields.pid], ['RKT_MEMBER_GONE', pid]);
});

enterTest('a process whose end has begun is not entered, though it is still there', async (t) => {
  const {box, plan} = await podOf(t);
  const member = await endingProcess(t);
  t.true(isAlive(member));
  for (const namespaces of [['mount'], ['mount', 'pid']]) {
    const {code, fields} = LaunchBox.failure(box.runPlan(plan({}, {member, namespaces})));
    t.deepEqual([code, fields.pid], ['RKT_MEMBER_GONE', member.pid]);
  }
});

enterTest('a program that is not in the pod is not found by a child either', async (t) => {
  const {box, plan} = await podOf(t);
  const result = box.runPlan(plan({argv: ['vi']}));
  t.deepEqual([LaunchBox.failure(result).code, result.status], ['RKT_EXEC_NOT_FOUND', 127]);
});

enterTest('a member that ends while it is being joined is missed', async (t) => {
  const {box, plan, pid} = await podOf(t);
  // A process beside the first one: with that the namespace would end.
  const beside = await box.startPlan(plan({argv: SAY_AND_WAIT}));
  const member = await entered(beside);
  t.not(member, pid);
  const joining = plan({argv: SAY_AND_WAIT}, {member: identify(member)});
  const starter = await box.startPlan(joining, {RKT_TEST_PAUSE: '1'});
  process.kill(member, 'SIGKILL');
  t.is(await beside.ended, 'SIGKILL');
  starter.stdin?.write('x');
  t.is(await starter.ended, 254);
});
