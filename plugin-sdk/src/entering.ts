import type {App, ProcessIdentity, RunningPod} from '@rkt/core/contract';

const SHELL = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi'];

/** What `enter` runs: the command, or without one a shell of the app. */
export const commandOrShell = (command: readonly string[]): string[] => [...(command.length > 0 ? command : SHELL)];

/** The process to join for an app. */
export const processOf = (pod: RunningPod, app: App): ProcessIdentity => {
  const process = pod.appProcesses[app.name];
  if (process === undefined) throw new Error(`app ${app.name} of pod ${pod.uuid} has no process`);
  return process;
};
