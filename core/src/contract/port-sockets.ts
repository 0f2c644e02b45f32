import type {PassedSocket} from './host.ts';
import type {Port} from './pod.ts';

/** The ports of the host that a port, or range of ports, of an app takes. */
export const hostPorts = ({port, hostPort, count}: Port): number[] =>
  Array.from({length: count}, (_, index) => (hostPort ?? port) + index);

/** Whether something has to lead from the host's port to the app's: the socket of one that is socket-activated is there already. */
export const isForwarded = ({hostPort, socketActivated}: Port): boolean => hostPort !== undefined && !socketActivated;

/** Whether a socket that rkt was given is one of a socket-activated port. */
export const isSocketOf = (port: Port, {family, protocol, address, port: number}: PassedSocket): boolean =>
  port.socketActivated &&
  (family === 'inet' || family === 'inet6') &&
  port.protocol === protocol &&
  hostPorts(port).includes(number) &&
  (port.hostIp === undefined || port.hostIp === address);
