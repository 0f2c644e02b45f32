import type {App, HostFacts, Pod, UnitOptions} from '@rkt/plugin-sdk';
import {isRelayed, relayPath} from './journal-relay.ts';

type Stdio = ReturnType<UnitOptions['stdio']>;

/** Where the process that the step `init` leaves beside systemd keeps open the streams that rkt was given: nothing copies what apps write, and each opens its own. */
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
