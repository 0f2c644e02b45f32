import type {Flags} from './command.ts';

/** What commands are called elsewhere, and what does their work here. */
const COMMANDS: Readonly<Record<string, string>> = {
  build: 'rkt image build',
  commit: 'rkt export',
  create: 'rkt prepare',
  exec: 'rkt enter',
  images: 'rkt image list',
  import: 'rkt fetch',
  inspect: 'rkt status or rkt cat-manifest',
  kill: 'rkt stop --force',
  load: 'rkt fetch',
  ls: 'rkt list',
  prune: 'rkt gc and rkt image gc',
  ps: 'rkt list',
  pull: 'rkt fetch',
  rmi: 'rkt image rm',
  save: 'rkt image export',
  start: 'rkt run-prepared',
  wait: 'rkt status --wait',
  'image inspect': 'rkt image cat-manifest',
  'image ls': 'rkt image list',
  'image prune': 'rkt image gc',
  'image pull': 'rkt fetch',
  'image save': 'rkt image export',
};

/** Commands of rkt that have not come back yet. */
const NOT_YET: readonly string[] = ['api-service', 'app', 'attach', 'metadata-service', 'trust'];

/** The hint for a command that is not here, if it is known from elsewhere. */
export const commandHabit = (name: string): string | undefined => {
  if (NOT_YET.includes(name)) return 'not there yet: it is one of those that are still to come back';
  return Object.hasOwn(COMMANDS, name) ? `here it is ${COMMANDS[name]}` : undefined;
};

/** What flags are called elsewhere; the hint is true where a command has the flag. */
const FLAGS: readonly {readonly typed: RegExp; readonly flag: string; readonly hint: string}[] = [
  {typed: /^-[it]|^--tty$/, flag: 'interactive', hint: 'write --interactive'},
  {
    typed: /^-d|^--detach$/,
    flag: 'uuid-file-save',
    hint: 'it stays in the foreground: let a service manager start it, or end the line with &',
  },
  {
    typed: /^-v/,
    flag: 'volume',
    hint: 'write --volume=NAME,kind=host,source=/PATH and, after the image, --mount=volume=NAME,target=/PATH',
  },
  {typed: /^-p|^--publish$/, flag: 'port', hint: 'write --port=NAME:HOSTPORT, with the name of a port of the image'},
  {
    typed: /^-e|^--env$/,
    flag: 'set-env',
    hint: 'write --set-env=NAME=VALUE, or --environment=NAME=VALUE after the image',
  },
  {typed: /^--env-file$/, flag: 'set-env-file', hint: 'write --set-env-file=FILE'},
  {typed: /^-u/, flag: 'user', hint: 'write --user=USER after the image'},
  {typed: /^-w|^--workdir$/, flag: 'working-dir', hint: 'write --working-dir=PATH after the image'},
  {typed: /^-m/, flag: 'memory', hint: 'write --memory=BYTES after the image'},
  {typed: /^--entrypoint$/, flag: 'exec', hint: 'write --exec=PROGRAM after the image'},
  {typed: /^--network$/, flag: 'net', hint: 'write --net=NETWORK'},
  {typed: /^--add-host$/, flag: 'hosts-entry', hint: 'write --hosts-entry=IP=HOST'},
  {typed: /^--cap-add$/, flag: 'caps-retain', hint: 'write --caps-retain=CAP,… with all that the app is to have'},
  {typed: /^--cap-drop$/, flag: 'caps-remove', hint: 'write --caps-remove=CAP,…'},
  {typed: /^--read-only$/, flag: 'readonly-rootfs', hint: 'write --readonly-rootfs after the image'},
];

/** The hint for a flag that a command has not, if it is known from elsewhere and the command has one for the same. */
export const flagHabit = (typed: string, flags: Flags): string | undefined =>
  FLAGS.find((habit) => habit.typed.test(typed) && Object.hasOwn(flags, habit.flag))?.hint;
