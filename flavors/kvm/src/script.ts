import type {App, Pod} from '@rkt/plugin-sdk';
import {bundle, processIn} from './bundle.ts';
import {guestMounts, mountsInVolumes} from './volumes.ts';

/*
 * What the agent does in the guest, in order (guest/agent.c): lines of fields, separated by tabs; after `write` comes the content.
 */

const line = (...fields: readonly string[]): string => {
  const bad = fields.find((field) => /[\t\n\0]/.test(field));
  // Names of apps and paths made of them have none of these.
  if (bad !== undefined) throw new Error(`not for a line of the script: ${JSON.stringify(bad)}`);
  return `${fields.join('\t')}\n`;
};

const write = (path: string, content: string): string =>
  `${line('write', path, String(Buffer.byteLength(content)))}${content}`;

/** The disk of an app, by a serial number that has 20 characters at most. */
export const diskName = (index: number): string => `rootfs-${index}`;

/** The layers of the app's root file system: its image on a disk, and what it writes, in memory. */
const rootfs = ({name}: App, index: number): string[] => {
  const [image, own, root] = [`/images/${name}`, `/own/${name}`, `/apps/${name}/rootfs`];
  return [
    ...[image, own, root].map((path) => line('mkdir', path)),
    line('mount', 'erofs', `disk:${diskName(index)}`, image, 'ro,nodev', ''),
    line('mount', 'tmpfs', 'tmpfs', own, 'nodev', 'mode=0755'),
    line('mkdir', `${own}/upper`),
    line('mkdir', `${own}/work`),
    line('mount', 'overlay', 'overlay', root, 'nodev', `lowerdir=${image},upperdir=${own}/upper,workdir=${own}/work`),
  ];
};

const CRUN = ['/usr/bin/crun', '--cgroup-manager=cgroupfs'];

const start = ({name}: App, index: number): string => {
  const pidFile = `/run/${name}.pid`;
  return line(
    'start',
    String(index),
    pidFile,
    ...CRUN,
    'run',
    '--no-pivot',
    '--detach',
    '--pid-file',
    pidFile,
    '--bundle',
    `/apps/${name}`,
    name,
  );
};

/** The script of a pod: the file systems of all apps first, then the apps in order. */
export const podScript = (pod: Pod): string =>
  [
    line('mkdir', '/dev/shm'),
    line('mount', 'tmpfs', 'shm', '/dev/shm', 'nosuid,nodev,noexec', 'mode=1777,size=65536k'),
    line('mkdir', '/dev/mqueue'),
    line('mount', 'mqueue', 'mqueue', '/dev/mqueue', 'nosuid,nodev,noexec', ''),
    ...(pod.hostname === null ? [] : [line('hostname', pod.hostname)]),
    ...(pod.resolvConf === null ? [] : [write('/files/resolv.conf', pod.resolvConf)]),
    ...(pod.hosts === null ? [] : [write('/files/hosts', pod.hosts)]),
    ...guestMounts(pod).flatMap(({type, path, source, flags, data}) => [
      line('mkdir', path),
      line('mount', type, source, path, flags, data),
    ]),
    ...pod.apps.flatMap((app) => mountsInVolumes(pod, app).map(({volume, inner}) => line('present', volume, inner))),
    ...pod.apps.flatMap(rootfs),
    ...pod.apps.map((app) => write(`/apps/${app.name}/config.json`, JSON.stringify(bundle(pod, app)))),
    ...pod.apps.map(start),
  ].join('');

/** What starts a further process of an app: the agent gives it its number, and a directory for these files. */
export const enterScript = ({name}: App, process: App['process']): string =>
  [
    write('process.json', JSON.stringify(processIn(process))),
    // crun does so for the first process of a container alone.
    ...(process.oomScoreAdj === null ? [] : [line('oom-score', String(process.oomScoreAdj))]),
    line('start', 'next', 'pid', ...CRUN, 'exec', '--detach', '--pid-file', 'pid', '--process', 'process.json', name),
  ].join('');
