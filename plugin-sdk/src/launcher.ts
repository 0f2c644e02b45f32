import type {App, HostFacts, HostPath, Launch, Process} from '@rkt/core/contract';
import {hostPath, rootfsPath} from './paths.ts';

/**
 * The path of a program that the declaration names in `programs`. Declare it as a requirement (`run: enforced('…', {requires: ['program/NAME']})`): then no hook is asked for a plan on a host
 * without it.
 */
export const programOf = (host: HostFacts, name: string): HostPath => {
  const program = host.programs[name];
  if (program == null) throw new Error(`${name} is not installed, or not among the programs of the declaration`);
  return hostPath(program.path);
};

/**
 * The process of a launcher on the host (`into: 'host'`): root, with all that rkt has. Do not use `App.process` for it, which is what the launcher has to make of the app: its `argv` and `cwd` are
 * for the app's rootfs, and its capabilities and filter would keep a launcher from its work.
 */
export const launcherProcess = (host: HostFacts, argv: readonly string[], env: Process['env'] = []): Process => ({
  argv: [...argv],
  env: [{name: 'PATH', value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}, ...env],
  cwd: rootfsPath('/'),
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0o022,
  capabilities: {bounding: host.capabilities, effective: host.capabilities, ambient: []},
  noNewPrivileges: false,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
});

/*
 * Signals are caught before there is a launcher, because an app may be quick to say that it is ready for one. The launcher is in the background, where a shell gives it no input and has it ignore
 * two signals. One that comes before there is an app is the launcher's. `wait` is over when a signal comes, too: also when the launcher has ended by then, and only another `wait` tells its
 * status (127: it has been told).
 */
const RELAY = `
generation=$1 launcher= early=; shift
relay() {
  [ -n "$launcher" ] || { early="$early $1"; return; }
  interrupted=yes to=$launcher left=$generation
  while [ $left -gt 0 ]; do
    child=; read -r child rest </proc/$to/task/$to/children
    [ -n "$child" ] || { to=$launcher; break; }
    to=$child left=$((left - 1))
  done
  kill -s $1 $to
} 2>/dev/null
for signal in HUP INT QUIT USR1 USR2 TERM; do trap "relay $signal" $signal; done
exec 3<&0 </dev/null
setpriv --pdeathsig KILL setsid env --default-signal=INT,QUIT "$@" <&3 3<&- &
launcher=$!
exec 3<&-
for signal in $early; do relay $signal; done
while interrupted=; wait $launcher; status=$?; [ -n "$interrupted" ] && kill -s 0 $launcher 2>/dev/null; do :; done
wait $launcher; last=$?; [ $last = 127 ] || status=$last
exit $status`;

const STREAMS = [
  ['stdin', '</dev/null'],
  ['stdout', '>/dev/null'],
  ['stderr', '2>/dev/null'],
] as const;

/**
 * The launch of a launcher that does not pass signals on: a shell of the host that does, and that starts the launcher in a session of its own. SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 go to
 * the app, which is the launcher's descendant of that generation (1: its child). The shell ends with the launcher's status; when it is killed, so is the launcher. The launcher gets umask, rlimits and oom score of the app, and
 * its streams where they go nowhere. It needs setpriv(1) and setsid(1). For `appProcess`, the app is one generation further down:
 *
 *     launch: (pod, host) => relaySignals(host, app, ['bwrap', …], 2),
 *     appProcess: () => ({in: 'child', generation: 3}),
 */
export const relaySignals = (
  host: HostFacts,
  {stdio, process: {umask, rlimits, oomScoreAdj}}: Pick<App, 'stdio' | 'process'>,
  argv: readonly string[],
  generation: number,
): Launch => {
  const nowhere = STREAMS.flatMap(([name, redirection]) => (stdio[name] === 'null' ? [redirection] : []));
  const script = nowhere.length > 0 ? `exec ${nowhere.join(' ')}${RELAY}` : RELAY;
  const process = launcherProcess(host, ['sh', '-c', script, 'sh', String(generation), ...argv]);
  return {
    into: 'host',
    program: hostPath('/bin/sh'),
    process: {...process, umask, rlimits, oomScoreAdj},
    passSockets: false,
    keepLock: false,
  };
};
