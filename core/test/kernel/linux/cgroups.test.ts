import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {constants, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {createInterface} from 'node:readline';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {said} from '../../../../test/helpers/said.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import type {HostPath} from '../../../src/contract/index.ts';
import type {CgroupFacts} from '../../../src/linux/cgroup-hierarchies.ts';
import {isPopulated, processesOf} from '../../../src/linux/cgroup-members.ts';
import {cgroupPath} from '../../../src/linux/cgroup-paths.ts';
import {createCgroup} from '../../../src/linux/create-cgroup.ts';
import {makeDirectory} from '../../../src/linux/directory-entry.ts';
import type {Fd} from '../../../src/linux/fd.ts';
import {joinCgroup} from '../../../src/linux/join-cgroup.ts';
import {killCgroup} from '../../../src/linux/kill-cgroup.ts';
import {liftThrottles} from '../../../src/linux/lift-throttles.ts';
import {oomKills} from '../../../src/linux/oom-kills.ts';
import {openEntry, openHost} from '../../../src/linux/openat2.ts';
import {parseProcCgroup} from '../../../src/linux/proc-cgroup.ts';
import {readLimits} from '../../../src/linux/read-cgroup-limits.ts';
import {removeCgroup} from '../../../src/linux/remove-cgroup.ts';
import {setLimits} from '../../../src/linux/set-cgroup-limits.ts';
import {trackingHierarchy, usedHierarchies} from '../../../src/linux/used-hierarchies.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {gatherHostFacts} from '../../../src/stage1/facts/host-facts.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const cgroupTest = testIf(lacks('root', 'cgroups'));
const limitTest = testIf(lacks('root', 'cgroup/memory', 'cgroup/cpu', 'cgroup/pids'));

const FIXTURE = new URL('fixtures/in-cgroup.ts', import.meta.url);
const {cgroup: facts} = gatherHostFacts();
const hasThreads = trackingHierarchy(facts)?.version === 2;
const threadTest = testIf(lacks('root', 'cgroups') ?? (hasThreads ? undefined : 'no cgroup2 is mounted'));

/** A cgroup of its own in every hierarchy, gone at the end of the test. */
const cgroup = (t: {teardown: (action: () => void) => void}): string => {
  const path = cgroupPath(facts, `test-${randomUUID()}`);
  t.teardown(() => {
    killCgroup(facts, path);
    removeCgroup(facts, path);
  });
  createCgroup(facts, path);
  return path;
};
const directories = (path: string): string[] => facts.hierarchies.map(({mountPoint}) => `${mountPoint}${path}`);

const inhabit = (path: string): ChildProcess & {said: () => Promise<string>} => {
  const child = spawn(process.execPath, [...builtFixture(FIXTURE), path], {stdio: ['pipe', 'pipe', 'inherit']});
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
  const said = async () => String(JSON.parse((await lines.next()).value ?? 'null'));
  return Object.assign(child, {said});
};

cgroupTest('a cgroup exists in every hierarchy, is joined in all of them, and is left again', async (t) => {
  const path = cgroup(t);
  t.true(directories(path).every((directory) => existsSync(directory)));
  t.false(isPopulated(facts, path));
  t.throws(() => createCgroup(facts, path), {code: 'EEXIST'});
  const child = inhabit(path);
  const joined = parseProcCgroup(await child.said());
  t.deepEqual(joined.filter((membership) => membership.path === path).length, facts.hierarchies.length);
  t.true(isPopulated(facts, path));
  t.deepEqual(processesOf(facts, path), [child.pid]);
  child.stdin?.write('leave\n');
  const left = parseProcCgroup(await child.said());
  t.true(left.every((membership) => membership.path !== path));
  await until(() => !isPopulated(facts, path));
  child.stdin?.write('end\n');
  await once(child, 'exit');
});

cgroupTest('kill ends every process, also in cgroups below, and no other', async (t) => {
  const path = cgroup(t);
  const below = `${path}/below`;
  createCgroup(facts, below);
  const children = [inhabit(path), inhabit(below)];
  for (const child of children) await child.said();
  const outside = spawn('/bin/cat', {stdio: ['pipe', 'pipe', 'inherit']});
  t.teardown(() => outside.kill('SIGKILL'));
  const ended = children.map((child) => once(child, 'exit'));
  t.true(isPopulated(facts, path));
  killCgroup(facts, path);
  t.deepEqual(
    (await Promise.all(ended)).map(([, signal]) => signal),
    ['SIGKILL', 'SIGKILL'],
  );
  // Who has ended is there until the kernel has put it away.
  await until(() => !isPopulated(facts, path));
  const [answer] = await Promise.all([said(outside), outside.stdin.write('still here')]);
  t.is(answer, 'still here');
  removeCgroup(facts, path);
  t.true(directories(path).every((directory) => !existsSync(directory)));
});

/** As many processes as there may be, each of which forks as soon as another has been killed. */
const BOMB = `
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sys.stdin.readline()
while True:
    try: os.fork()
    except OSError: pass`;
const MOST = 40;
/** As where the kernel has no way to kill them all at once. */
const v1 = {...facts, hierarchies: facts.hierarchies.filter(({version}) => version === 1)};
const hasPids = v1.hierarchies.some(({controllers}) => controllers.includes('pids'));
const forkTest = testIf(
  lacks('root', 'cgroups', 'program/python3') ?? (hasPids ? undefined : 'no pids controller of cgroup v1'),
);

forkTest('S10 processes that fork while they are killed may do so no more, and are all killed', async (t) => {
  const path = cgroupPath(v1, `test-${randomUUID()}`);
  const used = {hierarchies: usedHierarchies(v1, {})};
  const files = (name: string) =>
    used.hierarchies.map(({mountPoint}) => `${mountPoint}${path}/${name}`).filter((file) => existsSync(file));
  const write = (name: string, value: string) => {
    for (const file of files(name)) writeFileSync(file, value);
  };
  createCgroup(used, path);
  t.teardown(() => {
    write('pids.max', '0');
    killCgroup(v1, path);
    removeCgroup(v1, path);
  });
  write('pids.max', String(MOST));
  const bomb = spawn('/usr/bin/python3', ['-c', BOMB], {stdio: ['pipe', 'inherit', 'inherit']});
  t.teardown(() => bomb.kill('SIGKILL'));
  write('cgroup.procs', String(bomb.pid));
  bomb.stdin.write('go\n');
  await until(() => processesOf(v1, path).length === MOST);
  t.notThrows(() => killCgroup(v1, path));
  t.false(isPopulated(v1, path));
  t.deepEqual(
    files('pids.max').map((file) => readFileSync(file, 'utf8')),
    ['0\n'],
  );
});

const diskTest = testIf(lacks('root') ?? (lacks('cgroup/io') === undefined ? undefined : lacks('cgroup/blkio')));

diskTest('limits of disks are taken away from a cgroup and those below it', (t) => {
  const path = cgroup(t);
  const limits = {ioBandwidth: 2 ** 20, ioOperations: 100};
  createCgroup(facts, `${path}/below`);
  for (const each of facts.hierarchies[0]?.version === 2 ? [path] : [path, `${path}/below`])
    setLimits(facts, each, limits);
  const shown = () =>
    directories(path).flatMap((directory) =>
      [directory, `${directory}/below`].flatMap((each) =>
        readdirSync(each)
          .filter((name) => /^(io\.max|blkio\.throttle\.(read|write)_(bps|iops)_device)$/.test(name))
          .map((name) => readFileSync(`${each}/${name}`, 'utf8'))
          .filter((text) => text !== ''),
      ),
    );
  t.not(shown().length, 0);
  liftThrottles(facts, path);
  t.deepEqual(shown(), []);
});

cgroupTest('what does not exist is not populated, and is removed and killed without complaint', (t) => {
  const path = cgroupPath(facts, `test-${randomUUID()}`);
  t.false(isPopulated(facts, path));
  t.notThrows(() => killCgroup(facts, path));
  t.notThrows(() => removeCgroup(facts, path));
});

cgroupTest('a cgroup with a process is not removed', async (t) => {
  const path = cgroup(t);
  const child = inhabit(path);
  await child.said();
  const error = t.throws(() => removeCgroup(facts, path), {instanceOf: RktError});
  t.is(error?.code, 'RKT_CGROUP_REMOVE_FAILED');
});

const READ = constants.O_RDONLY | constants.O_DIRECTORY;
/** No UTF-8, and 17 of them are longer than any path may be. */
const NAME = Buffer.concat([Buffer.from([0xff]), Buffer.alloc(249, 'a')]);

/** Cgroups in one another, as who has one for its own can make them; the deepest. */
const makeDeep = (directory: string): Fd => {
  let here = openHost(directory, READ);
  for (let depth = 0; depth < 20; depth++) {
    using above = here;
    makeDirectory(above, NAME, 0o755);
    here = openEntry(above, NAME, READ);
  }
  return here;
};

/** The one directory of a cgroup that says which processes it has. */
const tracked = (path: string) => {
  const hierarchies = [trackingHierarchy(facts)].flatMap((one) => one ?? []);
  return {hierarchies, directory: `${hierarchies[0]?.mountPoint}${path}`};
};

cgroupTest('S10 cgroups deeper than a path, of names that are no text, hide nothing and stop nobody', async (t) => {
  const path = cgroup(t);
  const {hierarchies, directory} = tracked(path);
  const child = inhabit(path);
  await child.said();
  {
    using deepest = makeDeep(directory);
    writeFileSync(`${deepest.path}/cgroup.procs`, String(child.pid), {flag: 'r+'});
  }
  t.true(isPopulated(facts, path));
  t.deepEqual(processesOf({...facts, hierarchies}, path), [child.pid]);
  const ended = once(child, 'exit');
  killCgroup(facts, path);
  t.is((await ended)[1], 'SIGKILL');
  removeCgroup(facts, path);
  t.true(directories(path).every((each) => !existsSync(each)));
});

limitTest('S10 what has been killed for want of memory is counted however deep the cgroups are', (t) => {
  const path = cgroup(t);
  const memory = facts.hierarchies.find(({controllers}) => controllers.includes('memory'));
  const directory = `${memory?.mountPoint}${path}`;
  makeDeep(directory).close();
  t.notThrows(() => oomKills({version: memory?.version ?? 2, directory}));
});

threadTest('S10 a cgroup of threads hides no process and keeps none alive', async (t) => {
  const path = cgroup(t);
  const {hierarchies, directory} = tracked(path);
  const child = inhabit(path);
  await child.said();
  const threads = `${directory}/threads`;
  mkdirSync(threads);
  writeFileSync(`${threads}/cgroup.type`, 'threaded', {flag: 'r+'});
  writeFileSync(`${threads}/cgroup.procs`, String(child.pid), {flag: 'r+'});
  t.throws(() => readFileSync(`${threads}/cgroup.procs`));
  t.deepEqual(processesOf({...facts, hierarchies}, path), [child.pid]);
  const ended = once(child, 'exit');
  killCgroup(facts, path);
  t.is((await ended)[1], 'SIGKILL');
  removeCgroup(facts, path);
  t.false(existsSync(directory));
});

limitTest('limits are what the kernel shows', (t) => {
  const path = cgroup(t);
  const limits = {
    memoryMax: 33_554_433,
    memorySwapMax: 0,
    memoryLow: 1_048_576,
    cpuMax: 1500,
    cpuShares: 512,
    pidsMax: 30,
  };
  setLimits(facts, path, limits);
  const readings = readLimits(facts, path, limits);
  t.deepEqual(
    new Set(readings.map(({limit}) => limit)),
    new Set([
      'memoryMax',
      ...(countsSwap(path) ? ['memorySwapMax'] : []),
      'memoryLow',
      'cpuMax',
      'cpuShares',
      'pidsMax',
    ]),
  );
  for (const {wanted, actual} of readings) t.is(actual, wanted);
  const [changed] = readLimits(facts, path, {pidsMax: 31});
  t.deepEqual([changed?.wanted, changed?.actual], ['31', '30']);
});

const countsSwap = (path: string) =>
  directories(path).some((directory) =>
    ['memory.swappiness', 'memory.swap.max'].some((file) => existsSync(`${directory}/${file}`)),
  );

limitTest('a cgroup of v1 that is made below one that swaps nothing swaps nothing', (t) => {
  const path = cgroup(t);
  setLimits(facts, path, {memorySwapMax: 0});
  const below = `${path}/below`;
  createCgroup(facts, below);
  const values = directories(below)
    .map((directory) => `${directory}/memory.swappiness`)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim());
  t.deepEqual(
    values,
    values.map(() => '0'),
  );
});

