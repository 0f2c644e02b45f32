import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {
  App,
  AppName,
  EnforcementReport,
  Flavor,
  HostPath,
  Plan,
  Pod,
  SeccompFilter,
} from '../../../src/contract/index.ts';
import {isPopulated} from '../../../src/linux/cgroup-members.ts';
import {cgroupPath} from '../../../src/linux/cgroup-paths.ts';
import {createCgroup} from '../../../src/linux/create-cgroup.ts';
import {filtersAreShown} from '../../../src/linux/filters-are-shown.ts';
import {syscall} from '../../../src/linux/libc.ts';
import {identify, isAlive} from '../../../src/linux/process-identity.ts';
import {readBack} from '../../../src/linux/read-back.ts';
import {removeCgroup} from '../../../src/linux/remove-cgroup.ts';
import {setLimits} from '../../../src/linux/set-cgroup-limits.ts';
import {trackingHierarchy, usedHierarchies} from '../../../src/linux/used-hierarchies.ts';
import {runningPod} from '../../../src/pod/state/running-pod.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {gatherHostFacts} from '../../../src/stage1/facts/host-facts.ts';
import {checkFilter} from '../../../src/stage1/verify/check-filter.ts';
import type {Evidence} from '../../../src/stage1/verify/evidence.ts';
import {verify} from '../../../src/stage1/verify/verify.ts';
import {endingProcess} from '../ending-process.ts';

/* The processes of apps whose launched program only supervises them. */

const kernelTest = testIf(lacks('root', 'cgroups'));
const facts = gatherHostFacts();
const {cgroup} = facts;
const directory = (path: string): string => `${trackingHierarchy(cgroup)?.mountPoint}${cgroupPath(cgroup, path)}`;

/** A process that stays until it is told to end, or until the test process is gone. */
const resident = (t: ExecutionContext) => {
  const child = spawn('/bin/cat', {stdio: ['pipe', 'ignore', 'inherit']});
  const ended = once(child, 'exit');
  const end = () => {
    child.kill('SIGKILL');
    return ended;
  };
  t.teardown(end);
  return {pid: child.pid ?? 0, end};
};

/** What is started after this has a later start time than a process that is there: the kernel keeps these in ticks. */
const tickAfter = async (pid: number) => {
  const {startTime} = identify(pid) ?? {startTime: Number.NaN};
  // In hundredths of a second, which are the ticks of /proc/PID/stat.
  await until(
    () => Number(/^(\d+)\.(\d\d) /.exec(readFileSync('/proc/uptime', 'latin1'))?.slice(1).join('')) > startTime,
  );
};

/** A pod of apps, and a function that makes the cgroup of one of them and starts a process there. */
const supervised = (t: ExecutionContext, ...names: string[]) => {
  const pod = {
    cgroup: `test-${randomUUID()}`,
    apps: names.map((name) => ({
      name: name as AppName,
      limits: {},
      mounts: [],
      process: {argv: ['other'], env: [], uid: 0, gid: 0, groups: process.getgroups?.(), umask: 0, rlimits: []},
    })),
    limits: {},
    resolvConf: null,
    hosts: null,
  } as unknown as Pod; // no more is looked at
  const flavor = {
    declaration: {name: 'test', properties: []},
    appCgroup: (_pod: Pod, app: App) => `payload/app-${app.name}.service`,
  } as unknown as Flavor;
  t.teardown(async () => {
    await until(() => !isPopulated(cgroup, cgroupPath(cgroup, pod.cgroup)));
    removeCgroup(cgroup, cgroupPath(cgroup, pod.cgroup));
  });
  const made = new Set<string>();
  const start = (path: string) => {
    const child = resident(t);
    const full = `${pod.cgroup}/${path}`;
    if (!made.has(path)) {
      createCgroup({hierarchies: [trackingHierarchy(cgroup)].flatMap((one) => one ?? [])}, cgroupPath(cgroup, full));
      made.add(path);
    }
    writeFileSync(`${directory(full)}/cgroup.procs`, String(child.pid));
    return child;
  };
  const supervisor = resident(t);
  const running = () => runningPod(pod, facts, identify(supervisor.pid) ?? {pid: 0, startTime: 0}, flavor);
  return {pod, flavor, supervisor, start, running};
};

