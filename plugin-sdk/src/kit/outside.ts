import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import type {Started, World} from './world.ts';

/* What the host sees of pods, whatever their flavor makes of them. */

export const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

export const link = (file: string): string => {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
};

const parentOf = (pid: number): number => Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

const processes = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** The process of this host that a shell script is in, by its own text: 0 when there is none. */
export const processOf = (script: string): number => {
  const line = ['/bin/sh', '-c', script, ''].join('\0');
  const found = processes().filter((pid) => read(`/proc/${pid}/cmdline`) === line);
  // A shell forks.
  return found.find((pid) => !found.includes(parentOf(pid))) ?? 0;
};

/** Processes of this host that a pod has while it runs: its shell, or QEMU, which is told the UUID. */
export const processesOf = (
  {declaration: {properties}}: Pick<World, 'declaration'>,
  {uuid, script}: Pick<Started, 'uuid' | 'script'>,
): number[] => processesSaying(properties.includes('own-kernel') ? uuid : script);

/** Processes whose arguments say this. */
export const processesSaying = (text: string): number[] =>
  processes().filter((pid) => pid !== process.pid && read(`/proc/${pid}/cmdline`).includes(text));
