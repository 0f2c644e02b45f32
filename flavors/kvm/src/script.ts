import {type App, type HostFacts, type Pod, type SeccompFilter, sysctlPath} from '@rkt/plugin-sdk';
import {bundle, configurationText, handlerBundle, processIn} from './bundle.ts';
import {filterOf} from './calls-of-crun.ts';
import {cardLines} from './cards.ts';
import {archiver, keepsChanges, mountsOf, ownOf, UPPER} from './changes.ts';
import {scriptTooLong} from './errors.ts';
import {podLimitFiles} from './pod-limits.ts';
import {streamsNowhere} from './streams.ts';
import {hasTerminal} from './terminal.ts';
import {guestMounts, mountsInVolumes} from './volumes.ts';

/*
 * What the agent does in the guest, in order (guest/agent.c): lines of fields, separated by tabs; after `write` comes the content, after `present` a path, after `write-line` and `write-sized` a line that is the content.
 */

const line = (...fields: readonly string[]): string => {
  const bad = fields.find((field) => /[\t\n\0]/.test(field));
  // Names of apps and paths made of them have none of these.
  if (bad !== undefined) throw new Error(`not for a line of the script: ${JSON.stringify(bad)}`);
  return `${fields.join('\t')}\n`;
};

const write = (path: string, content: string): string =>
  `${line('write', path, String(Buffer.byteLength(content)))}${content}`;

/** A path of an image, which may have what separates lines and fields. */
const present = (volume: string, inner: string): string =>
  `${line('present', volume, String(Buffer.byteLength(inner)))}${inner}`;

/** JSON, whose length nobody knows before it has its filter. */
const writeLine = (path: string, json: string): string => `${line('write-line', path)}${json}\n`;

/** The same with the size of the process's terminal in the place of its marks. */
const writeSized = (process: string, path: string, json: string): string =>
  `${line('write-sized', process, path)}${json}\n`;

/** The disk of an app, by a serial number that has 20 characters at most. */
export const diskName = (index: number): string => `rootfs-${index}`;

const imageOf = ({name}: App): string => `/images/${name}`;
const upperOf = (app: App): string => `${ownOf(app)}/${UPPER}`;

/** Directories that crun mounts in every app, and refuses to in the place of a file or a symlink. */
const OF_KERNEL = ['dev', 'proc', 'sys'] as const;

/** The layers of the app's root file system: its image on a disk, and what it writes, in memory. */
const rootfs = (app: App, index: number): string[] => {
  const [image, own, upper, root] = [imageOf(app), ownOf(app), upperOf(app), `/apps/${app.name}/rootfs`];
  return [
    ...[image, own, root].map((path) => line('mkdir', path)),
    line('mount', 'erofs', `disk:${diskName(index)}`, image, 'ro,nodev', ''),
    line('mount', 'tmpfs', 'tmpfs', own, 'nodev', 'mode=0755'),
    line('mkdir-like', image, upper),
    line('mkdir', `${own}/work`),
    line('mount', 'overlay', 'overlay', root, 'nodev', `lowerdir=${image},upperdir=${upper},workdir=${own}/work`),
    ...OF_KERNEL.map((name) => line('room', `${root}/${name}`)),
  ];
};

const CRUN = ['/usr/bin/crun', '--cgroup-manager=cgroupfs'];

const EVENTS = ['pre-start', 'post-stop'] as const;
type Event = (typeof EVENTS)[number];

const handlerOf = ({eventHandlers}: App, event: Event) => eventHandlers.find(({name}) => name === event);

/** A container of its own, which shares the files of the app. */
const handler = (pod: Pod, app: App, index: number, event: Event, when: string): string[] => {
  const one = handlerOf(app, event);
  if (one === undefined) return [];
  const name = `${app.name}.${event}`;
  const pidFile = `/run/${name}.pid`;
  return [
    writeLine(`/apps/${name}/config.json`, configurationText(handlerBundle(pod, app, one))),
    line(
      ...[when, String(index), pidFile, ...CRUN, 'run', '--no-pivot', '--detach', '--pid-file', pidFile],
      ...['--bundle', `/apps/${name}`, name],
    ),
  ];
};