const v2Test = testIf(lacks('root') ?? (facts.mode === 'v2' ? undefined : 'cgroup v2 is not alone here'));

v2Test('a cgroup gets the controllers that limits below it need', (t) => {
  const path = cgroup(t);
  setLimits(facts, path, {}, ['name=systemd', 'memory', 'pids']);
  const controllers = readFileSync(`${directories(path)[0]}/cgroup.controllers`, 'utf8')
    .trim()
    .split(' ');
  t.true(
    ['memory', 'pids'].every((name) => controllers.includes(name)),
    controllers.join(' '),
  );
});

limitTest('a limit that the kernel refuses, or does not hold, is an error', (t) => {
  const path = cgroup(t);
  for (const limits of [{pidsMax: -5}, {cpuMax: 0}]) {
    const error = t.throws(() => setLimits(facts, path, limits), {instanceOf: RktError});
    t.is(error?.code, 'RKT_CGROUP_LIMIT_NOT_HELD');
  }
});

limitTest('a limit without its controller is an error that names both', (t) => {
  const path = cgroup(t);
  const without: CgroupFacts = {...facts, controllers: facts.controllers.filter((name) => name !== 'memory')};
  const error = t.throws(() => setLimits(without, path, {memoryMax: 1 << 25}), {instanceOf: RktError});
  t.deepEqual(
    [error?.code, error?.fields.limit, error?.fields.controller],
    ['RKT_CGROUP_CONTROLLER_MISSING', 'memoryMax', 'memory'],
  );
});

