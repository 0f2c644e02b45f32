import {basename} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {sleep} from '../../linux/sleep.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Evidence, NamedFinding} from './evidence.ts';

/** Arguments and environment of a program have at most this many bytes (MAX_ARG_STRLEN and a quarter of the stack are below). */
const MAX_BYTES = 8 * 1024 * 1024;

/** What comes with passed sockets (sd_listen_fds(3)). */
const OF_SOCKETS = ['LISTEN_FDNAMES', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID'];

/** What comes with a watchdog (sd_watchdog_enabled(3)). */
const OF_WATCHDOGS = ['WATCHDOG_PID', 'WATCHDOG_USEC'];

/** A process at an `execve` has no arguments or no variables for a moment, or those of two programs. */
const LOOKS = {times: 100, milliseconds: 2} as const;

/** The strings of a file of a process, or why they cannot be read. */
type Read = (pid: number, file: 'cmdline' | 'environ') => readonly string[] | Unreadable;
interface Unreadable {
  readonly because: string;
}

/**
 * The variables that the app's program was started with, as long as it is that program: what it has become since has an environment of the app's making.
 * @param read replaced by tests
 */
export const checkEnvironment = (
  {app, pid}: Pick<Evidence, 'app' | 'pid'>,
  read: Read = readStrings,
): NamedFinding[] => {
  const finding = (actual: string, holds: boolean, more: Pick<NamedFinding, 'unseen'> = {}): NamedFinding[] => [
    {name: 'environment', expected: `${app.process.env.length} variables`, actual, holds, ...more},
  ];
  const seen = look(pid, read);
  if ('because' in seen) return finding(`not verified: ${seen.because}`, false);
  const {line, text} = seen;
  if (!isProgramOf(app.process.argv, line))
    return finding('not verified: the app has become another program', true, {unseen: true});
  const passed = [
    ...(app.ports.some(({socketActivated}) => socketActivated) ? OF_SOCKETS : []),
    ...(app.notifies ? ['NOTIFY_SOCKET'] : []),
    ...(app.watchdogSeconds === undefined ? [] : OF_WATCHDOGS),
  ];
  const promised = new Map(app.process.env.map(({name, value}) => [name, value]));
  // Launchers that end with a chdir say so, as any shell does. It tells nothing that the app does not see.
  const isOwnDirectory = (name: string, value: string) =>
    name === 'PWD' && !promised.has(name) && value === app.process.cwd;
  const actual = new Map(text.map((entry) => [entry.split('=', 1)[0] ?? '', entry.replace(/^[^=]*=/s, '')]));
  // Values may be secrets.
  const differences = [
    ...[...promised.keys()].filter((name) => !actual.has(name)).map((name) => `without ${name}`),
    ...[...actual].flatMap(([name, value]) =>
      passed.includes(name) || promised.get(name) === value || isOwnDirectory(name, value)
        ? []
        : [promised.has(name) ? `another ${name}` : `besides ${name}`],
    ),
  ];
  return differences.length === 0
    ? finding(`${promised.size} variables`, true)
    : finding(differences.join(', '), false);
};

/** Arguments and variables of one and the same program. */
const look = (
  pid: number,
  read: Read,
): {readonly line: readonly string[]; readonly text: readonly string[]} | Unreadable => {
  for (let attempt = 0; ; attempt++) {
    const line = read(pid, 'cmdline');
    if ('because' in line) return line;
    const text = read(pid, 'environ');
    if ('because' in text) return text;
    const isOne = line.length > 0 && isDeepStrictEqual(read(pid, 'cmdline'), line);
    const isLast = attempt === LOOKS.times;
    // That it has no variable at all may be true.
    if (isOne && (text.length > 0 || isLast)) return {line, text};
    if (isLast) return {because: 'it was never seen as one program'};
    sleep(LOOKS.milliseconds);
  }
};

/** A script is started as an argument of its interpreter. */
const isProgramOf = (argv: readonly string[], line: readonly string[]): boolean => {
  const [program, ...rest] = line.slice(line.length - argv.length);
  return (
    line.length >= argv.length &&
    basename(program ?? '') === basename(argv[0] ?? '') &&
    rest.every((argument, index) => argument === argv[index + 1])
  );
};

const readStrings: Read = (pid, file) => {
  try {
    const text = readBounded(`/proc/${pid}/${file}`, MAX_BYTES).toString();
    return text === '' ? [] : text.replace(/\0$/, '').split('\0');
  } catch (error) {
    const isUnreadable = error instanceof Unbounded || isErrno(error, 'EACCES', 'EPERM', 'EIO');
    if (isUnreadable && error instanceof Error) return {because: error.message};
    throw error;
  }
};
