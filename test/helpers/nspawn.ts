import {readFileSync} from 'node:fs';
import {cgroupDirectories, processesBelow} from './cgroup.ts';
import {buildImage, type ImageSpec} from './image.ts';
import {until} from './until.ts';

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

/** Whether a process is the first of a PID namespace below this one. */
const isInit = (pid: number): boolean => /^NSpid:\t\d+\t1$/m.test(read(`/proc/${pid}/status`));

/** The pod's PID 1, which is a systemd. */
export const leaderOf = (uuid: string): number => {
  const found = processesOfPod(uuid).find(isInit);
  if (found === undefined) throw new Error(`pod ${uuid} has no PID 1`);
  return found;
};

/** The app's process: the child of the pod's systemd in the app's cgroup, once it is no longer systemd itself; 0 while there is none. */
export const runningApp = (uuid: string, app: string): number => {
  const found = cgroupDirectories(uuid)
    .flatMap((directory) => processesBelow(`${directory}/payload/system.slice/app-${app}.service`))
    .find((pid) => isChildOfInit(pid) && !/^(\/usr\/lib\/systemd\/|\(|$)/.test(read(`/proc/${pid}/cmdline`)));
  return Number(found ?? 0);
};

/** Waits for the app's process. One that is at its `execve` has no command line for a moment. */
export const appProcess = async (uuid: string, app: string): Promise<number> => {
  let pid = 0;
  await until(() => {
    pid = runningApp(uuid, app);
    return pid > 0;
  });
  return pid;
};

const isChildOfInit = (pid: string): boolean =>
  isInit(Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0));
