import type {HostPath} from '../contract/names.ts';
import type {TreeProgram} from '../linux/tree-program.ts';

const TIMEOUT = 5000;
const MAX_OUTPUT = 65_536;

const versions = new Map<HostPath, string>();

/** The first line of what a program of the host says to `--version`; empty if it fails. Asked once: the choice of a flavor and the plan both want to know. */
export const programVersion = (path: HostPath, through?: TreeProgram['through']): string => {
  const version = versions.get(path) ?? askVersion(path, through);
  versions.set(path, version);
  return version;
};

const askVersion = (path: HostPath, through: TreeProgram['through']): string => {
  const [program, ...before] = through === undefined ? [path] : [through.loader, ...through.arguments, path];
  // Loaded only here: most flavors need no program.
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  const {status, stdout} = spawnSync(program, [...before, '--version'], {
    env: {LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin'},
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT,
    maxBuffer: MAX_OUTPUT,
  });
  return status === 0 ? (stdout.split('\n', 1)[0] ?? '') : '';
};
