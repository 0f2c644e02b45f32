import {rootless} from './rootless.ts';

/**
 * Options of every overlay that writes layers, or shows what has been written: what it keeps in attributes of the files there only root of the host may set by the usual names, and so an ordinary user's has others
 * (Linux 5.11). Without them what an app has removed would be there again.
 */
export const overlayAttributes = (): readonly (readonly ['userxattr', true])[] =>
  rootless() === undefined ? [] : [['userxattr', true]];
