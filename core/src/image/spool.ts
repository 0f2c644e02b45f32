import {log} from '../debug.ts';
import {makeOwnDirectory, type OwnDirectory, removeAbandoned} from '../linux/own-directory.ts';
import {type ImageStore, makeStore} from './store.ts';

/** How directories begin that may be removed when nobody has locked them. */
export const PREFIX = 'spool-';

/** A directory in `cas/tmp`. */
export type Spool = OwnDirectory;

/** Makes a spool, and removes those of processes that died. */
export const makeSpool = (store: ImageStore): Spool => {
  makeStore(store);
  cleanSpools(store);
  return makeOwnDirectory(`${store.spool}/${PREFIX}`);
};

/** Removes what processes that died have left behind. */
export const cleanSpools = (store: ImageStore): void =>
  removeAbandoned(
    store.spool,
    (name) => name.startsWith(PREFIX),
    (path) => log('image')('removing %s, left behind', path),
  );
