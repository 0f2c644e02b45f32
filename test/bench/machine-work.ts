import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {floor} from './floor.ts';
import {withMachines} from './machine-pods.ts';
import {interleave} from './measure.ts';
import {ms, printTable} from './table.ts';
import type {World} from './world.ts';

const RUNS = 7;
const MIB = 32;
const FILES = 200;

const each = (what: string): string => `i=0; while [ $i -lt ${FILES} ]; do ${what}; i=$((i + 1)); done`;

const OUTPUT = 'writes to standard output';

/** What is done in a machine that runs, each by somebody who enters it. */
const WORK: Readonly<Record<string, {readonly script: string; readonly mib?: number}>> = {
  [OUTPUT]: {script: `dd if=/dev/zero bs=64k count=${MIB * 16} 2>/dev/null`, mib: MIB},
  'writes to a volume': {script: `dd if=/dev/zero of=/data/file bs=64k count=${MIB * 16} 2>/dev/null`, mib: MIB},
  'reads from a volume': {script: 'dd if=/data/file of=/dev/null bs=64k 2>/dev/null', mib: MIB},
  'makes files in a volume': {script: each(': >/data/$i')},
  'looks at them': {script: each('[ -e /data/$i ]')},
  'removes them': {script: 'rm -f /data/[0-9]*'},
};

interface Work {
  /** What to enter takes over the floor, in milliseconds. */
  readonly entered: number;
  /** MiB in a second that reach the caller. */
  readonly output: number;
}

/** Prints what the work costs, besides to enter. */
export const measureWork = (world: World): Promise<Work> => {
  const source = path.join(world.directory, 'machine-volume');
  mkdirSync(source, {recursive: true});
  const pod = [`--volume=data,kind=host,source=${source}`];
  return withMachines(world, 1, {pod, app: ['--mount=volume=data,target=/data']}, ([uuid = '']) => {
    const enter = (script: string) => world.rkt('enter', uuid, '/bin/sh', '-c', script);
    const [base, nothing, ...done] = interleave(
      [
        floor,
        {name: 'nothing', command: world.rkt('enter', uuid, '/bin/true')},
        ...Object.entries(WORK).map(([name, {script}]) => ({name, command: enter(script)})),
      ].map((entry) => ({...entry, noPeak: true})),
      RUNS,
    );
    const entered = nothing?.wall ?? Number.NaN;
    const rateOf = (mib: number, wall: number) => (mib * 1000) / (wall - entered);
    printTable(
      ['in a machine', 'wall ms, besides to enter', 'MiB in a second', `each of ${FILES}, ms`],
      done.map(({name, wall, problem}) => {
        const [time, {mib} = {}] = [wall - entered, WORK[name]];
        const rate = mib === undefined ? '' : ms(rateOf(mib, wall));
        return [name, problem ?? ms(time), rate, mib === undefined ? ms(time / FILES) : ''];
      }),
    );
    return {
      entered: entered - (base?.wall ?? Number.NaN),
      output: rateOf(MIB, done.find(({name}) => name === OUTPUT)?.wall ?? Number.NaN),
    };
  });
};
