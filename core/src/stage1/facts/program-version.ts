import type {StdioOptions} from 'node:child_process';
import {closeSync, constants, openSync, readlinkSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {bounded} from '../../image/sandbox.ts';
import {closeOnExecFrom} from '../../linux/fd-flags.ts';
import {isolated, NOBODY_ELSE} from '../../linux/isolated.ts';
import {mayReturn} from '../../linux/may-return.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {requireProgram} from '../../linux/programs.ts';
import {rememberOfFile} from '../../linux/remember-of-file.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {TreeProgram} from '../../linux/tree-program.ts';
import {untilWeEnd} from '../../linux/until-we-end.ts';
import {programTimedOut} from '../errors.ts';

/** Milliseconds. A host that is busy is no reason to take a program for another. */
const TIMEOUT = 30_000;
const MAX_OUTPUT = 65_536;

const VERSION = '--version';
/** Of setpriv. */
const AS_NOBODY = [
  ...[`--reuid=${NOBODY_ELSE}`, `--regid=${NOBODY_ELSE}`, '--clear-groups'],
  ...['--inh-caps=-all', '--bounding-set=-all'],
] as const;

const versions = new Map<HostPath, string>();

/**
 * What a program of the host says to `--version`: the first line, and those with what it has been built with (`+APPARMOR`); empty if it fails. Asked once, as the choice of a flavor and the plan both want to know, and where
 * there is a `cacheDir` once as long as the program stays the same. It runs with all that rkt has, and no pod may look into it that may not look into rkt (S28): one has
 * fewer capabilities.
 * @throws RKT_PROGRAM_TIMED_OUT
 */
export const programVersion = (
  path: HostPath,
  {cacheDir, timeout = TIMEOUT}: {readonly cacheDir?: string | undefined; readonly timeout?: number} = {},
): string =>
  once(path, () =>
    rememberOfFile(path, cacheDir === undefined ? undefined : join(cacheDir, `about-${basename(path)}`), () =>
      askVersion(path, [path, VERSION], ['ignore', 'pipe', 'ignore'], timeout),
    ),
  );

/**
 * The same of a program of a stage1 image. Nobody has run a pod with it yet, and nobody may want to (`rkt plan`): it runs as a user that nothing belongs to, without
 * capabilities and with bounded memory, and sees its image, the host's programs, and no network (S36). Who is not root of the host cannot do that, and does not run it.
 * @throws RKT_PROGRAM_TIMED_OUT, RKT_ISOLATION_FAILED
 */
export const imageProgramVersion = ({path, through}: TreeProgram, tree: HostPath): string =>
  once(path, () => {
    if (process.geteuid?.() !== 0 || !mayReturn()) return '';
    const command = through === undefined ? [path] : [through.loader, ...through.arguments, path];
    const {file, args} = untilWeEnd(requireProgram('setpriv'), [...AS_NOBODY, '--', ...bounded([...command, VERSION])]);
    using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
    const silence = openSync('/dev/null', 'r+');
    try {
      return isolated(
        [{at: readlinkSync(root.path), file: root}],
        () => askVersion(path, [file, ...args], [silence, 'pipe', silence, 'pipe'], TIMEOUT),
        {offline: true},
      );
    } finally {
      closeSync(silence);
    }
  });

const once = (path: HostPath, ask: () => string): string => {
  const version = versions.get(path) ?? ask();
  versions.set(path, version);
  return version;
};

/** @param stdio where it runs there may be no /dev */
const askVersion = (
  path: HostPath,
  [program = path, ...args]: string[],
  stdio: StdioOptions,
  timeout: number,
): string => {
  // Loaded only here: most flavors need no program.
  const {spawnSync} = process.getBuiltinModule('node:child_process');
  closeOnExecFrom(3);
  const {status, stdout, error} = spawnSync(program, args, {
    cwd: '/',
    env: {LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin'},
    encoding: 'utf8',
    stdio,
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
  });
  if (isErrno(error, 'ETIMEDOUT')) throw programTimedOut(path, timeout);
  if (status !== 0) return '';
  const [first = '', ...others] = stdout.split('\n');
  return [first, ...others.filter((line) => /^[+-]\w/.test(line))].join('\n');
};
