import {rootless} from '../linux/rootless.ts';
import {imageDeviceRootless, imageOwnerMissing} from './errors.ts';
import type {TarEntry} from './tar/entry.ts';

/**
 * What an ordinary user cannot have of an image: nodes of devices, and files of users and groups that its user namespace does not have.
 * @throws RKT_IMAGE_DEVICE_ROOTLESS, RKT_IMAGE_OWNER_MISSING
 */
export const refuseUnmakeable = ({path, type, linkType, uid, gid}: TarEntry, own = rootless()): void => {
  if (own === undefined) return;
  const made = linkType ?? type;
  if (made === 'char' || made === 'block') throw imageDeviceRootless(path);
  if (uid >= own.users) throw imageOwnerMissing(path, 'user', uid, own.users);
  if (gid >= own.groups) throw imageOwnerMissing(path, 'group', gid, own.groups);
};
