import type {App, Mount, Pod} from '@rkt/core/contract';
import {outerSysMounts} from '../rootfs.ts';
import {pathItem} from './encode.ts';
import {sysVolumeRefused} from './errors.ts';
import type {UnitOptions} from './options.ts';
import type {Setting} from './unit.ts';

const isWithin = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);

/** Where systemd has the limits of the apps, as files. */
const LIMITS = '/sys/fs';
/** Where it looks whether the kernel has AppArmor. */
const MODULES = '/sys/module';

/** What of /sys systemd needs, and no app may see: each loses it for itself. */
const ofSystemd = ({apps, maskedPaths}: Pod): string[] => [
  LIMITS,
  ...maskedPaths.filter((path) => path === MODULES && apps.some(({process}) => process.apparmorProfile !== undefined)),
];

/** Paths of the pod's own /proc and /sys, which every app has, are hidden once for all: not so what systemd needs, and what is not of the kernel's file systems. */
const isShared = (pod: Pod) => {
  const needed = ofSystemd(pod);
  return (path: string): boolean =>
    /^\/(proc|sys)\//.test(path) && !needed.some((directory) => isWithin(path, directory));
};

/** What is hidden and read-only in the pod's own /proc and /sys, and so in every app: for the step `init`, before systemd starts. */
export const sharedKernelPaths = (pod: Pod): Pick<Pod, 'maskedPaths' | 'readOnlyPaths'> => ({
  maskedPaths: pod.maskedPaths.filter(isShared(pod)),
  readOnlyPaths: pod.readOnlyPaths.filter(isShared(pod)),
});

/** What is still visible in an app after that, and its volumes below /sys. */
export const appPathSettings = (pod: Pod, app: App, options: UnitOptions): Setting[] => {
  const where = `app "${app.name}"`;
  const volumes = outerSysMounts(app);
  const [needed, shared] = [ofSystemd(pod), isShared(pod)];
  const hidden = [...needed, ...pod.maskedPaths.filter((path) => shared(path) && path.startsWith('/sys/'))];
  // With a volume in it, it is another directory that is empty but for the place of that. A volume that is all of it hides it as well.
  const opened = hidden.filter((path) => volumes.some((volume) => isWithin(volume.path, path)));
  const own = (paths: readonly string[]) =>
    paths.filter((path) => !shared(path) && !needed.some((directory) => isWithin(path, directory)));
  const settings = (name: string, paths: readonly string[]): Setting[] =>
    paths.map((path) => [name, pathItem(path, `${where}: ${name}`, '-+')]);
  return [
    ...needed.filter((path) => !opened.includes(path)).map((path): Setting => ['InaccessiblePaths', `-+${path}`]),
    ...opened
      .filter((path) => volumes.every((volume) => volume.path !== path))
      .map((path): Setting => ['TemporaryFileSystem', `${path}:${EMPTY}`]),
    ...volumes.map((volume): Setting => ['BindPaths', sysBind(pod, app, volume, options)]),
    ...settings('InaccessiblePaths', own(pod.maskedPaths)),
    ...settings('ReadOnlyPaths', own(pod.readOnlyPaths)),
  ];
};

const EMPTY = 'ro,nosuid,nodev,noexec,size=4k,mode=0555';

/** What systemd-nspawn shows of /sys in a network namespace of the pod. */
const SHOWN = ['block', 'bus', 'class', 'dev', 'devices', 'fs', 'kernel'];

const sysBind = (pod: Pod, app: App, mount: Mount, {sysVolume}: UnitOptions): string => {
  const {path} = mount;
  if (sysVolume === undefined) throw sysVolumeRefused(app.name, path, 'this flavor does not say where the pod has it');
  const [, , directory = ''] = path.split('/');
  if (pod.network.mode !== 'host' && !SHOWN.includes(directory))
    throw sysVolumeRefused(app.name, path, `a pod without the host's network has no /sys/${directory}`);
  return [sysVolume(app, mount), path].map((each) => pathItem(each, `app "${app.name}": BindPaths`)).join(':');
};
