import {fstatSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {namesIn} from './names-in.ts';
import type {OwnDirectory} from './own-directory.ts';
import {ownDirectoryIn} from './scratch-directory.ts';

/**
 * A new directory for what is to get a name beside it when it is whole. Nobody but us can change what is in there, by its descriptor, though its parent may be somebody else's.
 * @returns `undefined` if whoever may rename it has put another in its place before it was opened, which is left as it is
 */
export const directoryBeside = (parent: Fd): OwnDirectory | undefined => {
  const beside = ownDirectoryIn(parent.path, '.rkt-unfinished-');
  if (isNew(beside)) return beside;
  beside.directory.close();
  return undefined;
};

const isNew = ({directory}: OwnDirectory): boolean => {
  const {uid, mode} = fstatSync(directory.number);
  return uid === process.geteuid?.() && (mode & 0o077) === 0 && namesIn(directory.path).length === 0;
};
