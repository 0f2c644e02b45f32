import {readFileSync} from 'node:fs';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {Plan, Process, RootfsPath} from '../../../src/contract/index.ts';
import {identify} from '../../../src/linux/process-identity.ts';
import {readBack} from '../../../src/linux/read-back.ts';
import {LaunchBox, launchBox, processOf, SAY_AND_WAIT, UNKNOWN_LABELS} from './launch-in-child.ts';

const enterTest = testIf(lacks('root', 'overlay', 'program/busybox', 'cgroups'));

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

const member = (box: LaunchBox, pid: number, process: Partial<Process>, more: object = {}): Plan => {
  const identity = identify(pid);
  const launch = {
    into: 'member',
    process: processOf(process),
    passSockets: false,
    member: identity,
    namespaces: ['mount'],
    ...more,
  };
  return box.plan({launch: launch as never});
};

const cases: [string, Partial<Process>][] = [
  ['a restricted user', RESTRICTED],
  ['root', {capabilities: {bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], ambient: []}}],
];
for (const [who, process] of cases) {
  enterTest(`S01 what is entered is exactly what runs: ${who}`, async (t) => {
    const box = launchBox(t);
    const app = await box.start({
      process: {...process, argv: ['sh', '-c', 'ulimit -Sn 333; echo ready; exec cat']},
      limits: {pidsMax: 50},
    });
    // Another environment than that of run.
    const entered = await box.startPlan(member(box, app.pid, {...process, argv: SAY_AND_WAIT}), {
      SECRET: 'x',
    });
    for (const {pid} of [app, entered]) await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'cat\n');
    t.deepEqual(readBack(entered.pid), readBack(app.pid));
    t.is(readFileSync(`/proc/${entered.pid}/environ`, 'utf8'), readFileSync(`/proc/${app.pid}/environ`, 'utf8'));
    t.true(readBack(entered.pid).cgroups.some((membership) => membership.path === box.group));
  });
}

enterTest('S03 S04 no flavor hands sockets to what enters', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const result = box.runPlan(member(box, app.pid, {}, {passSockets: true}));
  t.deepEqual([LaunchBox.failure(result).code, result.status], ['RKT_ENTER_SOCKETS', 254]);
});

enterTest('S01 EX-46 EX-47 nothing enters without the label of its app', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  for (const [label, labels] of UNKNOWN_LABELS) {
    const result = box.runPlan(member(box, app.pid, {...labels, argv: ['echo', 'entered']}));
    const {code, fields} = LaunchBox.failure(result);
    t.deepEqual([code, fields.label, result.status, result.stdout], ['RKT_LABEL_REFUSED', label, 254, '']);
  }
});

enterTest('S02 what joins an app is closed to it until it has become the program', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const entering = await box.startPlan(member(box, app.pid, {argv: SAY_AND_WAIT}), {RKT_TEST_PAUSE: '1'});
  // Looks with the app's own user and without capabilities, as what runs beside it would.
  const beside = launchBox(t);
  const links = ['fd/0', 'fd/3', 'root', 'cwd', 'exe'].map((link) => `/proc/${entering.pid}/${link}`);
  const script = `for link in ${links.join(' ')}; do readlink $link; ls $link/; done; cat /proc/${entering.pid}/environ`;
  const {stdout, status} = beside.run({
    process: {argv: ['sh', '-c', script], capabilities: {bounding: [], effective: [], ambient: []}},
  });
  t.deepEqual([stdout, status], ['', 1]);
  const ready = entering.says();
  entering.stdin?.write('x');
  await t.notThrowsAsync(ready);
});

enterTest('a process that has ended is not entered, nor the one that has its number now', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const plan = member(box, app.pid, {}, {member: {pid: app.pid, startTime: 1}});
  const {code, fields} = LaunchBox.failure(box.runPlan(plan));
  t.deepEqual([code, fields.pid], ['RKT_MEMBER_GONE', app.pid]);
});

enterTest('a process that ends while it is entered is told to have ended', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const {code, fields} = await box.failureAfter(member(box, app.pid, {}), 'enter.found', () => {
    app.kill('SIGKILL');
    return app.ended;
  });
  t.deepEqual([code, fields.pid], ['RKT_MEMBER_GONE', app.pid]);
});

enterTest('a program that the running app does not have is not found', async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const result = box.runPlan(member(box, app.pid, {argv: ['vi']}));
  t.deepEqual([LaunchBox.failure(result).code, result.status], ['RKT_EXEC_NOT_FOUND', 127]);
});

enterTest("the entered program has the caller's streams and exit status", async (t) => {
  const box = launchBox(t);
  const app = await box.start({process: {argv: SAY_AND_WAIT}});
  const {stdout, status} = box.runPlan(
    member(box, app.pid, {argv: ['sh', '-c', 'cat; ls /proc/$$/fd; exit 9']}),
    'in\n',
  );
  t.deepEqual([stdout, status], ['in\n0\n1\n2\n', 9]);
});
