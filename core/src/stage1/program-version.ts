import type {HostPath} from '../contract/names.ts';

const TIMEOUT = 5000;
const MAX_OUTPUT = 65_536;

/** The first line of what a program of the host says to `--version`; empty if it fails. */
export const programVersion = (path: HostPath): string => {
  // Loaded only here: most flavors need no program.
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  const {status, stdout} = spawnSync(path, ['--version'], {
    env: {LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin'},
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT,
    maxBuffer: MAX_OUTPUT,
  });
  return status === 0 ? (stdout.split('\n', 1)[0] ?? '') : '';
};
