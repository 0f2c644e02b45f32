import type {App, Mount, Pod} from '@rkt/core/contract';
import {outerSysMounts} from '../rootfs.ts';
import {fstabField, pathItem, shellWord} from './encode.ts';
import {characterRefused, sysVolumeRefused} from './errors.ts';
import {MASKS} from './names.ts';
import type {UnitOptions} from './options.ts';
import {NO_STREAMS, runScript, scriptFile} from './script.ts';
import {type Setting, type UnitFile, unit} from './unit.ts';

const SCRIPT = '/etc/rkt/mask-kernel-paths';
/** Below /run because that can be written to before anything else is mounted. */
const TABLE = '/run/rkt-masks.fstab';

/**
 * Paths of the pod's own /proc and /sys, which every app has, are hidden once for all. Not so /sys/fs: systemd needs it; each app loses it for itself,
 * like what is not of the kernel's file systems.
 */
const isShared = (path: string): boolean => /^\/(proc|sys)\//.test(path) && !isBelowSysFs(path);
const isBelowSysFs = (path: string): boolean => path === '/sys/fs' || path.startsWith('/sys/fs/');

export const hasMasks = (pod: Pod): boolean => [...pod.maskedPaths, ...pod.readOnlyPaths].some(isShared);

/** The unit that hides and protects the kernel's paths before any app starts, and its script; nothing if there are none. */
export const maskUnits = (pod: Pod, before: readonly string[]): UnitFile[] =>
  hasMasks(pod)
    ? [
        unit(MASKS, {
          Unit: [
            ['DefaultDependencies', 'no'],
            ['Before', before.join(' ')],
            // A pod without its masks does not run.
            ['FailureAction', 'exit'],
            // It may not even get as far as a status of its own.
            ['FailureActionExitStatus', '254'],
          ],
          Service: [
            ['Type', 'oneshot'],
            ['RemainAfterExit', 'yes'],
            ['ExecStart', runScript(SCRIPT, [], MASKS)],
            ...NO_STREAMS,
          ],
        }),
        scriptFile(SCRIPT, script(pod)),
      ]
    : [];

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

const call = (verb: string, path: string): string => {
  // The table has one line for each path, and the kernel has no such names.
  if (/\p{Cc}/u.test(path)) throw characterRefused(MASKS, path, 'a control character');
  return `${verb} ${shellWord(path)} ${shellWord(fstabField(path))}`;
};

/** One for all of them: of /proc a shell reads byte by byte, which was most of what it did. */
const secondLook = (readOnlyPaths: readonly string[]): string => {
  if (readOnlyPaths.length === 0) return ':';
  const below = readOnlyPaths.map((path) => `${shellWord(fstabField(path))}/*`).join('|');
  return `while read -r _ _ _ _ target options _; do
  case $target in ${below})
    case ,$options, in *,ro,*) ;; *) mount -o remount,bind,ro "$(printf '%b' "$target")" || exit ;; esac ;;
  esac
done </proc/self/mountinfo`;
};

/**
 * What a path is shows only in the pod: the script looks and leaves one table for one mount(8), which is most of its time. A bind that is read-only says
 * nothing about mounts below it, so those that are there get a second look.
 */
const script = ({maskedPaths, readOnlyPaths}: Pod): string => `set -u
export LC_ALL=C
protect() {
  if [ -e "$1" ]; then printf '%s\\n' "$2 $2 none rbind,ro,nosuid,nodev,noexec 0 0"; fi
}
hide() {
  if [ -d "$1" ]; then printf '%s\\n' "tmpfs $2 tmpfs ro,nosuid,nodev,noexec,size=4k,nr_inodes=1,mode=0555 0 0"
  elif [ -e "$1" ]; then printf '%s\\n' "/dev/null $2 none bind,ro,nosuid,noexec 0 0"; fi
}
{
${[...readOnlyPaths.filter(isShared).map((path) => call('protect', path)), ...maskedPaths.filter(isShared).map((path) => call('hide', path)), ':'].join('\n')}
} >${TABLE} || exit
mount --all --fstab ${TABLE} || exit
${secondLook(readOnlyPaths.filter(isShared))}`;
