import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';
import {until} from '../helpers/until.ts';
import {read} from './machine-pods.ts';
import {cleanEnvironment} from './measure.ts';
import {type MemoryCgroup, memoryCgroup} from './memory-cgroup.ts';
import {findPeers} from './peers.ts';
import {mib, printTable} from './table.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

/** Pods of rkt at once: what several share counts as on a host that has several, and what the kernel charges in advance is shared as well. Others cannot run one directory several times. */
const PODS = 4;
const SLEEP = '/bin/sleep';
const FLAVORS = ['fly', 'nspawn'];

/** Memory in MiB. */
interface Asleep {
  readonly beside: readonly {readonly name: string; readonly pss: number}[];
  /** What their cgroup is charged with, the apps included. */
  readonly charged: number;
}

type Start = (...command: string[]) => readonly string[];

/** A process's own share of memory, in MiB. */
const pss = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
const argumentsOf = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
const parentOf = (pid: number): number => Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1] ?? 0);
const pids = (): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);

let marks = 86_000;

/** Starts commands that sleep, and looks at what came with them besides the sleepers themselves. */
const sleepers = async (start: Start, count: number): Promise<Asleep> => {
  const before = new Set(pids());
  const mark = `${++marks}`;
  using cgroup = memoryCgroup();
  const children = Array.from({length: count}, () => startIn(cgroup, start(SLEEP, mark)));
  const ended = Promise.all(children.map((child) => once(child, 'exit')));
  const isApp = (pid: number): boolean => argumentsOf(pid).join(' ') === `${SLEEP} ${mark}`;
  const came = (): number[] => pids().filter((pid) => !before.has(pid));
  try {
    await until(() => came().filter(isApp).length === count);
    // Those beside may have something to do still.
    await setTimeout(1000);
    // Others may have started something meanwhile: only what is related by parents, or has the mark, counts.
    const own = new Set(children.map(({pid}) => pid));
    const isRelated = (pid: number, depth = 0): boolean =>
      own.has(pid) || (depth < 8 && pid > 1 && isRelated(parentOf(pid), depth + 1));
    const beside = came()
      .filter((pid) => !isApp(pid) && (isRelated(pid) || argumentsOf(pid).includes(mark)))
      .map((pid) => ({name: read(`/proc/${pid}/comm`), pss: pss(pid)}));
    return {beside, charged: cgroup?.usage() ?? Number.NaN};
  } finally {
    for (const pid of came().filter(isApp)) process.kill(pid, 'SIGKILL');
    await ended;
    if (cgroup !== undefined) await until(cgroup.isEmpty);
  }
};

const startIn = (cgroup: MemoryCgroup | undefined, command: readonly string[]): ChildProcess => {
  const [file = '', ...args] = cgroup?.within(command) ?? command;
  return spawn(file, args, {env: cleanEnvironment, stdio: 'ignore'});
};

/** Each kind of process, how many a pod has, and their memory. */
const listed = (beside: Asleep['beside'], count: number): string =>
  [...new Set(beside.map(({name}) => name))]
    .map((name) => {
      const alike = beside.filter((process) => process.name === name);
      return `${alike.length / count} ${name} ${mib(total(alike) / count)}`;
    })
    .join(', ');

const total = (processes: Asleep['beside']): number => processes.reduce((sum, {pss: share}) => sum + share, 0);

/** Memory of whatever stays beside an app that sleeps: of each process, and all of it, what the kernel has for it included. */
export const bench = async (world: World): Promise<Target[]> => {
  const bare: Start = (...command) => command;
  const rkt =
    (flavor: string): Start =>
    (program = '', ...args) =>
      world.rkt('run', `--stage1=${flavor}`, world.imageId, `--exec=${program}`, '--', ...args);
  const rows: {name: string; beside: Asleep['beside']; count: number; charged: number}[] = [];
  const measure = async (count: number, starts: readonly (readonly [string, Start])[]): Promise<void> => {
    const {charged: apps} = await sleepers(bare, count);
    for (const [name, start] of starts) {
      const {beside, charged} = await sleepers(start, count);
      rows.push({name, beside, count, charged: (charged - apps) / count});
    }
  };
  await measure(
    PODS,
    FLAVORS.map((flavor) => [flavor, rkt(flavor)]),
  );
  await measure(
    1,
    findPeers(world).map(({name, start}) => [name, start]),
  );
  world.call('gc', '--grace-period=0s');
  printTable(
    ['beside an app that sleeps', 'at once', 'cgroup MiB', 'PSS MiB', 'processes'],
    rows.map(({name, beside, count, charged}) => [
      name,
      String(count),
      mib(charged),
      mib(total(beside) / count),
      listed(beside, count),
    ]),
  );
  const row = (wanted: string) => rows.find(({name}) => name === wanted);
  return [
    atMost('fly: processes beside the app', row('fly')?.beside.length ?? Number.NaN, 0, ''),
    atMost('nspawn: memory beside the app', row('nspawn')?.charged ?? Number.NaN, 3, 'MiB'),
  ];
};
