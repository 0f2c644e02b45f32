import type {Server} from 'node:net';

/** Of a listening socket: there is no public way to it. */
export const descriptorOf = (server: Server): number =>
  (server as unknown as {readonly _handle: {readonly fd: number}})._handle.fd;
