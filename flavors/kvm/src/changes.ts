import type {App} from '@rkt/plugin-sdk';

/*
 * What an app writes to its root file system is in the memory of the machine. Once all apps have ended, an archive of it goes to the pod's directory, where `rkt export` finds it.
 */

/** Whether there can be anything of the app to keep. */
export const keepsChanges = ({readOnlyRootfs}: App): boolean => !readOnlyRootfs;

/** Where in the guest that is, and the directory there that has it, by the name that it has in an archive. */
export const ownOf = ({name}: App): string => `/own/${name}`;
export const UPPER = 'rootfs';

/** The file in the guest that says where something is mounted over the app's root file system. */
export const mountsOf = (app: App): string => `${ownOf(app)}/mounts`;

/** Owners, times, holes and attributes as they are, and no names of users, of which there are none in the guest. */
export const archiver = (app: App): string[] => [
  ...['/usr/bin/tar', '--create', '--format=posix', '--pax-option=delete=atime,delete=ctime'],
  ...['--sparse', '--xattrs', '--numeric-owner', '--directory', ownOf(app), UPPER],
];

/**
 * What the monitor is told of it: how many bytes it may be. A machine has no more than its memory, but an archive says something about each file, too.
 * @param memory bytes of the machine's
 */
export const changesWords = (app: App, memory: number): string[] =>
  keepsChanges(app) ? ['changes', String(2 * memory)] : [];
