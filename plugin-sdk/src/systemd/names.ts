import type {App} from '@rkt/core/contract';

/*
 * App names have no colon, so nothing here can be the name of another app's unit.
 */

/** The unit of an app: `app-main.service`. */
export const serviceName = (app: App): string => `app-${app.name}.service`;

export type Ending = 'ended' | 'failed' | 'unready';
export const preStartName = (app: App): string => `app-${app.name}:pre-start.service`;
export const postStopName = (app: App): string => `app-${app.name}:post-stop.service`;
/** The units that write to an app's streams: its service, and those of its event handlers. */
export const writersOf = (app: App): string[] => [
  serviceName(app),
  ...app.eventHandlers.map(({name}) => (name === 'pre-start' ? preStartName(app) : postStopName(app))),
];
/** Starts when the app's service has ended, well or not, or what had to be done before it has failed. systemd tells one about the other's end only when it follows from a single kind of dependency. */
export const recorderName = (app: App, how: Ending): string => `app-${app.name}:${how}.service`;
/** Where restarts are limited: what ends the pod for it has done so before the next. */
export const afterRecorders = (app: App): (readonly ['After', string])[] =>
  app.restartLimit === undefined ? [] : [['After', `${recorderName(app, 'ended')} ${recorderName(app, 'failed')}`]];

/** Starts before each start of an app that may be restarted. */
export const starterName = (app: App): string => `app-${app.name}:starts.service`;
/** Keeps the app's cgroup of v1 until the pod has ended: what it has counted goes with it. */
export const keeperName = (app: App): string => `app-${app.name}:memory.service`;
export const socketName = (app: App, port: string): string => `app-${app.name}:port-${port}.socket`;

export const ALIVE = 'alive.target';
