import {type HostFacts, type HostPath, type Pod, SHARED_MEMORY} from '@rkt/plugin-sdk';
import {APPARMOR, hasProfile} from './app-armor.ts';
import {bindPath} from './bind-path.ts';
import {cgroupBinds, limitsThroughV1} from './cgroups.ts';
import {hasJournal} from './journal.ts';
import {isRegistered, notifyEnvironment} from './service-manager.ts';
import {ownNamespaces} from './sysctl.ts';

/** Places below the pod's directory. The first is the shared tree; the others are the pod's own. */
export const TREE = 'stage1/tree';
export const ETC = 'stage1/etc';
/** Below that one. */
export const INIT = 'rkt/init';
export const SHARED = 'stage1/rootfs/rkt';
export const APPS = 'stage1/rootfs/opt/stage2';

/** systemd-nspawn has these even without `--capability` (systemd-nspawn(1)). */
const GRANTED = new Set([
  'CAP_AUDIT_CONTROL',
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_IPC_OWNER',
  'CAP_KILL',
  'CAP_LEASE',
  'CAP_LINUX_IMMUTABLE',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_CHROOT',
  'CAP_SYS_NICE',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TTY_CONFIG',
]);

/** With these and without nspawn's own filters, the pod's systemd would write into the host's audit log. */
const AUDIT = ['CAP_AUDIT_CONTROL', 'CAP_AUDIT_READ', 'CAP_AUDIT_WRITE'];

/** Has systemd end the pod, once it is there: until then it must not be lost. */
export const END = {name: 'SIGRTMIN+3', number: 37} as const;

const bind = (option: '--bind' | '--bind-ro', source: string, target: string, flag = ''): string =>
  `${option}=${bindPath(source)}:${bindPath(target)}${flag}`;

/** What becomes of rkt: systemd-nspawn with its arguments. */
export const nspawnArguments = (pod: Pod, host: HostFacts): string[] => {
  const at = (path: string): string => `${pod.directory}/${path}`;
  const asked = new Set<string>(pod.apps.flatMap(({process}) => process.capabilities.bounding));
  const added = [...asked].filter((name) => !GRANTED.has(name)).sort();
  const dropped = AUDIT.filter((name) => !asked.has(name));
  const {idMap} = pod;
  const mapped = idMap === undefined ? '' : ':idmap';
  return [
    ...nspawnCommand(host),
    '--quiet',
    // The pod's cgroup is rkt's, and no scope of the host's systemd.
    `--register=${isRegistered(host) ? 'yes' : 'no'}`,
    '--keep-unit',
    '--link-journal=no',
    '--timezone=off',
    '--resolv-conf=off',
    '--notify-ready=yes',
    `--kill-signal=${END.name}`,
    `--console=${pod.interactive ? 'interactive' : 'pipe'}`,
    `--directory=${at(TREE)}`,
    '--read-only',
    `--machine=rkt-${pod.uuid}`,
    `--hostname=${pod.hostname ?? `rkt-${pod.uuid}`}`,
    ...(idMap === undefined ? [] : [`--private-users=${idMap.base}:${idMap.count}`, '--private-users-ownership=map']),
    bind('--bind-ro', at(ETC), '/etc', mapped),
    bind('--bind', at(SHARED), '/rkt', mapped),
    // Mounts that have the map themselves.
    bind('--bind', at(APPS), '/opt/stage2'),
    ...(hasJournal(pod) ? [bind('--bind', at(`${SHARED}/journal`), '/run/log/journal', mapped)] : []),
    `--tmpfs=/dev/shm:${tmpfsOptions(SHARED_MEMORY)}`,
    ...networkOptions(pod),
    ...(added.length > 0 ? [`--capability=${added.join(',')}`] : []),
    ...(dropped.length > 0 ? [`--drop-capability=${dropped.join(',')}`] : []),
    ...(limitsThroughV1(pod, host) ? cgroupBinds(pod, host) : []),
    ...(hasProfile(pod) ? [bind('--bind-ro', APPARMOR, APPARMOR)] : []),
    '--',
    `/etc/${INIT}`,
  ];
};

/** nspawn's own differs in what may be executed. */
const tmpfsOptions = ({flags, options}: typeof SHARED_MEMORY): string =>
  [...flags, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(',');

/** In a network namespace that is there already the pod's systemd sets up loopback, as it would in one that nspawn makes. */
const networkOptions = (pod: Pod): string[] => {
  if (pod.network.mode !== 'none') return [];
  return ownNamespaces(pod).includes('net') ? ['--capability=CAP_NET_ADMIN'] : ['--private-network'];
};

/** Settings that systemd-nspawn takes from its environment, besides PATH. */
export const nspawnEnvironment = (pod: Pod, host: HostFacts): {name: string; value: string}[] => [
  {name: 'SYSTEMD_LOG_LEVEL', value: pod.debug ? 'info' : 'err'},
  // Its lock files guard trees against two writers; the tree is shared and read-only.
  {name: 'SYSTEMD_NSPAWN_LOCK', value: '0'},
  // Its own filters take longer to compile than the rest of the pod to start; each app has the one that it asked for.
  {name: 'SYSTEMD_SECCOMP', value: '0'},
  ...notifyEnvironment(host),
  ...(limitsThroughV1(pod, host) ? [] : [{name: 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY', value: '1'}]),
  ...(pod.ipc === 'host' || ownNamespaces(pod).includes('ipc')
    ? [{name: 'SYSTEMD_NSPAWN_SHARE_NS_IPC', value: '1'}]
    : []),
];

/** The file to execute: systemd-nspawn, or the loader of the image that it is in. */
export const nspawnProgram = (host: HostFacts): HostPath => {
  const {path, through} = nspawn(host);
  return through?.loader ?? path;
};

const nspawnCommand = (host: HostFacts): string[] => {
  const {path, through} = nspawn(host);
  return through === undefined ? ['systemd-nspawn'] : ['systemd-nspawn', ...through.arguments, path];
};

const nspawn = (host: HostFacts) => {
  const program = host.programs['systemd-nspawn'];
  // The probe has found it missing before any plan is made.
  if (program == null) throw new Error('systemd-nspawn is not installed');
  return program;
};
