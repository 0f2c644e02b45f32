import type {Flags} from './command.ts';

/** What commands are called elsewhere, and what does their work here. */
const COMMANDS: Readonly<Record<string, string>> = {
  build: 'rkt image build',
  commit: 'rkt export',
  create: 'rkt prepare',
  exec: 'rkt enter',
  images: 'rkt image list',
  import: 'rkt fetch',
  info: 'rkt version, rkt config and rkt flavor doctor',
  inspect: 'rkt status or rkt cat-manifest',
  kill: 'rkt stop --force',
  load: 'rkt fetch',
  ls: 'rkt list',
  prune: 'rkt gc and rkt image gc',
  ps: 'rkt list',
  pull: 'rkt fetch',
  restart: 'rkt stop and then rkt run: a pod runs once',
  rmi: 'rkt image rm',
  save: 'rkt image export',
  start: 'rkt run-prepared, for a pod of rkt prepare; one that has exited runs no more',
  system: 'rkt gc and rkt image gc',
  wait: 'rkt status --wait',
  'image inspect': 'rkt image cat-manifest',
  'image load': 'rkt fetch',
  'image ls': 'rkt image list',
  'image prune': 'rkt image gc',
  'image pull': 'rkt fetch',
  'image save': 'rkt image export',
};

/** What no command does here, and what does instead. */
const OTHERWISE: Readonly<Record<string, string>> = {
  cp: 'files go into a pod and out of it by a volume ("rkt help run"); those of a pod that has exited by rkt export',
  network: 'rkt makes no networks yet: see --net in "rkt help run"',
  stats: 'a pod is a cgroup of the host: systemd-cgtop shows it; rkt enter runs a program in it',
  tag: 'an image has the name that it was built with: rkt image build --name=NAME',
  top: 'the processes of a pod are shown by ps of the host, or by one in the pod: rkt enter UUID ps',
  volume: 'volumes belong to a pod: see --volume in "rkt help run"',
};

/** Commands of rkt that have not come back yet. */
const NOT_YET: readonly string[] = ['api-service', 'app', 'attach', 'metadata-service', 'trust'];

/** What speaks with registries elsewhere. */
const REGISTRY: readonly string[] = ['login', 'logout', 'push', 'search'];

/** The hint for a command that is not here, if it is known from elsewhere. */
export const commandHabit = (name: string): string | undefined => {
  if (NOT_YET.includes(name)) return 'a command of rkt 1.x that is not there yet';
  if (REGISTRY.includes(name))
    return 'rkt has no registries yet: images are files, see "rkt help fetch" and "rkt help image build"';
  if (Object.hasOwn(OTHERWISE, name)) return OTHERWISE[name];
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
  {
    typed: /^-[pP]|^--publish(-all)?$/,
    flag: 'port',
    hint: "leave it out: the pod is on the host's network unless --net=none is given, and so are the ports of its apps",
  },
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
  {
    typed: /^--privileged$/,
    flag: 'caps-retain',
    hint: 'say what the app is to have: --caps-retain=CAP,… after the image, and --volume for each device',
  },
  {
    typed: /^--device$/,
    flag: 'volume',
    hint: 'write --volume=NAME,kind=host,source=/dev/DEVICE and, after the image, --mount=volume=NAME,target=/dev/DEVICE',
  },
  {
    typed: /^--tmpfs$/,
    flag: 'volume',
    hint: 'write --volume=NAME,kind=empty and, after the image, --mount=volume=NAME,target=/PATH',
  },
  {
    typed: /^--security-opt$/,
    flag: 'seccomp',
    hint: 'write --no-new-privileges, --seccomp=mode=remove,CALL,…, --apparmor-profile=NAME or --selinux-context=USER:ROLE:TYPE:LEVEL after the image',
  },
  {
    typed: /^--device-(read|write)-bps$/,
    flag: 'block-bandwidth',
    hint: 'write --block-bandwidth=BYTES after the image: it holds for each disk, read and written each',
  },
  {
    typed: /^--device-(read|write)-iops$/,
    flag: 'block-iops',
    hint: 'write --block-iops=N after the image: it holds for each disk, reads and writes each',
  },
  {typed: /^--cpus$/, flag: 'cpu', hint: 'write --cpu=CORES after the image'},
  {typed: /^--pids-limit$/, flag: 'pids', hint: 'write --pids=N after the image'},
  {typed: /^--ulimit$/, flag: 'rlimit', hint: 'write --rlimit=nofile=SOFT:HARD after the image'},
  {typed: /^--group-add$/, flag: 'supplementary-gids', hint: 'write --supplementary-gids=GID,… after the image'},
  {typed: /^-l|^--label$/, flag: 'user-label', hint: 'write --user-label=NAME=VALUE after the image'},
  {typed: /^--userns$/, flag: 'private-users', hint: 'write --private-users'},
  {typed: /^--pull$/, flag: 'pull-policy', hint: 'write --pull-policy=never, new or update'},
  {typed: /^--(cid|pid)file$/, flag: 'uuid-file-save', hint: 'write --uuid-file-save=FILE'},
  {typed: /^-[aq]|^--all$|^--quiet$/, flag: 'no-legend', hint: 'all are listed; for scripts there is --format=json'},
  {typed: /^-n/, flag: 'tail', hint: 'write --tail=N'},
  {typed: /^-t|^--timestamps$/, flag: 'tail', hint: 'lines of --stdout=journal have times, in --format=json'},
  {typed: /^-[it]|^--tty$|^--interactive$/, flag: 'app', hint: 'leave it out: the program has the terminal of rkt'},
  {typed: /^-[ts]|^--time(out)?$|^--signal$/, flag: 'force', hint: 'it waits about ten seconds; --force kills at once'},
  {typed: /^-f/, flag: 'force', hint: 'write --force'},
  {typed: /^-f|^--force$/, flag: 'all', hint: 'one that runs is stopped first, by rkt stop --force'},
];

/** The hint for a flag that a command has not, if it is known from elsewhere and the command has one for the same. */
export const flagHabit = (typed: string, flags: Flags): string | undefined =>
  FLAGS.find((habit) => habit.typed.test(typed) && Object.hasOwn(flags, habit.flag))?.hint;
