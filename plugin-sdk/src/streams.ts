import type {App, Launch, Redirection} from '@rkt/core/contract';
import {logPath} from './logs.ts';

const OUTPUTS = ['stdout', 'stderr'] as const;

/** For a launch into the rootfs: the streams that the app does not have from rkt's caller. `null` goes nowhere, `log` to {@link logPath}; empty if there is none. */
export const redirectedStreams = (app: App): Pick<Extract<Launch, {into: 'rootfs'}>, 'stdio'> => {
  const redirected = {
    ...(app.stdio.stdin === 'null' ? {stdin: {to: 'null'} as const} : {}),
    ...Object.fromEntries(OUTPUTS.flatMap((stream) => redirectionOf(app, stream))),
  };
  return Object.keys(redirected).length === 0 ? {} : {stdio: redirected};
};

const redirectionOf = (app: App, stream: (typeof OUTPUTS)[number]): [string, Redirection][] => {
  switch (app.stdio[stream]) {
    case 'null':
      return [[stream, {to: 'null'}]];
    case 'log':
      return [[stream, {to: 'file', path: logPath(app, stream)}]];
    default:
      return [];
  }
};
