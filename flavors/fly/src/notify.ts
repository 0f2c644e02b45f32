import {type App, type HostFacts, type HostPath, inRootfs, type Step} from '@rkt/plugin-sdk';

/*
 * An app that says by itself when it is ready has the socket of whoever started rkt: it is the process that rkt was, whose word counts there.
 */

const VARIABLE = 'NOTIFY_SOCKET';
/** Where it is for the app, whatever its image has in /run. */
const PLACE = '/dev/notify';

const socketFor = ({notifies}: App, {notifySocket}: HostFacts): string | undefined =>
  notifies ? notifySocket : undefined;

/** An abstract socket is that of a network, which is the host's, and has no place in a file system. */
const hasPath = (socket: string | undefined): socket is HostPath => socket?.startsWith('/') === true;

/** Binds the socket below the app's /dev, which is there by then. */
export const bindNotifySocket = (app: App, host: HostFacts): Step[] => {
  const path = socketFor(app, host);
  if (!hasPath(path)) return [];
  return [
    {
      id: `notify.${app.name}`,
      do: 'bind',
      source: {in: 'host', path},
      target: inRootfs(app, PLACE),
      recursive: false,
      // Where it is, whoever started rkt has said.
      followSymlinks: true,
      // Who connects need not write: and its mode and owner stay the host's business.
      flags: ['ro', 'nosuid', 'nodev', 'noexec'],
    },
  ];
};

/** The app's process, told where the socket is. */
export const withNotifySocket = (app: App, host: HostFacts): App['process'] => {
  const socket = socketFor(app, host);
  if (socket === undefined) return app.process;
  const value = hasPath(socket) ? PLACE : socket;
  return {...app.process, env: [...app.process.env.filter(({name}) => name !== VARIABLE), {name: VARIABLE, value}]};
};
