/*
 * What apps of one pod do in scripts. They share /dev/shm and the numbers of their processes; of several none reads what rkt does, so that one that is to
 * stay waits for what nobody writes, until it is stopped.
 */

/** The last command of an app that stays. */
export const STAY = '{ [ -p /tmp/stay ] || mkfifo /tmp/stay; exec cat /tmp/stay; }';

/** The file that apps wait for. */
export const toldBy = (what: string): string => `/dev/shm/${what}`;

/** Lets the apps that wait for it go on. */
export const tell = (what: string): string => `: >${toldBy(what)}`;

export const awaitTold = (what: string): string => `until [ -e ${toldBy(what)} ]; do sleep 0.1; done`;

/** Lets the apps that wait for the end of this one's process know it. */
export const tellProcess = (app: string): string => `echo $$ >/dev/shm/.${app}; mv /dev/shm/.${app} /dev/shm/${app}`;

export const awaitEnd = (app: string): string =>
  `${awaitTold(app)}; while kill -0 "$(cat /dev/shm/${app})" 2>/dev/null; do sleep 0.1; done`;
