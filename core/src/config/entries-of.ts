import {type Dirent, readdirSync} from 'node:fs';
import {configDirectoryUnreadable} from './errors.ts';

/** What is in a directory of configuration files; nothing if there is none. @throws RKT_CONFIG_DIRECTORY_UNREADABLE */
export const entriesOf = (directory: string): Dirent[] => {
  try {
    return readdirSync(directory, {withFileTypes: true});
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw configDirectoryUnreadable(directory, cause);
  }
};
