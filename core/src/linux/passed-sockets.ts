import {fstatSync} from 'node:fs';
import {listenFdsInvalid} from './errors.ts';

/** Number of the first descriptor that a service manager passes (sd_listen_fds(3)). */
const FIRST = 3;
const MAX = 1024;
const NAMES = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'] as const;

export interface PassedSockets {
  readonly fds: readonly number[];
  /** What tells the program about them: its process number is that of rkt, which execve keeps. */
  readonly env: readonly {readonly name: string; readonly value: string}[];
}

/**
 * The sockets that rkt's caller passed by LISTEN_FDS and LISTEN_PID; none if the variables are meant for another process.
 * @throws RKT_LISTEN_FDS_INVALID for a number that is none, or descriptors that are no sockets: they are Node's own.
 */
export const passedSockets = (
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid,
): PassedSockets => {
  const count = env.LISTEN_FDS;
  if (count === undefined || env.LISTEN_PID !== String(pid)) return {fds: [], env: []};
  if (!/^\d{1,4}$/.test(count) || Number(count) > MAX) throw listenFdsInvalid(count, `not a number from 0 to ${MAX}`);
  const fds = Array.from({length: Number(count)}, (_, index) => FIRST + index);
  const other = fds.find((fd) => !isSocket(fd));
  if (other !== undefined) throw listenFdsInvalid(count, `descriptor ${other} is not a socket`);
  return {
    fds,
    env: NAMES.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [{name, value}];
    }),
  };
};

const isSocket = (fd: number): boolean => {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
};
