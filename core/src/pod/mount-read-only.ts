import {constants} from 'node:fs';
import type {HostPath} from '../contract/names.ts';
import {makeAllPrivate, mountWithData, moveMount, newFileSystem} from '../linux/mount.ts';
import {unshare} from '../linux/namespaces.ts';
import {openHost} from '../linux/openat2.ts';
import {isErrno} from '../linux/syscall-error.ts';

const READ = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Shows what an app's overlay held, read-only, at `target`, to this process and its children only. The kernel drops the mount with the
 * last of them. The thread pool does not see it.
 * @param layers uppermost first, at least two
 */
export const mountReadOnly = (layers: readonly HostPath[], target: HostPath): void => {
  unshare(['mount']);
  makeAllPrivate();
  using open = new DisposableStack();
  const directories = [...new Set(layers)].map((layer) => open.use(openHost(layer, READ)));
  const place = open.use(openHost(target, READ));
  try {
    moveMount(
      open.use(
        newFileSystem(
          'overlay',
          directories.map((layer) => ['lowerdir+', layer] as const),
          ['ro'],
        ),
      ),
      place,
    );
  } catch (error) {
    // Kernels before 6.13 take no descriptors for layers.
    if (!isErrno(error, 'EINVAL', 'EBADF')) throw error;
    mountWithData('overlay', place, `lowerdir=${directories.map(({path}) => path).join(':')}`);
  }
};
