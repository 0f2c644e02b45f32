import {constants} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {makeAllPrivate, mountWithData, moveMount, newFileSystem, refusesDescriptors, unmount} from '../linux/mount.ts';
import {unshare} from '../linux/namespaces.ts';
import {openHost} from '../linux/openat2.ts';
import {overlayAttributes} from '../linux/overlay-attributes.ts';
import {scratchDirectory} from '../linux/scratch-directory.ts';

const READ = constants.O_RDONLY | constants.O_DIRECTORY;

/** Gives this process a mount namespace of its own for the rest of its life. Its thread pool stays outside. What was opened before cannot be a layer afterwards. */
export const ownMounts = (): void => {
  unshare(['mount']);
  makeAllPrivate();
};

/**
 * Shows what an app's overlay held, read-only and to this process and its children only: the kernel drops the mount with the last of them. After
 * {@link ownMounts}.
 * @param layers uppermost first, at least two; opened after {@link ownMounts}
 */
export const withReadOnly = async <T>(layers: readonly Fd[], use: (directory: HostPath) => Promise<T>): Promise<T> => {
  using scratch = scratchDirectory('rkt-export-');
  const {path: place} = scratch;
  mount(layers, place);
  try {
    return await use(place);
  } finally {
    unmount(place);
  }
};

const mount = (layers: readonly Fd[], place: HostPath): void => {
  using target = openHost(place, READ);
  try {
    const options = [...layers.map((layer) => ['lowerdir+', layer] as const), ...overlayAttributes()];
    using overlay = newFileSystem('overlay', options, ['ro']);
    moveMount(overlay, target);
  } catch (error) {
    if (!refusesDescriptors(error)) throw error;
    const paths = `lowerdir=${layers.map(({path}) => path).join(':')}`;
    mountWithData('overlay', target, [paths, ...overlayAttributes().map(([name]) => name)].join(','));
  }
};
