import {command} from './command.ts';

/** Makes an ext4 file system with the files of a directory; the file takes only as much room as these. */
export const diskImage = (directory: string, file: string, size: string): void => {
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-E', 'lazy_itable_init=1', '-m', '0'];
  command('mke2fs', [...options, '-d', directory, file, size]);
};
