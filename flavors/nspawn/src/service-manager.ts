import type {HostFacts, HostPath, Pod, Step} from '@rkt/plugin-sdk';

/*
 * What is different when rkt was started by a service manager.
 */

/** systemd-nspawn forwards what the pod's systemd says (`--notify-ready=yes`), and what stays before it hands that on: the service's main process. */
export const notifyEnvironment = ({notifySocket}: HostFacts): {name: string; value: string}[] =>
  notifySocket === undefined ? [] : [{name: 'NOTIFY_SOCKET', value: notifySocket}];

/** machined lists pods that are in a service: it knows a machine by the unit that its cgroup belongs to. */
export const isRegistered = ({machined, cgroup}: HostFacts): boolean =>
  machined === true &&
  cgroup.parent !== '/' &&
  cgroup.hierarchies.some(({own}) => `${own}/`.startsWith(`${cgroup.parent}/`));

/**
 * systemd-nspawn keeps places of its own in /run/systemd/nspawn; nothing of it stays when the pod has ended. Where nobody is to be told
 * anything, nothing in /run is needed at all.
 */
export const ownRun = ({directory}: Pod, host: HostFacts): Step[] => {
  const tmpfs = (path: string): Step => ({
    id: 'run',
    do: 'mount',
    type: 'tmpfs',
    target: inHost(path),
    flags: ['nosuid', 'nodev'],
    options: {mode: '0755'},
  });
  const needed = host.notifySocket !== undefined || isRegistered(host) || directory.startsWith('/run/');
  if (!needed) return [tmpfs('/run')];
  return [
    {id: 'dir.run', do: 'mkdir', target: inHost('/run/systemd/nspawn'), mode: 0o755, uid: 0, gid: 0},
    tmpfs('/run/systemd/nspawn'),
  ];
};

const inHost = (path: string) => ({in: 'host', path: path as HostPath}) as const;
