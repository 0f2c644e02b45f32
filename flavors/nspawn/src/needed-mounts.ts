import type {HostFacts, HostPath, Step} from '@rkt/plugin-sdk';
import {nspawnProgram} from './command.ts';
import {isRegistered} from './service-manager.ts';

/** Devices, what the kernel shows, and where programs have their libraries and settings. */
const SYSTEM = ['/dev', '/proc', '/sys', '/etc', '/lib', '/lib64', '/usr/lib', '/usr/lib64'];
const SYSTEM_BUS = '/run/dbus/system_bus_socket';

/** systemd-nspawn stays, and keeps what it sees mounted: of the host no more than it needs. */
export const neededMounts = (host: HostFacts): Step => {
  const {notifySocket = ''} = host;
  const paths = [
    ...SYSTEM,
    nspawnProgram(host),
    ...(notifySocket.startsWith('/') ? [notifySocket] : []),
    ...(isRegistered(host) ? [SYSTEM_BUS] : []),
  ];
  return {id: 'mounts', do: 'keep-mounts', paths: paths.map((path) => path as HostPath)};
};
