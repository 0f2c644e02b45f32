import type {App, Pod, Port} from '@rkt/core/contract';
import {characterRefused} from './errors.ts';
import {serviceName, socketName} from './names.ts';
import {type Setting, type UnitFile, unit} from './unit.ts';

const activated = (app: App): Port[] => app.ports.filter(({socketActivated}) => socketActivated);

export const socketNames = (app: App): string[] =>
  activated(app).map((port) => socketName(app, checkedName(app, port)));

const checkedName = (app: App, {name}: Port): string => {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    throw characterRefused(`app "${app.name}": port`, name, 'more than an AC Name');
  return name;
};

/** One unit for each port, so that the app gets the port's name with the descriptor (LISTEN_FDNAMES). */
const socketUnit = (app: App, port: Port): UnitFile => {
  const name = checkedName(app, port);
  return unit(socketName(app, name), {
    Unit: [
      ['DefaultDependencies', 'no'],
      ['Before', 'sockets.target shutdown.target'],
      ['Conflicts', 'shutdown.target'],
    ],
    Socket: [
      ...(port.protocol === 'sctp' ? [['SocketProtocol', 'sctp'] as const] : []),
      ...addresses(app, port).map(
        (address): Setting => [port.protocol === 'udp' ? 'ListenDatagram' : 'ListenStream', address],
      ),
      ['FileDescriptorName', name],
      ['Service', serviceName(app)],
    ],
  });
};

/** As bound on the host: the pod's systemd knows a passed socket by its address there. */
const addresses = (app: App, {name, port, hostIp, hostPort, count}: Port): string[] => {
  if (hostIp !== undefined && !/^[0-9A-Fa-f:.]+$/.test(hostIp)) {
    throw characterRefused(`app "${app.name}": port "${name}"`, hostIp, 'more than an address');
  }
  const prefix = hostIp === undefined ? '' : hostIp.includes(':') ? `[${hostIp}]:` : `${hostIp}:`;
  return Array.from({length: count}, (_, index) => `${prefix}${(hostPort ?? port) + index}`);
};

/**
 * Sockets of socket-activated ports; nothing if there are none. systemd keeps a passed descriptor only for a unit that it has loaded when it looks, and
 * local-fs.target is what the first mount that it sees pulls in.
 */
export const socketUnits = ({apps}: Pod): UnitFile[] => {
  const names = apps.flatMap(socketNames);
  if (names.length === 0) return [];
  return [
    unit('local-fs.target', {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['Requires', 'sockets.target'],
      ],
    }),
    unit('sockets.target', {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['Wants', names.join(' ')],
      ],
    }),
    ...apps.flatMap((app) => activated(app).map((port) => socketUnit(app, port))),
  ];
};
