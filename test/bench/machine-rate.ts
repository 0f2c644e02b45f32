import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cleanEnvironment} from './measure.ts';
import {printTable, ratio} from './table.ts';
import type {World} from './world.ts';

const PODS = 8;

/** Prints how many pods in machines run to their end in a second: one after the other, four and eight at once. */
export const measureRate = async (world: World): Promise<void> => {
  const [program = '', ...args] = world.rkt('run', '--stage1=kvm', world.imageId);
  const one = async () => {
    const [code] = await once(spawn(program, args, {env: cleanEnvironment, stdio: 'ignore'}), 'exit');
    if (code !== 0) throw new Error(`a pod ended with ${code}`);
  };
  const rows: string[][] = [];
  for (const lanes of [1, 4, 8]) {
    const start = performance.now();
    const lane = async () => {
      for (let pod = 0; pod < PODS / lanes; pod++) await one();
    };
    await Promise.all(Array.from({length: lanes}, lane));
    rows.push([String(lanes), ratio((PODS * 1000) / (performance.now() - start))]);
  }
  printTable(['pods at once', 'in a second'], rows);
};
