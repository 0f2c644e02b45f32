import {spawnSync} from 'node:child_process';
import {execPath} from 'node:process';
import {program} from '../runner/packages.ts';

const busybox = program('busybox');

/** What `busybox time -v` says, in its own unit, which is wrong in some releases. */
const reported = (command: readonly string[], env: Readonly<Record<string, string>>) => {
  const {stderr, stdout} = spawnSync(busybox ?? '', ['time', '-v', ...command], {
    env,
    encoding: 'utf8',
    timeout: 300_000,
  });
  return {number: Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(stderr)?.[1] ?? Number.NaN), stdout};
};

let unit: number | undefined;
/** Some releases take the kernel's kilobytes for pages: find out by a program that knows its own peak. */
const calibrate = () => {
  const {number, stdout} = reported([execPath, '-e', 'console.log(process.resourceUsage().maxRSS)'], {});
  return Math.max(1, Math.round(number / Number(stdout)));
};

/**
 * Peak resident memory of the largest process of a command, in MiB. Through a small program, because the kernel charges a child with what its
 * parent had when it was spawned.
 */
export const peakMemory = (command: readonly string[], env: Readonly<Record<string, string>>): number | undefined => {
  if (busybox === undefined) return undefined;
  unit ??= calibrate();
  const {number} = reported(command, env);
  return Number.isNaN(number) ? undefined : number / unit / 1024;
};
