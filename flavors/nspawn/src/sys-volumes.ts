import {type App, type Mount, mountSysVolumes, outerSysMounts, type Pod, type Step} from '@rkt/plugin-sdk';
import {APPS} from './command.ts';
import {podPath} from './tree.ts';

/*
 * Volumes below /sys: systemd-nspawn mounts that, and systemd hides parts of it from each app. So they are bound beside the app's rootfs, where systemd finds them.
 */

/** Below the app's directory. Those in another one are bound into that already. */
const below = (app: App, path: string): string => {
  const outer = outerSysMounts(app);
  const index = outer.findIndex((mount) => `${path}/`.startsWith(`${mount.path}/`));
  return `${app.name}/sys/${index}${path.slice(outer[index]?.path.length)}`;
};

export const sysVolumes = (pod: Pod, app: App): Step[] =>
  mountSysVolumes(pod, app, ({path}) => ({in: 'pod', path: podPath(`${APPS}/${below(app, path)}`)}));

/** Where the pod's systemd finds one. */
export const sysVolumeInside = (app: App, {path}: Mount): string => `/opt/stage2/${below(app, path)}`;
