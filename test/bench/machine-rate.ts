import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ByHand} from './machine-by-hand.ts';
import {cleanEnvironment} from './measure.ts';
import {printTable, ratio} from './table.ts';
import type {World} from './world.ts';

const PODS = 8;

/** Prints how many pods in machines run to their end in a second, and how many machines that are started by hand: one after the other, four and eight at once. */
export const measureRate = async (world: World, hand: ByHand): Promise<void> => {
  const pod = world.rkt('run', '--stage1=kvm', world.imageId);
  const rows: string[][] = [];
  for (const lanes of [1, 4, 8]) {
    const [ours, others] = [await rateOf(pod, lanes), await rateOf(hand.ends, lanes)];
    rows.push([String(lanes), ratio(ours), ratio(others), ratio(ours / others)]);
  }
  printTable(['pods at once', 'in a second', 'QEMU by hand', '× by hand'], rows);
};

const rateOf = async ([program = '', ...args]: readonly string[], lanes: number): Promise<number> => {
  const start = performance.now();
  const lane = async () => {
    for (let pod = 0; pod < PODS / lanes; pod++) {
      const [code] = await once(spawn(program, args, {env: cleanEnvironment, stdio: 'ignore'}), 'exit');
      if (code !== 0) throw new Error(`${program} ended with ${code}`);
    }
  };
  await Promise.all(Array.from({length: lanes}, lane));
  return (PODS * 1000) / (performance.now() - start);
};
