import {readFileSync} from 'node:fs';
import {cgroupDirectories, processesBelow} from './cgroup.ts';
import {buildImage, type ImageSpec} from './image.ts';

/** One app of a pod that is run under nspawn: flags of the app come before the script. */
export interface AppOfPod {
  readonly name: string;
  readonly script: string;
  readonly image?: string | ImageSpec;
  readonly flags?: readonly string[];
}

/** The arguments of `rkt run` for a pod of several apps, each a shell script. */
export const runApps = (flags: readonly string[], ...apps: readonly AppOfPod[]): string[] => [
  ...['--format=json', '--insecure-options=image', 'run', '--stage1=nspawn', ...flags],
  ...apps.flatMap(({name, script, image = {}, flags: own = []}, index) => [
    ...(index === 0 ? [] : ['---']),
    ...[typeof image === 'string' ? image : buildImage(image), `--name=${name}`, ...own],
    ...['--exec=/bin/sh', '--', '-c', script],
  ]),
];

/** Host numbers of a pod's processes, in whatever hierarchy. */
export const processesOfPod = (uuid: string): number[] =>
  [...new Set(cgroupDirectories(uuid).flatMap(processesBelow))].map(Number);

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Command lines of a pod's processes, by number. */
export const commandsOfPod = (uuid: string): Map<number, string> =>
  new Map(processesOfPod(uuid).map((pid) => [pid, read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()] as const));

/** The pod's PID 1, which is a systemd. */
export const leaderOf = (uuid: string): number => {
  const found = processesOfPod(uuid).find((pid) => /^NSpid:\t\d+\t1$/m.test(read(`/proc/${pid}/status`)));
  if (found === undefined) throw new Error(`pod ${uuid} has no PID 1`);
  return found;
};

/** The oldest process of an app's cgroup once it is the app and no longer systemd; 0 while there is none, unless there must be one. */
export const appProcess = (uuid: string, app: string, must = true): number => {
  const directories = cgroupDirectories(uuid).map(
    (directory) => `${directory}/payload/system.slice/app-${app}.service`,
  );
  const pid = directories
    .flatMap(processesBelow)
    .map(Number)
    .sort((a, b) => a - b)[0];
  const isApp = pid !== undefined && !/^(\/usr\/lib\/systemd\/|\(|$)/.test(read(`/proc/${pid}/cmdline`));
  if (isApp) return pid;
  if (must) throw new Error(`app ${app} of pod ${uuid} does not run`);
  return 0;
};
