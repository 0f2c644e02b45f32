import {lacksMachines} from '../helpers/kvm.ts';
import {floor} from './floor.ts';
import {measureMemory} from './machine-memory.ts';
import {measureRate} from './machine-rate.ts';
import {measureWork} from './machine-work.ts';
import {interleave, type Measurement} from './measure.ts';
import {report} from './report.ts';
import {say} from './table.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 7;
const TEMPLATE = 'goes on from a template';
const BOOTED = 'booted';
const ONE = 'one app of 64 MiB';
const FOUR = 'four apps of 64 MiB';

/** A pod in a machine: its start, from a template and by itself, what is done in it, how many run in a second, and what of the host's memory pods that sleep take. */
export const bench = async (world: World): Promise<Target[]> => {
  const lacks = lacksMachines();
  if (lacks !== undefined) {
    say(`not measured: ${lacks}\n`);
    return [];
  }
  world.call('flavor', 'build', 'kvm');
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
      {name: ONE, command: world.rkt(...apps(1)), noPeak: true},
      {name: FOUR, command: world.rkt(...apps(4)), noPeak: true},
    ],
    RUNS,
  );
  report(measured);
  const entered = await measureWork(world);
  await measureRate(world);
  const memory = await measureMemory(world);
  world.call('gc', '--grace-period=0s');
  const cpu = (wanted: string): number => find(measured, wanted)?.cpu ?? Number.NaN;
  return [
    atMost('kvm, from a template: CPU over the floor', cpu(TEMPLATE) - cpu(floor.name), 550, 'ms'),
    atMost('kvm, from a template / booted: CPU', cpu(TEMPLATE) / cpu(BOOTED), 0.6),
    atMost('kvm, enter true: over the floor', entered, 50, 'ms'),
    atMost('kvm, each of four pods: memory', memory, 40, 'MiB'),
  ];
};

const find = (all: readonly Measurement[], wanted: string): Measurement | undefined =>
  all.find(({name}) => name === wanted);
