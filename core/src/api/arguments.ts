import {requestInvalid} from './errors.ts';
import type {AppOptions, CallOptions, PodOptions, StartOptions} from './requests.ts';

/*
 * Requests as the command has them. Each value is in one argument that begins with its flag, so that none can be taken for another; what would be read otherwise
 * than it was meant is refused here, all else is for the command to judge.
 */

type Encoders<T> = {readonly [K in keyof Required<T>]: (value: NonNullable<T[K]>) => readonly string[]};
type Text = string | number;

const encode = <T extends object>(what: string, encoders: Encoders<T>, values: T): string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    // A name mistyped would drop a restriction.
    if (!Object.hasOwn(encoders, name)) throw requestInvalid(`${what}.${name}`, value, 'there is no such option');
    // The encoder of that very key.
    return value === undefined ? [] : encoders[name as keyof T](value);
  });

const text = (flag: string) => (value: Text) => [`--${flag}=${value}`];
const truth = (flag: string) => (value: boolean) => (value ? [`--${flag}`] : []);
const each = (flag: string) => (values: readonly Text[]) => values.map((value) => `--${flag}=${value}`);
const joined = (flag: string) => (values: readonly Text[]) => [
  `--${flag}=${values.map((value) => without(',', flag, String(value))).join(',')}`,
];
const named = (flag: string) => (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => `--${flag}=${without('=', flag, name)}=${value}`);

const without = (separator: string, what: string, value: string): string => {
  if (value.includes(separator)) throw requestInvalid(what, value, `has a "${separator}"`);
  return value;
};

/** `key=value,key=value`. */
const pairs = (values: object): string =>
  Object.entries(values)
    .flatMap(([key, value]) =>
      value === undefined ? [] : [`${without('=', 'key', escaped(key))}=${escaped(String(value))}`],
    )
    .join(',');

const escaped = (value: string): string => value.replaceAll('%', '%25').replaceAll(',', '%2C');

const CALL: Omit<Encoders<CallOptions>, 'environment' | 'onNote'> = {
  dir: text('dir'),
  systemConfig: text('system-config'),
  localConfig: text('local-config'),
  userConfig: text('user-config'),
  insecureOptions: (names) => (names.length === 0 ? [] : joined('insecure-options')(names)),
};

const APP: Omit<Encoders<AppOptions>, 'args' | 'image'> = {
  signature: text('signature'),
  name: text('name'),
  exec: text('exec'),
  workingDir: text('working-dir'),
  user: text('user'),
  group: text('group'),
  supplementaryGids: joined('supplementary-gids'),
  environment: named('environment'),
  annotations: named('annotation'),
  userAnnotations: named('user-annotation'),
  userLabels: named('user-label'),
  mounts: (mounts) => mounts.map((mount) => `--mount=${pairs(mount)}`),
  readonlyRootfs: truth('readonly-rootfs'),
  restart: text('restart'),
  restartLimit: text('restart-limit'),
  watchdog: text('watchdog'),
  memory: text('memory'),
  cpu: text('cpu'),
  cpuShares: text('cpu-shares'),
  cpusetCpus: text('cpuset-cpus'),
  cpusetMems: text('cpuset-mems'),
  hugepages: (limits) =>
    joined('hugepages')(Object.entries(limits).map(([size, bytes]) => `${without('=', 'hugepages', size)}=${bytes}`)),
  pids: text('pids'),
  blockBandwidth: text('block-bandwidth'),
  blockIops: text('block-iops'),
  oomScoreAdj: text('oom-score-adj'),
  capsRetain: joined('caps-retain'),
  capsRemove: joined('caps-remove'),
  noNewPrivileges: (value) => [`--no-new-privileges=${value}`],
  apparmorProfile: text('apparmor-profile'),
  selinuxContext: text('selinux-context'),
  seccomp: ({mode, errno, set}) =>
    joined('seccomp')([
      `mode=${mode}`,
      ...(errno === undefined ? [] : [`errno=${errno}`]),
      ...set.map((name) => without('=', 'seccomp.set', name)),
    ]),
  rlimits: (limits) =>
    Object.entries(limits).map(
      ([name, {soft, hard = soft}]) => `--rlimit=${without('=', 'rlimits', name)}=${soft}:${hard}`,
    ),
  stdin: text('stdin'),
  stdout: text('stdout'),
  stderr: text('stderr'),
  acceptImage: each('accept-image'),
};

const POD: Omit<Encoders<PodOptions>, 'apps'> = {
  podManifest: text('pod-manifest'),
  stage1: text('stage1'),
  podName: text('pod-name'),
  volumes: (volumes) => volumes.map(({name, ...rest}) => `--volume=${escaped(name)},${pairs(rest)}`),
  ports: (ports) =>
    ports.map(({name, hostIp, hostPort}) =>
      [`--port=${without(':', 'ports', name)}`, ...(hostIp === undefined ? [] : [hostIp]), hostPort].join(':'),
    ),
  environment: named('set-env'),
  inheritEnv: truth('inherit-env'),
  pullPolicy: text('pull-policy'),
  removeOnExit: truth('rm'),
  noOverlay: truth('no-overlay'),
  privateUsers: truth('private-users'),
  sysctls: named('sysctl'),
  logSize: text('log-size'),
  acceptImage: each('accept-image'),
  allowDegraded: each('allow-degraded'),
  allowSymlinks: truth('allow-symlinks'),
};

const START: Encoders<StartOptions> = {
  net: text('net'),
  dns: each('dns'),
  dnsDomain: text('dns-domain'),
  dnsOpt: each('dns-opt'),
  dnsSearch: each('dns-search'),
  hostsEntries: each('hosts-entry'),
  hostname: text('hostname'),
  interactive: truth('interactive'),
  ipc: text('ipc'),
  mdsRegister: truth('mds-register'),
  noTemplate: truth('no-template'),
};

/** Flags of every command. */
export const callArguments = ({environment: _, onNote: __, ...options}: CallOptions): string[] => [
  '--format=json',
  ...encode('options', CALL, options),
];

/** Flags of `run` and `run-prepared`. */
export const startArguments = (options: StartOptions): string[] => encode('options', START, options);

/** Flags of the pod and its images, for `run` and `prepare`. */
export const podArguments = ({apps = [], ...pod}: PodOptions): string[] => [
  ...encode('pod', POD, pod),
  ...apps.flatMap((app, index) => [...(index === 0 ? [] : ['---']), ...appArguments(app)]),
];

const appArguments = ({image, args = [], ...app}: AppOptions): string[] => {
  // It would end the arguments of the app, and what follows would be an image.
  if (args.includes('---')) throw requestInvalid('args', args, 'the command cannot pass on "---"');
  return [...word('image', image), ...encode('app', APP, app), ...(args.length === 0 ? [] : ['--', ...args])];
};

/** An argument that is no flag. */
export const word = (what: string, value: string): string[] => {
  if (value.startsWith('-')) throw requestInvalid(what, value, 'begins with "-"');
  return [value];
};
