import type {HostFacts} from '../../contract/host.ts';
import type {Pod} from '../../contract/pod.ts';
import {hostPorts, isSocketOf} from '../../contract/port-sockets.ts';
import {socketsMismatch} from '../errors.ts';

/**
 * For flavors that hand out sockets by the ports that want them; where the app is the launched program, it has all that rkt was given.
 *
 * Makes sure that the sockets that rkt was given are those of the pod's socket-activated ports: none missing, none left over, none for two.
 * @throws RKT_POD_SOCKETS_MISMATCH
 */
export const checkSockets = ({apps}: Pod, {sockets = []}: Pick<HostFacts, 'sockets'>): void => {
  const ports = apps.flatMap((app) =>
    app.ports.filter(({socketActivated}) => socketActivated).map((port) => ({app: app.name, port})),
  );
  const missing = ports.flatMap(({app, port}) =>
    hostPorts(port)
      .filter((number) => !sockets.some((socket) => socket.port === number && isSocketOf(port, socket)))
      .map((number) => {
        const address = port.hostIp === undefined ? '' : `${port.hostIp}:`;
        return `${port.protocol} ${address}${number}, port "${port.name}" of app "${app}", was not passed`;
      }),
  );
  const others = sockets.flatMap((socket) => {
    const wanting = ports
      .filter(({port}) => isSocketOf(port, socket))
      .map(({app, port}) => `"${port.name}" of "${app}"`);
    if (wanting.length === 1) return [];
    const {family, protocol, address, port} = socket;
    const shown =
      family === 'inet' || family === 'inet6' ? `${protocol} ${bracketed(address)}:${port}` : `a ${family} socket`;
    return [
      wanting.length === 0 ? `${shown} was passed and no port wants it` : `${shown} fits ${wanting.join(' and ')}`,
    ];
  });
  const problems = [...missing, ...others];
  if (problems.length > 0) throw socketsMismatch(problems);
};

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
