import {type Dirent, readdirSync} from 'node:fs';
import {configDirectoryUnreadable} from './errors.ts';
import {leadsNowhere} from './leads-nowhere.ts';

/**
 * What is in a directory of configuration files; nothing if there is none. A symlink that leads nowhere is not none: what it was to lead to may restrict something.
 * @throws RKT_CONFIG_DIRECTORY_UNREADABLE
 */
export const entriesOf = (directory: string): Dirent[] => {
  try {
    return readdirSync(directory, {withFileTypes: true});
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && !leadsNowhere(directory)) return [];
    throw configDirectoryUnreadable(directory, cause);
  }
};
