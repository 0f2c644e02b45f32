import type {App, Mount, Pod} from '@rkt/core/contract';
import {outerSysMounts} from '../rootfs.ts';
import {pathItem} from './encode.ts';
import {sysVolumeRefused} from './errors.ts';
import type {UnitOptions} from './options.ts';
import type {Setting} from './unit.ts';

/**
 * Paths of the pod's own /proc and /sys, which every app has, are hidden once for all. Not so /sys/fs: systemd needs it; each app loses it for itself,
 * like what is not of the kernel's file systems.
 */
const isShared = (path: string): boolean => /^\/(proc|sys)\//.test(path) && !isBelowSysFs(path);
const isBelowSysFs = (path: string): boolean => path === '/sys/fs' || path.startsWith('/sys/fs/');

/** What is hidden and read-only in the pod's own /proc and /sys, and so in every app: for the step `init`, before systemd starts. */
export const sharedKernelPaths = ({maskedPaths, readOnlyPaths}: Pod): Pick<Pod, 'maskedPaths' | 'readOnlyPaths'> => ({
  maskedPaths: maskedPaths.filter(isShared),
  readOnlyPaths: readOnlyPaths.filter(isShared),
});

const isWithin = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);

/** What the limits of the apps are in, as files; systemd needs it. */
const OF_SYSTEMD = '/sys/fs';

/** What is still visible in an app after that, and its volumes below /sys. */
export const appPathSettings = (pod: Pod, app: App, options: UnitOptions): Setting[] => {
  const where = `app "${app.name}"`;
  const volumes = outerSysMounts(app);
  const hidden = [OF_SYSTEMD, ...pod.maskedPaths.filter((path) => isShared(path) && path.startsWith('/sys/'))];
  // With a volume in it, it is another directory that is empty but for the place of that. A volume that is all of it hides it as well.
  const opened = hidden.filter((path) => volumes.some((volume) => isWithin(volume.path, path)));
  const own = (paths: readonly string[]) => paths.filter((path) => !isShared(path) && !isBelowSysFs(path));
  const settings = (name: string, paths: readonly string[]): Setting[] =>
    paths.map((path) => [name, pathItem(path, `${where}: ${name}`, '-+')]);
  return [
    ...(opened.includes(OF_SYSTEMD) ? [] : [['InaccessiblePaths', `-+${OF_SYSTEMD}`] as const]),
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
