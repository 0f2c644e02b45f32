import type {HostPath} from '../../contract/names.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {TreeProgram} from '../../linux/tree-program.ts';
import {programTimedOut} from '../errors.ts';

/** Milliseconds. A host that is busy is no reason to take a program for another. */
const TIMEOUT = 30_000;
const MAX_OUTPUT = 65_536;

const versions = new Map<HostPath, string>();

/**
 * The first line of what a program of the host says to `--version`; empty if it fails. Asked once: the choice of a flavor and the plan both want to know. It runs with
 * all that rkt has, and no pod may look into it that may not look into rkt (S28): one has fewer capabilities.
 * @throws RKT_PROGRAM_TIMED_OUT
 */
export const programVersion = (path: HostPath, through?: TreeProgram['through'], timeout = TIMEOUT): string => {
  const version = versions.get(path) ?? askVersion(path, through, timeout);
  versions.set(path, version);
  return version;
};

const askVersion = (path: HostPath, through: TreeProgram['through'], timeout: number): string => {
  const [program, ...before] = through === undefined ? [path] : [through.loader, ...through.arguments, path];
  // Loaded only here: most flavors need no program.
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  const {status, stdout, error} = spawnSync(program, [...before, '--version'], {
    env: {LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin'},
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
  });
  if (isErrno(error, 'ETIMEDOUT')) throw programTimedOut(path, timeout);
  return status === 0 ? (stdout.split('\n', 1)[0] ?? '') : '';
};
