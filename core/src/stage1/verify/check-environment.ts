import {basename} from 'node:path';
import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Evidence, NamedFinding} from './evidence.ts';

/** Arguments and environment of a program have at most this many bytes (MAX_ARG_STRLEN and a quarter of the stack are below). */
const MAX_BYTES = 8 * 1024 * 1024;

/** What comes with passed sockets (sd_listen_fds(3)). */
const OF_SOCKETS = ['LISTEN_FDNAMES', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID'];

/**
 * The variables that the app's program was started with, as long as it is that program: what it has become since has an environment of the app's making.
 * Nothing where the kernel does not show them.
 */
export const checkEnvironment = ({app, pid}: Evidence): NamedFinding[] => {
  const [line, text] = [readStrings(pid, 'cmdline'), readStrings(pid, 'environ')];
  if (line === undefined || text === undefined || !isProgramOf(app.process.argv, line)) return [];
  const passed = app.ports.some(({socketActivated}) => socketActivated) ? OF_SOCKETS : [];
  const promised = new Map(app.process.env.map(({name, value}) => [name, value]));
  const actual = new Map(text.map((entry) => [entry.split('=', 1)[0] ?? '', entry.replace(/^[^=]*=/s, '')]));
  // Values may be secrets.
  const differences = [
    ...[...promised.keys()].filter((name) => !actual.has(name)).map((name) => `without ${name}`),
    ...[...actual].flatMap(([name, value]) =>
      passed.includes(name) || promised.get(name) === value
        ? []
        : [promised.has(name) ? `another ${name}` : `besides ${name}`],
    ),
  ];
  return [
    {
      name: 'environment',
      expected: `${promised.size} variables`,
      actual: differences.length === 0 ? `${promised.size} variables` : differences.join(', '),
      holds: differences.length === 0,
    },
  ];
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

const readStrings = (pid: number, file: 'cmdline' | 'environ'): string[] | undefined => {
  try {
    const text = readBounded(`/proc/${pid}/${file}`, MAX_BYTES).toString();
    return text === '' ? [] : text.replace(/\0$/, '').split('\0');
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO') || error instanceof Unbounded) return undefined;
    throw error;
  }
};