cgroupTest('nothing is written to what is no cgroup file system', (t) => {
  const directory = mkdtempSync(`${tmpdir()}/rkt-linux-cgroup-`);
  t.teardown(() => rmSync(directory, {recursive: true}));
  const hierarchy = {version: 1 as const, mountPoint: directory as HostPath, controllers: ['hugetlb'], own: '/'};
  const wrong: CgroupFacts = {...facts, hierarchies: [hierarchy]};
  const actions = [() => createCgroup(wrong, '/x'), () => joinCgroup(wrong, '/x'), () => isPopulated(wrong, '/x')];
  for (const action of actions) {
    t.is(t.throws(action, {instanceOf: RktError})?.code, 'RKT_CGROUP_NOT_MOUNTED');
  }
  t.deepEqual(readdirSync(directory), []);
});

cgroupTest('a path that would leave the hierarchy is refused', (t) => {
  t.throws(() => createCgroup(facts, '/rkt/../../x'));
});

threadTest('EX-57 where the kernel counts no swap, its limit holds for as long as there is none', (t) => {
  const directory = mkdtempSync(`${tmpdir()}/rkt-swap-`);
  t.teardown(() => rmSync(directory, {recursive: true}));
  // Nothing is handed down to it, so that it has no file of the memory controller.
  const path = `${cgroup(t)}/below`;
  createCgroup(facts, path);
  const {mountPoint = ''} = trackingHierarchy(facts) ?? {};
  const fixture = builtFixture(new URL('fixtures/with-swap.ts', import.meta.url));
  const output = execFileSync(process.execPath, [...fixture, directory, mountPoint, path], {encoding: 'utf8'});
  // Of this one cgroup there is nothing to compare; then there is none that has the limit.
  t.deepEqual(JSON.parse(output), [[[]], []]);
});
