import {spawnSync} from 'node:child_process';
import {env} from 'node:process';
import {program} from '../runner/packages.ts';

/** Runs a program of the host to its end. Returns what it wrote; throws with what it complained of. */
export const command = (name: string, args: readonly string[], input?: Buffer): Buffer => {
  const {status, stdout, stderr, error} = spawnSync(program(name) ?? name, args, {
    env: {...env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive'},
    maxBuffer: 2 ** 30,
    ...(input === undefined ? {} : {input}),
  });
  if (status === 0) return stdout;
  throw new Error(`${name} ${args.join(' ')} ended with ${status}: ${error?.message ?? ''}${stderr}`, {cause: error});
};
