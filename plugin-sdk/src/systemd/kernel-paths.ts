import type {Pod} from '@rkt/core/contract';
import {execLine, fstabField, pathItem, shellWord} from './encode.ts';
import {characterRefused} from './errors.ts';
import {MASKS} from './names.ts';
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
            ['ExecStart', execLine('/bin/sh', ['sh', SCRIPT], MASKS)],
            ['StandardInput', 'null'],
            ['StandardOutput', 'null'],
            ['StandardError', 'null'],
          ],
        }),
        {path: SCRIPT.replace('/etc/', ''), content: script(pod), mode: 0o644},
      ]
    : [];

/** What is still visible in an app after that. */
export const appPathSettings = (pod: Pod, where: string): Setting[] => {
  const own = (paths: readonly string[]) => paths.filter((path) => !isShared(path) && !isBelowSysFs(path));
  const settings = (name: string, paths: readonly string[]): Setting[] =>
    paths.map((path) => [name, pathItem(path, `${where}: ${name}`, '-+')]);
  return [
    // The limits of the app are files there.
    ['InaccessiblePaths', '-+/sys/fs'],
    ...settings('InaccessiblePaths', own(pod.maskedPaths)),
    ...settings('ReadOnlyPaths', own(pod.readOnlyPaths)),
  ];
};

const call = (verb: string, path: string): string => {
  // The table has one line for each path, and the kernel has no such names.
  if (/\p{Cc}/u.test(path)) throw characterRefused(MASKS, path, 'a control character');
  return `${verb} ${shellWord(path)} ${shellWord(fstabField(path))}`;
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
still_writable() {
  while read -r _ _ _ _ target options _; do
    case $target in "$1"/*) case ,$options, in *,ro,*) ;; *) mount -o remount,bind,ro "$(printf '%b' "$target")" || exit ;; esac ;; esac
  done </proc/self/mountinfo
}
{
${[...readOnlyPaths.filter(isShared).map((path) => call('protect', path)), ...maskedPaths.filter(isShared).map((path) => call('hide', path)), ':'].join('\n')}
} >${TABLE} || exit
mount --all --fstab ${TABLE} || exit
${[...readOnlyPaths.filter(isShared).map((path) => `still_writable ${shellWord(fstabField(path))}`), ':'].join('\n')}
`;
