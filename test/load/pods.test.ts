import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {atMost} from '../helpers/at-most.ts';
import {rktEnvironment} from '../helpers/command.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leftBy} from '../helpers/left-by.ts';
import {processesOfPod, runApps} from '../helpers/nspawn.ts';
import {release} from '../helpers/release.ts';
import {serialTestIf, type Test} from '../helpers/skip.ts';
import {type Scope, snapshot} from '../helpers/snapshot.ts';
import {until} from '../helpers/until.ts';
import {STAY} from '../nspawn/support/scripts.ts';

/* Many pods of systemds at once on one host; afterwards it is as it was. */

const loadTest = serialTestIf(lacksPods('program/systemd-nspawn'));

/** A sample, unless there is time for more than hosts commonly have. */
const MANY = env.RKT_TEST_LONG === '1' ? 200 : 12;
/** How many of them are asked to end, and not killed. */
const ASKED = Math.ceil(MANY / 10);
const AT_ONCE = 10;
const STARTERS = 4;

interface Running {
  readonly uuid: string;
  readonly child: ChildProcess;
  /** The status that the rkt process, now systemd-nspawn, has ended with. */
  readonly ended: Promise<number | null>;
}

const files = new Map<Host, number>();

/** Starts a pod and returns once all of it runs. */
const start = async (host: Host, image: string, script = STAY): Promise<Running> => {
  const number = (files.get(host) ?? 0) + 1;
  files.set(host, number);
  const file = path.join(host.directory, `uuid-${number}`);
  const [program, ...args] = host.command(...runApps([`--uuid-file-save=${file}`], {name: 'app', image, script}));
  const said = `${file}.stderr`;
  const stderr = openSync(said, 'w');
  const child = spawn(program, args, {
    cwd: host.directory,
    env: {...rktEnvironment},
    stdio: ['ignore', 'ignore', stderr],
  });
  closeSync(stderr);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const uuid = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  const ready = () => existsSync(path.join(host.data, 'pods/run', uuid(), 'stage1/rootfs/rkt/supervisor-status'));
  await until(() => {
    if (uuid() !== '' && ready()) return true;
    if (child.exitCode === null) return false;
    throw new Error(`the pod has ended with ${child.exitCode}: ${readFileSync(said, 'utf8')}`);
  }, 240_000);
  return {uuid: uuid(), child, ended};
};

/** All of them, or the first error, once nothing is on its way any more. */
const allOf = async (starts: readonly Promise<Running>[]): Promise<Running[]> => {
  await Promise.allSettled(starts);
  return Promise.all(starts);
};

const readyHost = async (t: Test) => {
  const host = openHost();
  t.teardown(() => host.close());
  const image = await host.fetch();
  const pods = new Set<string>();
  // The tests' own files, and caches of the store, are no residue.
  const ignoredFiles = /\/uuid-\d+(\.stderr)? |\/data\/cas\/(checked|seccomp)\b/;
  const scope: Scope = {directories: [host.directory], pods, ignoredFiles};
  const collect = async () => {
    for (let round = 0; round < 2; round++) {
      const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s'], {timeout: 0});
      if (exitCode !== 0) throw new Error(stderr);
    }
  };
  // What a first pod makes for all others is no residue. It may have ended before it could tell that it runs.
  const first = await host.rkt(runApps([], {name: 'app', image, script: 'exit 0'}), {timeout: 240_000});
  t.is(first.exitCode, 0, first.stderr);
  await collect();
  return {host, image, pods, scope, collect, before: snapshot(scope)};
};

const LIMIT = '/proc/sys/fs/inotify/max_user_instances';

const targets = (directory: string): string[] => {
  try {
    return readdirSync(directory).map((name) => readlinkSync(path.join(directory, name)));
  } catch {
    // Processes end and close files while one looks.
    return [];
  }
};
const inotifyInstances = (): number =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => targets(`/proc/${pid}/fd`))
    .filter((target) => target === 'anon_inode:inotify').length;

/** A systemd takes three inotify instances, and hosts commonly let root have 128. Puts it back in the end, unless somebody else lives on more by then. */
const allowInotify = (t: Test) => {
  const before = Number(readFileSync(LIMIT, 'utf8'));
  if (before >= 4 * MANY) return;
  writeFileSync(LIMIT, String(8 * MANY));
  t.teardown(() => {
    if (inotifyInstances() < before) writeFileSync(LIMIT, String(before));
  });
};

loadTest(`${AT_ONCE} pods that start at once all run, and end each with its own status`, async (t) => {
  t.timeout(15 * 60_000);
  allowInotify(t);
  const {host, image, pods, scope, collect, before} = await readyHost(t);
  const all = Array.from({length: AT_ONCE}, (_, index) =>
    start(host, image, `until [ -e /go ]; do sleep 0.2; done; exit ${index + 1}`),
  );
  const started = await allOf(all);
  for (const {uuid} of started) pods.add(uuid);
  const listed = await host.pods();
  t.is(listed.filter(({state}) => state === 'running').length, AT_ONCE);
  for (const {uuid} of started) await release(t, host, uuid, '/go');
  t.deepEqual(
    await Promise.all(started.map(({ended}) => ended)),
    started.map((_, index) => index + 1),
  );
  t.deepEqual(await leftBy(collect, before, scope), {});
});

loadTest(`${MANY} pods run at once, are stopped and collected, and nothing is left`, async (t) => {
  t.timeout(30 * 60_000);
  allowInotify(t);
  const {host, image, pods, scope, collect, before} = await readyHost(t);
  const limited = atMost(STARTERS);
  const began = performance.now();
  const started = await allOf(Array.from({length: MANY}, () => limited(() => start(host, image))));
  for (const {uuid} of started) pods.add(uuid);
  const running = performance.now();

  t.is(pods.size, MANY);
  const listed = await host.pods();
  t.is(listed.filter(({state}) => state === 'running').length, MANY);
  t.true(started.every(({uuid}) => processesOfPod(uuid).length >= 4));

  const [orderly, forced] = [started.slice(0, ASKED), started.slice(ASKED)];
  const stop = (flags: readonly string[], some: readonly Running[]) =>
    host.rkt(['stop', ...flags, ...some.map(({uuid}) => uuid)], {timeout: 0});
  t.is((await stop([], orderly)).exitCode, 0);
  t.is((await stop(['--force'], forced)).exitCode, 0);
  await Promise.all(started.map(({ended}) => ended));
  t.deepEqual(
    (await host.pods()).filter(({state}) => state !== 'exited'),
    [],
  );
  const stopped = performance.now();
  t.deepEqual(await leftBy(collect, before, scope), {});
  const collected = performance.now();
  t.deepEqual(host.podDirectories(), {});
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`;
  t.log(
    `started in ${seconds(began, running)}, stopped in ${seconds(running, stopped)}, collected in ${seconds(stopped, collected)}`,
  );
});
