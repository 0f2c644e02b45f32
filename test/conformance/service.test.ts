import {randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cgroupDirectories, processesBelow} from '../helpers/cgroup.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {processesOfPod} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* A pod whose rkt was started by a service manager, which is played by the test: a cgroup in every hierarchy, that of a service by its name. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('cgroup/memory', 'cgroup/pids'));

/** Where each hierarchy of this host is mounted, with its controllers. */
const hierarchies = (): {mountPoint: string; options: string[]}[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => ({mountPoint: line.split(' ')[4] ?? '', options: line.split(' ').at(-1)?.split(',') ?? []}));

/** Ends all that is in a cgroup, and removes it. */
const remove = async (directory: string) => {
  killAll(directory);
  await until(() => processesBelow(directory).length === 0);
  const names = readdirSync(directory, {withFileTypes: true}).filter((entry) => entry.isDirectory());
  for (const {name} of names) await remove(path.join(directory, name));
  rmdirSync(directory);
};

/** @param main killed first, as a service manager does it: without the others it would end by itself, with a status of its own */
const killAll = (directory: string, main?: number) => {
  const found = processesBelow(directory).map(Number);
  for (const pid of found.toSorted((a, b) => Number(b === main) - Number(a === main))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
};

/** Makes the cgroups of a service. */
const makeService = (t: ExecutionContext): {name: string; directories: string[]; through: string[]} => {
  const name = `/rkt-test-${randomUUID()}.service`;
  const directories = hierarchies().map(({mountPoint, options}) => {
    const directory = `${mountPoint}${name}`;
    mkdirSync(directory);
    t.teardown(() => remove(directory));
    if (options.includes('cpuset'))
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        writeFileSync(path.join(directory, file), readFileSync(path.join(mountPoint, file)));
    return directory;
  });
  // As a service manager does it, before it starts the program.
  const script = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 99; shift; done; shift; exec "$@"';
  return {name, directories, through: ['/bin/sh', '-c', script, 'sh', ...directories, '--']};
};

/** Of a process: a file in /proc, empty when it has ended. */
const ofProcess = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};
const isThere = (pid: number): boolean => /\) [^ZX] /.test(ofProcess(pid, 'stat'));

/** None of one that has ended. */
const placesOf = (pid: number): string[] => {
  const lines = ofProcess(pid, 'cgroup').trim().split('\n');
  return isThere(pid) ? lines.map((line) => line.split(':').slice(2).join(':')) : [];
};

kernelTest(
  "a pod is below its service's cgroup in every hierarchy: its limits, its list of processes and its last kill reach all of it",
  async (t) => {
    const {name, directories, through} = makeService(t);
    const pod = await host.start(
      `trap '' HUP INT TERM; mkfifo /tmp/stay; cat /tmp/stay & echo ready; while read -r line; do :; done`,
      {
        through,
        app: ['--memory=64Mi', '--pids=20'],
      },
    );
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    t.is(verified.exitCode, 0, verified.stderr);
    for (const directory of cgroupDirectories(pod.uuid))
      t.true(directories.includes(path.dirname(directory)), directory);
    const members = processesOfPod(pod.uuid);
    for (const pid of members)
      for (const place of placesOf(pid))
        t.true(place === '/' || `${place}/`.startsWith(`${name}/`), `${pid}: ${place}`);
    // Whichever of its hierarchies a service manager looks at.
    for (const directory of directories) {
      const found = processesBelow(directory).map(Number);
      t.deepEqual(
        members.filter((pid) => !found.includes(pid) && isThere(pid)),
        [],
        directory,
      );
    }
    // The others have ended since they were listed.
    t.true(members.filter(isThere).length >= 2);
    killAll(directories[0] ?? '', pod.child.pid);
    t.is((await pod.ended).exitCode, 137);
    await t.notThrowsAsync(until(() => processesOfPod(pod.uuid).length === 0));
    t.is((await host.pods()).find(({name: uuid}) => uuid === pod.uuid)?.state, 'exited');
    t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
    t.deepEqual(cgroupDirectories(pod.uuid), []);
    t.true(directories.every((directory) => existsSync(directory)));
  },
);
