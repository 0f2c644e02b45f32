import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, rmSync} from 'node:fs';
import path from 'node:path';
import {until} from '../helpers/until.ts';
import type {ByHand} from './machine-by-hand.ts';
import {read, withMachines} from './machine-pods.ts';
import {cleanEnvironment} from './measure.ts';
import {mib, printTable, ratio} from './table.ts';
import type {World} from './world.ts';

/** Prints what of the host's memory QEMU and what is beside it take, of one pod that sleeps and of four, when they have started and once they have given back what they can, and beside a machine that was started by hand; returns the share of each of four at last, in MiB. */
export const measureMemory = async (world: World, hand: ByHand): Promise<number> => {
  const [one, four] = [await memoryOf(world, 1), await memoryOf(world, 4)];
  const alone = await memoryByHand(world, hand);
  const row = (name: string, {pss, rss}: Memory) => [name, mib(pss), mib(rss), ratio(pss / alone.pss)];
  const rows = (when: string, {pss, rss}: Memory, all: Memory) => [
    row(`1, ${when}`, {pss, rss}),
    row(`4, ${when}`, {pss: all.pss / 4, rss: all.rss / 4}),
    row(`each after the first, ${when}`, {pss: (all.pss - pss) / 3, rss: (all.rss - rss) / 3}),
  ];
  printTable(
    ['pods that sleep', 'MiB of each (PSS)', 'RSS', '× by hand (PSS)'],
    [
      ...(['started', 'asleep'] as const).flatMap((when) => rows(when, one[when], four[when])),
      row('QEMU by hand, without a pod', alone),
    ],
  );
  return four.asleep.pss / 4;
};

/** MiB. */
interface Memory {
  readonly pss: number;
  readonly rss: number;
}

/** Less than what QEMU has translated for a start. */
const GIVEN_BACK = 8;

const memoryOf = (world: World, count: number): Promise<{readonly started: Memory; readonly asleep: Memory}> =>
  withMachines(world, count, {}, async (uuids) => {
    const ofEach = () => uuids.map((uuid) => sum(processesOf(uuid)));
    const started = ofEach();
    await until(() => ofEach().every(({pss}, at) => pss < (started[at]?.pss ?? 0) - GIVEN_BACK));
    return {started: total(started), asleep: total(ofEach())};
  });

const total = (all: readonly Memory[]): Memory =>
  all.reduce((sum, {pss, rss}) => ({pss: sum.pss + pss, rss: sum.rss + rss}), {pss: 0, rss: 0});

const memoryByHand = async (world: World, {stays}: ByHand): Promise<Memory> => {
  const file = path.join(world.directory, 'by-hand');
  // That of another kernel, whose machine has written it.
  rmSync(file, {force: true});
  const [program = '', ...args] = stays(file);
  const child = spawn(program, args, {env: cleanEnvironment, stdio: 'ignore'});
  const ended = once(child, 'close');
  try {
    await until(() => read(file) !== '' || child.exitCode !== null);
    return sum([String(child.pid)]);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
};

const sum = (pids: readonly string[]): Memory => {
  const files = pids.map((pid) => read(`/proc/${pid}/smaps_rollup`));
  const of = (field: string): number => {
    const pattern = new RegExp(`^${field}:\\s+(\\d+)`, 'm');
    const sizes = files.map((text) => Number(pattern.exec(text)?.[1]));
    // What has ended has none, and what is ending is told as 0.
    if (sizes.length === 0 || !sizes.every((size) => size > 0))
      throw new Error(`${field} of processes ${pids} is ${sizes} kB`);
    return sizes.reduce((total, size) => total + size) / 1024;
  };
  return {pss: of('Pss'), rss: of('Rss')};
};

const processesOf = (uuid: string): string[] =>
  readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/cgroup`).includes(uuid));
