import {type App, hostPorts, isSocketOf, type PassedSocket, type Pod, type Port} from '@rkt/core/contract';
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

/** One unit for each port, so that the app gets the port's name with the descriptor (LISTEN_FDNAMES): systemd gives them in no order that could be relied on. */
const socketUnit = (app: App, port: Port, passed: readonly PassedSocket[]): UnitFile => {
  const name = checkedName(app, port);
  return unit(socketName(app, name), {
    Unit: [
      ['DefaultDependencies', 'no'],
      ['Before', 'sockets.target shutdown.target'],
      ['Conflicts', 'shutdown.target'],
      // Only its policy starts an app again, and no connection that it has left behind.
      ['StopWhenUnneeded', 'yes'],
    ],
    Socket: [
      ...(port.protocol === 'sctp' ? [['SocketProtocol', 'sctp'] as const] : []),
      ...addresses(app, port, passed).map(
        (address): Setting => [port.protocol === 'udp' ? 'ListenDatagram' : 'ListenStream', address],
      ),
      ['FileDescriptorName', name],
      ['Service', serviceName(app)],
    ],
  });
};

/** As bound on the host: the pod's systemd knows a passed socket by its address, and an address without a socket it would bind itself. */
const addresses = (app: App, port: Port, passed: readonly PassedSocket[]): string[] => {
  const own = passed.filter((socket) => isSocketOf(port, socket));
  if (own.length > 0) return own.map(({address, port: number}) => written(app, port, address, number));
  return hostPorts(port).map((number) =>
    port.hostIp === undefined ? `${number}` : written(app, port, port.hostIp, number),
  );
};

const written = (app: App, {name}: Port, address: string, number: number): string => {
  if (!/^[0-9A-Fa-f:.]+$/.test(address)) {
    throw characterRefused(`app "${app.name}": port "${name}"`, address, 'more than an address');
  }
  return address.includes(':') ? `[${address}]:${number}` : `${address}:${number}`;
};

/**
 * Sockets of socket-activated ports; nothing if there are none. systemd keeps a passed descriptor only for a unit that it has loaded when it looks, and
 * local-fs.target is what the first mount that it sees pulls in.
 */
export const socketUnits = ({apps}: Pod, passed: readonly PassedSocket[] = []): UnitFile[] => {
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
    ...apps.flatMap((app) => activated(app).map((port) => socketUnit(app, port, passed))),
  ];
};
