import type {App, HostFacts, Pod} from '@rkt/plugin-sdk';

/*
 * A terminal of the guest. crun makes it among the files of the app, and gives it to all three streams.
 */

type Facts = Pick<HostFacts, 'terminals'>;

/** Whether what rkt's caller has is a terminal, and nothing else. */
export const isOnTerminal = ({terminals = []}: Facts): boolean => terminals.length === 3;

/** Whether an app has a terminal. If one of its streams goes elsewhere, all of them are pipes. */
export const hasTerminal = ({interactive, apps}: Pod, {stdio: {stdin, stdout, stderr}}: App, host: Facts): boolean =>
  interactive &&
  isOnTerminal(host) &&
  (stdin === 'tty' || (stdin === 'inherit' && apps.length === 1)) &&
  [stdout, stderr].every((stream) => stream === 'tty' || stream === 'inherit');

/**
 * What a process with a terminal is described by besides. The agent puts the size in the place of the first marks of a file: it comes before what somebody else
 * has written.
 */
export const ON_TERMINAL = {terminal: true, consoleSize: {height: '@ROWS@', width: '@COLUMNS@'}} as const;
