import type {Fd} from '../linux/fd.ts';
import {moveMount} from '../linux/mount.ts';
import {mountId} from '../linux/mount-id.ts';
import {readMountinfo} from '../linux/mountinfo.ts';
import type {StepContext} from './context.ts';
import {mountTargetShared} from './errors.ts';

/**
 * Attaches a detached mount, unless it would appear on the host, too.
 * @throws RKT_MOUNT_TARGET_SHARED
 */
export const attach = (mount: Fd, target: Fd, context: StepContext): void => {
  assertNotShared(target, context);
  moveMount(mount, target);
};

/**
 * Refuses a target on a mount with peers on the host, however it was reached. Only volumes are such mounts in a pod, so one without is not looked at.
 * @throws RKT_MOUNT_TARGET_SHARED
 */
export const assertNotShared = (target: Fd, context: StepContext): void => {
  if (context.made.propagated === undefined) return;
  const id = mountId(target);
  const {propagation = [], mountPoint = ''} = readMountinfo().find((mount) => mount.id === id) ?? {};
  if (propagation.some((each) => each.startsWith('shared:'))) throw mountTargetShared(mountPoint);
};
