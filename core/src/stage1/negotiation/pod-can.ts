import type {IsolatorMap} from '../../contract/isolators.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Wish} from '../wishes.ts';

/** Why a pod cannot have a value that it asks for, because of what else it asks for; `undefined` when it can. */
export const valueBeyondPod = (
  {kind, name, value}: Pick<Wish, 'kind' | 'name' | 'value'>,
  pod: Pod,
): string | undefined => {
  if (kind === 'feature' && name === 'user-namespace') return beyondIds(pod);
  if (kind !== 'isolator' || name !== 'os/unix/sysctl') return undefined;
  const keys = Object.keys((value as IsolatorMap['os/unix/sysctl']).values);
  const ofNetwork = (key: string) => /^net[./]/.test(key);
  const network = keys.find(ofNetwork);
  if (network !== undefined && pod.network.mode === 'host') {
    return `${network} would be the host's: the pod shares its network, unless run with --net=none`;
  }
  const ipc = keys.find((key) => !ofNetwork(key));
  return ipc !== undefined && pod.ipc === 'host'
    ? `${ipc} would be the host's: the pod shares its ipc namespace`
    : undefined;
};

const beyondIds = ({apps, volumes, idMap}: Pod): string | undefined => {
  const device = volumes.find((volume) => volume.kind === 'host' && volume.type === 'device');
  if (device !== undefined) return `volume "${device.name}" is a device, which belongs to a user of the host`;
  const count = idMap?.count ?? 0;
  for (const {name, process} of apps) {
    const id = [process.uid, process.gid, ...process.groups].find((candidate) => candidate >= count);
    if (id !== undefined) return `app "${name}" has the user or group ${id}, and the pod has those below ${count}`;
  }
  const owned = volumes.find((volume) => volume.kind === 'empty' && Math.max(volume.uid, volume.gid) >= count);
  return owned === undefined
    ? undefined
    : `volume "${owned.name}" belongs to a user or group that the pod has not: it has those below ${count}`;
};
