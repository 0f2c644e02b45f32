import {groupUnknown, userUnknown} from '../errors.ts';
import {findId, parseId} from './name-file.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface IdentitySources {
  /** Contents of the image's /etc/passwd and /etc/group; `undefined` when it has none, or no regular file there. */
  readonly passwd: string | undefined;
  readonly group: string | undefined;
  /** Owner of a file of the image by its absolute path, resolved inside the rootfs; `undefined` when there is none. */
  readonly stat: (path: string) => Identity | undefined;
}

/**
 * Finds out as whom an app runs (appc IM-16): `/path` means the owner of that file; else a name in the image's own passwd and group; else a decimal number. `root` is 0
 * in an image without passwd, as in rkt. Whatever is none of these is refused, so that nothing becomes 0 by accident (S16).
 */
export const resolveIdentity = (
  {user, group}: {readonly user: string; readonly group: string},
  sources: IdentitySources,
): Identity => ({
  uid: resolve(user, '/etc/passwd', sources.passwd, (path) => sources.stat(path)?.uid, userUnknown),
  gid: resolve(group, '/etc/group', sources.group, (path) => sources.stat(path)?.gid, groupUnknown),
});

const resolve = (
  text: string,
  file: string,
  content: string | undefined,
  owner: (path: string) => number | undefined,
  unknown: typeof userUnknown,
): number => {
  if (text.startsWith('/')) {
    const id = owner(text);
    if (id === undefined) throw unknown(text, 'the image has no such file');
    if (parseId(String(id)) === undefined) throw unknown(text, `${id} cannot be used`);
    return id;
  }
  if (text === '' || /[:\n\0]/.test(text)) throw unknown(text, 'neither a name nor a number');
  const id = findId(file, content, text);
  if (id === null) throw unknown(text, `its line in ${file} has no usable number`);
  // Whoever says 1000 means the user 1000, not one that the image calls so (S33).
  if (id !== undefined && /^\d+$/.test(text) && id !== Number(text))
    throw unknown(text, `its line in ${file} has another number, ${id}`);
  const found = id ?? parseId(text) ?? (text === 'root' ? 0 : undefined);
  if (found === undefined)
    throw unknown(text, `not in ${file} of the image, and not a decimal number below 4294967295`);
  return found;
};
