import type {App, HostFacts, Pod, UnitOptions} from '@rkt/plugin-sdk';
import {isRelayed, relayPath} from './journal-relay.ts';

type Stdio = ReturnType<UnitOptions['stdio']>;

/**
 * What PID 1 does before it becomes systemd, which closes the streams that rkt was given: a stopped process, always number 2, keeps them open, and apps
 * open them there. So nothing copies what they write, and each has its own. (Descriptor 3, because a shell gives what it starts in the background no input.)
 */
export const INIT = `exec 3<&0
sh -c 'kill -STOP $$' <&3 3<&- &
exec 3<&-
exec /usr/lib/systemd/systemd --log-target=null --show-status=0
`;

/**
 * The same where rkt was given sockets for systemd, in the descriptors from 3 on: no number is free for sure, so the holder opens the input by path, and PID 1
 * must not become systemd, which closes it, before the holder has stopped. It has no business with the sockets: those that a shell has a number for are closed, so that they end with their app.
 * It waits in a shell of its own: one that reads a file has that file in place of its input, and the holder would open that.
 */
export const SOCKETS_INIT = `sh -c 'exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-; kill -STOP $$' </proc/1/fd/0 &
(until read -r state </proc/2/stat; case $state in *') T '* | *') Z '*) true ;; *) false ;; esac; do :; done)
exec /usr/lib/systemd/systemd --log-target=null --show-status=0
`;

const HOLDER = '/proc/2/fd';

const TERMINAL = {kind: 'terminal', path: '/dev/console'} as const;

/** Where an app's streams go. In an interactive pod, rkt's streams are the pod's terminal. */
export const stdioOf = (pod: Pod, app: App, host: HostFacts): Stdio => {
  const output = (stream: 'stdout' | 'stderr'): Stdio['stdout'] => {
    switch (app.stdio[stream]) {
      case 'null':
        return {kind: 'null'};
      case 'log':
        return {kind: 'append', path: `/rkt/logs/${app.name}.${stream}`};
      case 'journal':
        return stream === 'stderr' && isRelayed(app) ? {kind: 'append', path: relayPath(app)} : {kind: 'journal'};
      case 'tty':
      case 'stream':
      case 'inherit':
        return pod.interactive ? TERMINAL : {kind: 'append', path: `${HOLDER}/${stream === 'stdout' ? 1 : 2}`};
    }
  };
  return {stdin: inputOf(pod, app, host), stdout: output('stdout'), stderr: output('stderr')};
};

/** Whether one of an app's streams is the pod's terminal. */
export const hasTerminal = (pod: Pod, app: App, host: HostFacts): boolean =>
  Object.values(stdioOf(pod, app, host)).some(({kind}) => kind === 'terminal');

// Several apps that read one stream would each get some of it. What is typed at a terminal is for the pod whose terminal it is, or for whoever says so: else it is the caller's, who may have a use for it.
const inputOf = (pod: Pod, app: App, {terminals = []}: HostFacts): Stdio['stdin'] => {
  if (app.stdio.stdin === 'null') return {kind: 'null'};
  if (pod.interactive) return pod.apps.length === 1 || app.stdio.stdin !== 'inherit' ? TERMINAL : {kind: 'null'};
  const reads =
    app.stdio.stdin === 'stream' ||
    (app.stdio.stdin === 'inherit' && pod.apps.length === 1 && !terminals.includes('stdin'));
  return reads ? {kind: 'file', path: `${HOLDER}/0`} : {kind: 'null'};
};