kernelTest('the oldest process of its own cgroup stands for an app', async (t) => {
  const {start, running, supervisor} = supervised(t, 'one', 'two');
  const one = start('payload/app-one.service');
  await tickAfter(one.pid);
  start('payload/app-one.service');
  const two = start('payload/app-two.service/deeper');
  const {appProcesses, supervisor: seen} = running();
  t.deepEqual(seen, identify(supervisor.pid));
  t.deepEqual(appProcesses, {one: identify(one.pid), two: identify(two.pid)});
});

kernelTest('an app that has ended has no process, whatever else runs in the pod', async (t) => {
  const {start, running} = supervised(t, 'one', 'two', 'never');
  const one = start('payload/app-one.service');
  const two = start('payload/app-two.service');
  start('supervisor');
  await one.end();
  t.deepEqual(running().appProcesses, {two: identify(two.pid)});
});

kernelTest('a flavor that looks for an app outside its pod is refused', (t) => {
  const {pod} = supervised(t, 'one');
  for (const path of ['../other', '/', '', 'payload//app', 'payload/./app']) {
    const flavor = {declaration: {name: 'test', properties: []}, appCgroup: () => path} as unknown as Flavor;
    t.throws(() => runningPod(pod, facts, {pid: 1, startTime: 1}, flavor), {code: 'RKT_FLAVOR_PLAN_INVALID'}, path);
  }
});

kernelTest(
  'a launched program that forks: the app is its child, or who a file names, if it is in the pod',
  async (t) => {
    const {pod, start, supervisor} = supervised(t, 'one');
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-app-place-'));
    t.teardown(() => rmSync(directory, {recursive: true}));
    const inside = start('payload');
    const write = (content: string) => writeFileSync(path.join(directory, 'pid'), content);
    const find = (place: unknown, from = process.pid) => {
      const flavor = {declaration: {name: 'test', properties: []}, appProcess: () => place} as unknown as Flavor;
      const launched = identify(from) ?? {pid: 0, startTime: 0};
      return runningPod({...pod, directory: directory as HostPath}, facts, launched, flavor).appProcesses.one;
    };
    const file = {in: 'pid-file', path: 'pid'};
    t.is(find(file), undefined);
    write(`${inside.pid}\n`);
    t.deepEqual(find(file), identify(inside.pid));
    // Of another pod, no number, or not there any more.
    for (const content of [`${supervisor.pid}\n`, `${inside.pid} `, '', '-1', '1'.repeat(40), '4194304']) {
      write(content);
      t.is(find(file), undefined, content);
    }
    rmSync(path.join(directory, 'pid'));
    symlinkSync('/proc/self/loginuid', path.join(directory, 'pid'));
    t.is(find(file), undefined);
    // Both are children of this process; one is in the cgroup of the pod.
    t.deepEqual(find({in: 'child', generation: 1}), identify(inside.pid));
    t.is(find({in: 'child', generation: 2}), undefined);
    t.is(find({in: 'child', generation: 1}, inside.pid), undefined);
    for (const place of [
      undefined,
      {in: 'pid-file', path: '../pid'},
      {in: 'pid-file', path: '/pid'},
      {in: 'child'},
      {in: 'child', generation: 9},
      {in: 'child', generation: 1, path: 'x'},
    ]) {
      t.throws(() => find(place), {code: 'RKT_FLAVOR_PLAN_INVALID'} as never, JSON.stringify(place));
    }
  },
);

/** Ends a process, which stays there until its parent, this process, gets to look for its children. */
const end = (pid: number): void => {
  const identity = identify(pid);
  process.kill(pid, 'SIGKILL');
  while (identity !== undefined && isAlive(identity));
};

const NO_STEPS = {filesystem: [], environment: [], launch: {into: 'host'}} as unknown as Plan;

const promise = (name: string, readBack: () => object) =>
  ({
    entries: [
      {
        name,
        app: 'one',
        verdict: 'enforced',
        get readBack() {
          return readBack();
        },
      },
    ],
  }) as unknown as EnforcementReport;