const start = (pod: Pod, app: App, index: number, host: HostFacts): string => {
  const [pidFile, console] = [`/run/${app.name}.pid`, `/run/${app.name}.console`];
  const onTerminal = hasTerminal(pod, app, host);
  const nowhere = streamsNowhere(pod, app, host);
  return [
    ...(onTerminal ? [line('console', console)] : []),
    ...((app.restart ?? 'no') === 'no' ? [] : [line('again', ...CRUN, 'delete', '--force', app.name)]),
    ...(nowhere === '' ? [] : [line('nowhere', nowhere)]),
    line(
      ...['start', String(index), pidFile, ...CRUN, 'run', '--no-pivot', '--detach', '--pid-file', pidFile],
      ...(onTerminal ? ['--console-socket', console] : []),
      ...['--bundle', `/apps/${app.name}`, app.name],
    ),
  ].join('');
};

const save = (pod: Pod, app: App, index: number): string[] => {
  if (!keepsChanges(app)) return [];
  const mounts = bundle(pod, app).mounts.flatMap(({destination}) =>
    destination.includes('\n') ? [] : [`${destination}\n`],
  );
  return [
    write(mountsOf(app), mounts.join('')),
    line('save', String(index), imageOf(app), upperOf(app), mountsOf(app), ...archiver(app)),
  ];
};

const configuration = (pod: Pod, app: App, index: number, host: HostFacts): string => {
  const [path, onTerminal] = [`/apps/${app.name}/config.json`, hasTerminal(pod, app, host)];
  const content = configurationText(bundle(pod, app, onTerminal));
  return onTerminal ? writeSized(String(index), path, content) : writeLine(path, content);
};

/** The kernel parameters of the pod, in a stable order. */
const sysctls = ({isolators}: Pod): string[] =>
  Object.entries(isolators['os/unix/sysctl']?.values ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => write(`/proc/sys/${sysctlPath(key)}`, value));

/** The script of a pod: the file systems of all apps first, then the apps in order. */
export const podScript = (pod: Pod, host: HostFacts): string =>
  [
    ...(pod.hostname === null ? [] : [line('hostname', pod.hostname)]),
    ...(pod.resolvConf === null ? [] : [write('/run/files/resolv.conf', pod.resolvConf)]),
    ...(pod.hosts === null ? [] : [write('/run/files/hosts', pod.hosts)]),
    ...guestMounts(pod).flatMap(({type, path, source, flags, data}) => [
      line('mkdir', path),
      line('mount', type, source, path, flags, data),
    ]),
    ...cardLines(pod).map((fields) => line(...fields)),
    ...sysctls(pod),
    ...podLimitFiles(pod).map(({path, content}) => write(path, content)),
    ...pod.apps.flatMap((app) => mountsInVolumes(pod, app).map(({volume, inner}) => present(volume, inner))),
    ...pod.apps.flatMap(rootfs),
    ...pod.apps.map((app, index) => configuration(pod, app, index, host)),
    ...pod.apps.flatMap((app, index) => [
      ...handler(pod, app, index, 'pre-start', 'before'),
      start(pod, app, index, host),
      ...handler(pod, app, index, 'post-stop', 'after'),
      ...save(pod, app, index),
    ]),
  ].join('');

/** The filters of {@link podScript}, in its order. */
export const scriptFilters = ({apps}: Pod): SeccompFilter[] =>
  [...apps, ...apps.flatMap((app) => EVENTS.filter((event) => handlerOf(app, event) !== undefined).map(() => app))]
    .map(filterOf)
    .filter((filter) => filter !== null);

/** What a step of a plan writes at most. */
const MAX_BYTES = 1024 * 1024;

/**
 * A script that fits into a step.
 * @throws RKT_MACHINE_SCRIPT_TOO_LONG
 */
export const fitting = (script: string): string => {
  const bytes = Buffer.byteLength(script);
  if (bytes > MAX_BYTES) throw scriptTooLong(bytes, MAX_BYTES);
  return script;
};

/** What starts a further process of an app: the agent gives it its number, and a directory for these files. */
export const enterScript = ({name}: App, process: App['process'], onTerminal: boolean): string => {
  const content = JSON.stringify(processIn(process, onTerminal));
  return [
    onTerminal ? writeSized('next', 'process.json', content) : writeLine('process.json', content),
    // crun does so for the first process of a container alone.
    ...(process.oomScoreAdj === null ? [] : [line('oom-score', String(process.oomScoreAdj))]),
    ...(onTerminal ? [line('console', 'console')] : []),
    line(
      ...['start', 'next', 'pid', ...CRUN, 'exec', '--detach', '--pid-file', 'pid', '--process', 'process.json'],
      ...(onTerminal ? ['--console-socket', 'console'] : []),
      name,
    ),
  ].join('');
};
