import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {rktCommand, rktEnvironment} from '../helpers/command.ts';
import {processesIn} from '../helpers/snapshot.ts';

const PREFIX = 'rkt-test-';
/** Names the process that a directory belongs to. */
const OWNER = 'owner';

const startOf = (pid: number | string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
  } catch {
    return undefined;
  }
};

/** Makes the directory of a test run. */
export const makeTestDirectory = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), PREFIX));
  writeFileSync(path.join(directory, OWNER), `${process.pid} ${startOf(process.pid)}`);
  return directory;
};

const mountsBelow = (directory: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${directory}/`));

/** Removes the directory of a test run, unless something is still mounted below it. Returns what is wrong. */
export const cleanUp = (directory: string): string | undefined => {
  const mounted = mountsBelow(directory);
  if (mounted.length > 0) return `left mounted: ${mounted.join(', ')}`;
  rmSync(directory, {recursive: true, force: true, maxRetries: 3});
  return undefined;
};

const list = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

const rkt = (...args: string[]): void => {
  const [program, ...first] = rktCommand;
  // Best effort: what rkt cannot end is killed below.
  spawnSync(program, [...first, ...args], {env: rktEnvironment, stdio: 'ignore', timeout: 60_000});
};

/** Ends whatever a test run that was cut short has left below its directory, and removes it. */
export const sweep = (directory: string): void => {
  for (const host of list(directory).filter((name) => name.startsWith('rkt-host-'))) {
    const data = path.join(directory, host, 'data');
    const running = list(path.join(data, 'pods/run'));
    if (running.length > 0) rkt(`--dir=${data}`, 'stop', '--force', ...running);
    if (existsSync(path.join(data, 'pods'))) rkt(`--dir=${data}`, 'gc', '--grace-period=0s', '--expire-prepared=0s');
  }
  for (const target of mountsBelow(directory).toReversed()) spawnSync('/bin/umount', ['--lazy', target]);
  for (const {pid} of processesIn([directory])) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  cleanUp(directory);
};

/** Test runs whose process has been killed leave their directories to the next one. */
export const sweepOthers = (): void => {
  for (const name of list(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = path.join(tmpdir(), name);
    const owner = path.join(directory, OWNER);
    if (!existsSync(owner)) continue;
    const [pid = '', start] = readFileSync(owner, 'utf8').split(' ');
    if (startOf(pid) !== start) sweep(directory);
  }
};
