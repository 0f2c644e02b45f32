import {cpSync, existsSync} from 'node:fs';
import path from 'node:path';
import {lacksMachines} from '../helpers/kvm.ts';
import {floor} from './floor.ts';
import {byHand} from './machine-by-hand.ts';
import {measureMemory} from './machine-memory.ts';
import {measureRate} from './machine-rate.ts';
import {measureWork} from './machine-work.ts';
import {interleave, type Measurement} from './measure.ts';
import {report} from './report.ts';
import {ratio, say} from './table.ts';
import {atLeast, atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 7;
const TEMPLATE = 'goes on from a template';
const BOOTED = 'booted';
const BY_HAND = 'QEMU by hand, booted';
const ONE = 'one app of 64 MiB';
const FOUR = 'four apps of 64 MiB';

/** Where the small kernel is, if it has been made: nobody compiles one for a measurement. */
const KERNELS = process.env.RKT_BENCH_KERNELS ?? '/var/lib/rkt/cas/kernels';

/** A pod in a machine, with each kernel: its start, from a template and by itself, what is done in it, how many run in a second, and what of the host's memory pods that sleep take; beside QEMU that is started by hand with the same kernel. */
export const bench = async (world: World): Promise<Target[]> => {
  const lacks = lacksMachines();
  if (lacks !== undefined) {
    say(`not measured: ${lacks}\n`);
    return [];
  }
  const distribution = await measureKernel(world, 'distribution', 0.4);
  if (!existsSync(KERNELS)) {
    say(
      `the small kernel is not measured: ${KERNELS} has none (rkt flavor build --kernel=small kvm, RKT_BENCH_KERNELS)\n`,
    );
    return distribution;
  }
  cpSync(KERNELS, path.join(world.directory, 'data/cas/kernels'), {recursive: true});
  return [...distribution, ...(await measureKernel(world, 'small', 0.65))];
};

/** @param template what a start from one may take of what QEMU takes that is started by hand, CPU */
const measureKernel = async (world: World, kernel: string, template: number): Promise<Target[]> => {
  say(`### kernel: ${kernel}\n`);
  // The small one is taken by itself, where it is.
  const built = world.call('flavor', 'build', ...(kernel === 'distribution' ? ['--kernel=distribution'] : []), 'kvm');
  const hand = byHand(world, built.trim());
  const apps = (count: number): string[] => [
    ...['run', '--stage1=kvm'],
    ...Array.from({length: count}, (_, index) => [
      ...(index === 0 ? [] : ['---']),
      ...[world.imageId, `--name=app-${index}`, '--memory=64Mi'],
    ]).flat(),
  ];
  const measured = interleave(
    [
      floor,
      {name: TEMPLATE, command: world.rkt('run', '--stage1=kvm', world.imageId), noPeak: true},
      {name: BOOTED, command: world.rkt('run', '--stage1=kvm', '--no-template', world.imageId), noPeak: true},
      {name: BY_HAND, command: hand.ends, noPeak: true},
      {name: ONE, command: world.rkt(...apps(1)), noPeak: true},
      {name: FOUR, command: world.rkt(...apps(4)), noPeak: true},
    ],
    RUNS,
  );
  const cpu = (wanted: string): number => find(measured, wanted)?.cpu ?? Number.NaN;
  const wall = (wanted: string): number => find(measured, wanted)?.wall ?? Number.NaN;
  report(measured);
  for (const name of [TEMPLATE, BOOTED])
    say(
      `${name}: ${ratio(cpu(name) / cpu(BY_HAND))} × the CPU, ${ratio(wall(name) / wall(BY_HAND))} × the time of QEMU by hand`,
    );
  say();
  const {entered, output} = await measureWork(world);
  await measureRate(world, hand);
  const memory = await measureMemory(world, hand);
  world.call('gc', '--grace-period=0s');
  return [
    atMost(`kvm, ${kernel}, from a template / QEMU by hand: CPU`, cpu(TEMPLATE) / cpu(BY_HAND), template),
    atMost(`kvm, ${kernel}, booted / QEMU by hand: CPU`, cpu(BOOTED) / cpu(BY_HAND), 1.6),
    atMost(`kvm, ${kernel}, from a template / booted: CPU`, cpu(TEMPLATE) / cpu(BOOTED), 0.6),
    atMost(`kvm, ${kernel}, enter true: over the floor`, entered, 50, 'ms'),
    atLeast(`kvm, ${kernel}, standard output`, output, 50, 'MiB/s'),
    atMost(`kvm, ${kernel}, each of four pods that sleep: memory`, memory, 40, 'MiB'),
  ];
};

const find = (all: readonly Measurement[], wanted: string): Measurement | undefined =>
  all.find(({name}) => name === wanted);
