import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {until} from '../helpers/until.ts';
import {cleanEnvironment} from './measure.ts';
import type {World} from './world.ts';

export const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

let count = 0;

/** Does something with some pods in machines that sleep, once all are ready. */
export const withMachines = async <T>(
  world: World,
  pods: number,
  {pod = [], app = []}: {readonly pod?: readonly string[]; readonly app?: readonly string[]},
  look: (uuids: readonly string[]) => T | Promise<T>,
): Promise<T> => {
  const started: {child: ChildProcess; file: string}[] = Array.from({length: pods}, () => {
    const file = path.join(world.directory, `machine-${++count}`);
    const [program = '', ...args] = world.rkt(
      ...['run', '--stage1=kvm', `--uuid-file-save=${file}`, ...pod, world.imageId, ...app],
      ...['--exec=/bin/sleep', '--', '1000'],
    );
    return {child: spawn(program, args, {env: cleanEnvironment, stdio: 'ignore'}), file};
  });
  const uuids: string[] = [];
  for (const {file} of started) {
    await until(() => read(file) !== '');
    uuids.push(read(file));
  }
  for (const uuid of uuids) world.call('status', '--wait-ready=120s', uuid);
  const result = await look(uuids);
  for (const [index, {child}] of started.entries()) {
    const ended = once(child, 'close');
    world.call('stop', '--force', uuids[index] ?? '');
    await ended;
  }
  return result;
};
