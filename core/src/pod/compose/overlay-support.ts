import {existsSync, statfsSync} from 'node:fs';
import path from 'node:path';
import type {HostPath} from '../../contract/names.ts';

/** File systems (linux/magic.h) that overlayfs cannot write to, or that lack what it needs there. */
const UNFIT: Readonly<Record<number, string>> = {
  16914839: '9p',
  19780: 'vfat',
  1702057286: 'fuse',
  26985: 'nfs',
  2035054128: 'overlayfs',
  61791: 'ecryptfs',
  4266872130: 'smb2',
  4283649346: 'cifs',
};

/** Why pods below `dataDir` cannot have a writable layer over shared ones; `undefined` if they can. */
export const overlayObstacle = (dataDir: HostPath, filesystems: readonly string[]): string | undefined => {
  if (!filesystems.includes('overlay')) return 'this kernel has no overlayfs';
  const type = UNFIT[statfsSync(nearest(dataDir)).type];
  return type === undefined ? undefined : `${dataDir} is on ${type}`;
};

/** Where it will be, if it does not exist yet. */
const nearest = (directory: string): string => (existsSync(directory) ? directory : nearest(path.dirname(directory)));
