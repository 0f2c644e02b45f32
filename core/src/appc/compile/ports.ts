import type {Port} from '../../contract/pod.ts';
import {portAmbiguous, portProtocolUnsupported, portRangeInvalid, portUnknown} from '../errors.ts';
import type {ExposedPort, ImagePort} from '../ports.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const MAX_PORT = 65_535;

/**
 * The ports of each app of a pod, by the app's name, with those of the host that lead to them (appc IM-23, PO-13). A port that is exposed twice stands twice.
 * A `podPort` that no app has by name goes to the first app: the pod has one network.
 */
export const compilePorts = (
  apps: readonly {readonly name: string; readonly ports: readonly ImagePort[] | null | undefined}[],
  exposed: readonly ExposedPort[] | null | undefined,
): ReadonlyMap<string, Port[]> => {
  const compiled = new Map<string, Port[]>(apps.map(({name}) => [name, []]));
  const add = (app: string | undefined, port: Port) => compiled.get(app ?? '')?.push(port);
  for (const expose of exposed ?? []) {
    const owners = apps.filter(({ports}) => ports?.some(({name}) => name === expose.name));
    if (owners.length > 1 && expose.podPort == null) {
      throw portAmbiguous(
        expose.name,
        owners.map(({name}) => name),
      );
    }
    const owner = owners[0] ?? (expose.podPort == null ? undefined : apps[0]);
    const port = expose.podPort ?? owner?.ports?.find(({name}) => name === expose.name);
    if (owner === undefined || port === undefined) throw portUnknown(expose.name);
    const count = port.count ?? 1;
    if (expose.hostPort + count - 1 > MAX_PORT) throw portRangeInvalid(expose.name, expose.hostPort, count);
    add(owner.name, {
      ...toPort(port),
      name: expose.name,
      hostPort: expose.hostPort,
      ...(expose.hostIP == null ? {} : {hostIp: expose.hostIP}),
    });
  }
  for (const {name: app, ports} of apps) {
    for (const port of ports ?? []) {
      if (!exposed?.some(({name}) => name === port.name)) add(app, toPort(port));
    }
  }
  return compiled;
};

const toPort = ({name, protocol, port, count, socketActivated}: ImagePort): Port => {
  const known = PROTOCOLS.find((candidate) => candidate === protocol);
  if (known === undefined) throw portProtocolUnsupported(name, protocol);
  return {name, protocol: known, port, count: count ?? 1, socketActivated: socketActivated ?? false};
};
