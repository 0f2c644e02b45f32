import {constants, readdirSync} from 'node:fs';
import type {Uuid} from '../../../contract/names.ts';
import type {Fd} from '../../../linux/fd.ts';
import {O_PATH, openBeneath} from '../../../linux/openat2.ts';
import {isErrno} from '../../../linux/syscall-error.ts';
import {journalUnreadable} from '../../errors.ts';
import {journalPath} from '../../state/layout.ts';

/**
 * Opens the directory with the journal of a pod; `undefined` while there is none. The pod's own root can write there: no link is followed, and only regular
 * files are left to be read.
 * @throws RKT_POD_JOURNAL_UNREADABLE
 */
export const openJournal = (uuid: Uuid, pod: Fd): Fd | undefined => {
  let directory: Fd;
  try {
    directory = openBeneath(pod, journalPath(uuid), O_PATH | constants.O_DIRECTORY, {noSymlinks: true});
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    if (isErrno(error, 'ELOOP', 'ENOTDIR', 'EXDEV')) throw journalUnreadable(uuid, 'it is not a directory', error);
    throw error;
  }
  try {
    const entries = readdirSync(directory.path, {withFileTypes: true});
    const odd = entries.find((entry) => !entry.isFile());
    if (odd !== undefined) throw journalUnreadable(uuid, `${odd.name} is not a regular file`);
    if (hasFiles(directory)) return directory;
  } catch (error) {
    directory.close();
    throw error;
  }
  directory.close();
  return undefined;
};

/** Whether there is anything to read. */
export const hasFiles = (directory: Fd): boolean =>
  readdirSync(directory.path).some((name) => name.endsWith('.journal'));