kernelTest('S20 an app that ends before it is verified, or while it is, is said to have ended', (t) => {
  const code = 'RKT_POD_APP_NOT_RUNNING';
  for (const [name, from] of [
    ['kernel-paths/masked', 'mountinfo'],
    ['os/linux/oom-score-adj', 'oom-score-adj'],
    ['nothing that is read', 'limits'],
  ] as const) {
    const {pod, start, running} = supervised(t, 'one');
    const {pid} = start('payload/app-one.service');
    const paths = {maskedPaths: ['/proc/kcore'], readOnlyPaths: ['/proc/sys']} as unknown as Pod; // by their brand
    const seen = {...running(), ...paths, apps: pod.apps};
    const report = promise(name, () => {
      if (isAlive(seen.appProcesses.one ?? {pid: 0, startTime: 0})) end(pid);
      return {from};
    });
    const error = t.throws<RktError>(() => verify(seen, report, NO_STEPS, facts), {code}, name);
    t.is(error?.fields.app, 'one');
    t.throws(() => verify(seen, report, NO_STEPS, facts), {code}, name);
  }
});

kernelTest('S20 an app whose end has begun is said to have ended, though it is still there', async (t) => {
  const {pod, start, running} = supervised(t, 'one');
  start('payload/app-one.service');
  const one = await endingProcess(t);
  t.true(isAlive(one));
  const seen = {...running(), apps: pod.apps, appProcesses: {one}};
  const report = promise('os/linux/oom-score-adj', () => ({from: 'oom-score-adj'}));
  t.throws<RktError>(() => verify(seen, report, NO_STEPS, facts), {code: 'RKT_POD_APP_NOT_RUNNING'});
});

/** linux/ptrace.h */
const PTRACE_SEIZE = 0x4206;

kernelTest('S35 an app whose filter cannot be read because it is traced has not been verified', (t) => {
  const {pod, start, running} = supervised(t, 'one');
  const {pid} = start('payload/app-one.service');
  const seccomp: SeccompFilter = {default: {action: 'errno', errno: 1}, rules: []};
  const [app] = pod.apps;
  if (app === undefined) throw new Error('no app');
  const host = readBack('self');
  const evidence: Evidence = {
    pod: {...pod, ...running()},
    app: {...app, process: {...app.process, seccomp}},
    pid,
    state: {...readBack(pid), seccomp: 'filter', seccompFilters: 1},
    host: {...host, seccomp: 'disabled', seccompFilters: 0},
    mounts: [],
    facts,
  };
  syscall('ptrace', [PTRACE_SEIZE, pid, null, null], `process ${pid}`);
  t.deepEqual(
    checkFilter(evidence).map(({holds}) => holds),
    [!filtersAreShown()],
  );
  // A rkt that has a filter itself sees nobody's.
  t.like(checkFilter({...evidence, host: {...host, seccomp: 'filter', seccompFilters: 0}}), [
    {holds: true, unseen: true},
  ]);
});

testIf(lacks('root', 'cgroup/pids'))('a limit is read back where the app is, and above it within the pod', (t) => {
  const {pod, start, running} = supervised(t, 'one');
  const child = start('payload/app-one.service');
  // In its hierarchy, the limit may be in a cgroup of another name.
  const used = {hierarchies: usedHierarchies(cgroup, {pidsMax: 7})};
  const place = cgroupPath(cgroup, `${pod.cgroup}/slice/app-one.service`);
  const limited = {...pod, apps: pod.apps.map((app) => ({...app, limits: {pidsMax: 7}}))};
  for (const {version, mountPoint, controllers} of used.hierarchies) {
    if (version === 2 || !controllers.includes('pids')) continue;
    createCgroup({hierarchies: used.hierarchies.filter((one) => one.mountPoint === mountPoint)}, place);
    writeFileSync(`${mountPoint}${place}/cgroup.procs`, String(child.pid));
  }
  const v1 = used.hierarchies.some(({version, controllers}) => version === 1 && controllers.includes('pids'));
  const holder = v1 ? place : cgroupPath(cgroup, `${pod.cgroup}/payload`);
  const report = {
    entries: [{name: 'resource/pids', app: 'one', verdict: 'enforced', readBack: {from: 'cgroup', limit: 'pidsMax'}}],
  } as unknown as EnforcementReport;
  const check = () =>
    verify({...limited, ...running(), apps: limited.apps}, report, NO_STEPS, facts).find(
      ({name}) => name === 'resource/pids',
    );
  t.like(check(), {holds: false});
  setLimits(cgroup, holder, {pidsMax: 7});
  t.like(check(), {holds: true, actual: '7'});
  setLimits(cgroup, holder, {pidsMax: 8});
  t.like(check(), {holds: false, actual: '8'});
});
