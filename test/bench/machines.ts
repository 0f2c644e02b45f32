import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {lacksMachines} from '../helpers/kvm.ts';
import {until} from '../helpers/until.ts';
import {floor} from './floor.ts';
import {cleanEnvironment, interleave, type Measurement} from './measure.ts';
import {report} from './report.ts';
import {mib, printTable, say} from './table.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 7;
const TEMPLATE = 'goes on from a template';
const BOOTED = 'booted';

/** Where the small kernel is, if it has been made: nobody compiles one for a measurement. */
const KERNELS = process.env.RKT_BENCH_KERNELS ?? '/var/lib/rkt/cas/kernels';

/** A pod in a machine, with each kernel: its start, from a template and by itself, and what of the host's memory pods that sleep take. */
export const bench = async (world: World): Promise<Target[]> => {
  const lacks = lacksMachines();
  if (lacks !== undefined) {
    say(`not measured: ${lacks}\n`);
    return [];
  }
  const directory = path.join(world.directory, 'booted/stage1.d');
  mkdirSync(directory, {recursive: true});
  writeFileSync(
    path.join(directory, 'templates.json'),
    JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', templates: false}),
  );
  const distribution = await measureKernel(world, 'distribution', {template: 550});
  if (!existsSync(KERNELS)) {
    say(
      `the small kernel is not measured: ${KERNELS} has none (rkt flavor build --kernel=small kvm, RKT_BENCH_KERNELS)\n`,
    );
    return distribution;
  }
  cpSync(KERNELS, path.join(world.directory, 'data/cas/kernels'), {recursive: true});
  return [...distribution, ...(await measureKernel(world, 'small', {template: 300, booted: 800, memory: 40}))];
};

interface Goals {
  /** Milliseconds of a processor over the floor. */
  readonly template: number;
  readonly booted?: number;
  /** MiB of each of four pods. */
  readonly memory?: number;
}

const measureKernel = async (world: World, kernel: string, goals: Goals): Promise<Target[]> => {
  say(`### kernel: ${kernel}\n`);
  // The small one is taken by itself, where it is.
  world.call('flavor', 'build', ...(kernel === 'distribution' ? ['--kernel=distribution'] : []), 'kvm');
  const run = ['run', '--stage1=kvm', world.imageId];
  const measured = interleave(
    [
      floor,
      {name: TEMPLATE, command: world.rkt(...run), noPeak: true},
      {name: BOOTED, command: world.rkt(`--user-config=${path.join(world.directory, 'booted')}`, ...run), noPeak: true},
    ],
    RUNS,
  );
  report(measured);
  const [one, four] = [await memoryOf(world, 1), await memoryOf(world, 4)];
  world.call('gc', '--grace-period=0s');
  printTable(
    ['pods that sleep', 'MiB of each (PSS)'],
    [
      ['1', mib(one)],
      ['4', mib(four)],
    ],
  );
  const [base, template, booted] = [floor.name, TEMPLATE, BOOTED].map((name) => find(measured, name));
  const over = (one: Measurement | undefined) => (one?.cpu ?? Number.NaN) - (base?.cpu ?? 0);
  return [
    atMost(`kvm, ${kernel}, from a template: CPU over the floor`, over(template), goals.template, 'ms'),
    ...(goals.booted === undefined
      ? []
      : [atMost(`kvm, ${kernel}, booted: CPU over the floor`, over(booted), goals.booted, 'ms')]),
    atMost(
      `kvm, ${kernel}, from a template / booted: CPU`,
      (template?.cpu ?? Number.NaN) / (booted?.cpu ?? Number.NaN),
      0.6,
    ),
    ...(goals.memory === undefined
      ? []
      : [atMost(`kvm, ${kernel}, each of four pods: memory`, four, goals.memory, 'MiB')]),
  ];
};

const find = (all: readonly Measurement[], wanted: string): Measurement | undefined =>
  all.find(({name}) => name === wanted);

/** MiB of each of some pods at once: of QEMU and what is beside it. */
const memoryOf = async (world: World, count: number): Promise<number> => {
  const pods: {child: ChildProcess; file: string}[] = Array.from({length: count}, (_, index) => {
    const file = path.join(world.directory, `machine-${count}-${index}`);
    const [program = '', ...args] = world.rkt(
      ...['run', '--stage1=kvm', `--uuid-file-save=${file}`, world.imageId, '--exec=/bin/sleep', '--', '1000'],
    );
    return {child: spawn(program, args, {env: cleanEnvironment, stdio: 'ignore'}), file};
  });
  let sum = 0;
  for (const {file} of pods) {
    await until(() => read(file) !== '');
    const uuid = read(file);
    world.call('status', '--wait-ready=120s', uuid);
    sum += processesOf(uuid).reduce((total, pid) => total + pss(pid), 0);
  }
  for (const {child, file} of pods) {
    const ended = once(child, 'close');
    world.call('stop', '--force', read(file));
    await ended;
  }
  return sum / count;
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

const processesOf = (uuid: string): string[] =>
  readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/cgroup`).includes(uuid));

const pss = (pid: string): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
