import {type ChildProcess, spawn} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';
import {cleanEnvironment} from './measure.ts';
import {findPeers} from './peers.ts';
import {mib, printTable} from './table.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** A process, and what of memory is its own share, in MiB. */
const pss = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
const argumentsOf = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);
const pids = () =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);

/** Starts a command that sleeps, and adds up all processes that came with it except the sleeper itself. */
const beside = async (command: readonly string[], mark: string): Promise<{processes: number; memory: number}> => {
  const before = new Set(pids());
  const [file = '', ...args] = command;
  const child: ChildProcess = spawn(file, args, {env: cleanEnvironment, stdio: 'ignore'});
  const isApp = (pid: number) => argumentsOf(pid).join(' ').endsWith(`sleep ${mark}`) && argumentsOf(pid).length <= 3;
  for (let round = 0; round < 200 && !pids().some((pid) => !before.has(pid) && isApp(pid)); round++)
    await setTimeout(50);
  await setTimeout(500);
  const came = pids().filter((pid) => !before.has(pid) && pid !== process.pid && argumentsOf(pid).length > 0);
  const app = came.filter(isApp);
  // Others may have started something meanwhile: only what is related by parents or by the mark counts.
  const parent = (pid: number) => Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1] ?? 0);
  const related = (pid: number, depth = 0): boolean =>
    pid === child.pid || (depth < 8 && pid > 1 && related(parent(pid), depth + 1));
  const above = (pid: number, depth = 0): number[] =>
    depth < 8 && pid > 1 && pid !== process.pid && !before.has(pid) ? [pid, ...above(parent(pid), depth + 1)] : [];
  const ours = new Set([
    ...came.filter((pid) => related(pid) || argumentsOf(pid).includes(mark)),
    ...app.flatMap((pid) => above(pid)),
  ]);
  const extra = [...ours].filter((pid) => !isApp(pid));
  const result = {
    processes: app.length === 0 ? Number.NaN : extra.length,
    memory: extra.reduce((sum, pid) => sum + pss(pid), 0),
  };
  for (const pid of app) process.kill(pid, 'SIGKILL');
  await Promise.race([new Promise((resolve) => child.once('exit', resolve)), setTimeout(10_000)]);
  return result;
};

/** Memory of whatever stays beside an app that sleeps. */
export const bench = async (world: World): Promise<Target[]> => {
  let count = 0;
  const mark = () => `${86_000 + ++count}`;
  const rows: [string, {processes: number; memory: number}][] = [];
  const one = mark();
  rows.push([
    'rkt run',
    await beside(world.rkt('run', '--stage1=fly', world.imageId, '--exec=/bin/sleep', '--', one), one),
  ]);
  for (const {name, start} of findPeers(world)) {
    const peerMark = mark();
    rows.push([name, await beside(start('/bin/sleep', peerMark), peerMark)]);
  }
  world.call('gc', '--grace-period=0s');
  printTable(
    ['beside a sleeping app', 'processes', 'PSS MiB'],
    rows.map(([name, {processes, memory}]) => [name, String(processes), mib(memory)]),
  );
  return [atMost('processes of rkt beside the app', rows[0]?.[1].processes ?? Number.NaN, 0, '')];
};
