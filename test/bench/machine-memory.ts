import {readdirSync} from 'node:fs';
import {read, withMachines} from './machine-pods.ts';
import {mib, printTable} from './table.ts';
import type {World} from './world.ts';

/** Prints what of the host's memory QEMU and what is beside it take, of one pod that sleeps and of four; returns the share of each of four, in MiB. */
export const measureMemory = async (world: World): Promise<number> => {
  const [one, four] = [await memoryOf(world, 1), await memoryOf(world, 4)];
  printTable(
    ['pods that sleep', 'MiB of each (PSS)', 'RSS'],
    [
      ['1', mib(one.pss), mib(one.rss)],
      ['4', mib(four.pss / 4), mib(four.rss / 4)],
      ['each after the first', mib((four.pss - one.pss) / 3), mib((four.rss - one.rss) / 3)],
    ],
  );
  return four.pss / 4;
};

const memoryOf = (world: World, count: number) =>
  withMachines(world, count, {}, (uuids) => {
    const files = uuids.flatMap(processesOf).map((pid) => read(`/proc/${pid}/smaps_rollup`));
    const sum = (field: string): number =>
      files.reduce((total, text) => total + Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0), 0) /
      1024;
    return {pss: sum('Pss'), rss: sum('Rss')};
  });

const processesOf = (uuid: string): string[] =>
  readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/cgroup`).includes(uuid));
