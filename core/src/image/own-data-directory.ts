import path from 'node:path';
import type {HostPath} from '../contract/names.ts';

/** An ordinary user's data directory, and the variable that says where it is. */
export interface OwnDataDirectory {
  readonly path: HostPath;
  readonly from: 'HOME' | 'XDG_DATA_HOME';
}

/** By the XDG Base Directory Specification: a path that is not absolute does not count. `undefined`: neither variable has one. */
export const ownDataDirectory = (
  {XDG_DATA_HOME: given = '', HOME: home = ''}: Readonly<Record<string, string | undefined>> = process.env,
): OwnDataDirectory | undefined => {
  if (path.isAbsolute(given)) return {path: path.join(given, 'rkt') as HostPath, from: 'XDG_DATA_HOME'};
  if (path.isAbsolute(home)) return {path: path.join(home, '.local/share/rkt') as HostPath, from: 'HOME'};
  return undefined;
};

/** The variable by which a directory, or one above it, is the data directory of an ordinary user who says nothing else. */
export const variableFor = (directory: string, own = ownDataDirectory()): OwnDataDirectory['from'] | undefined =>
  own !== undefined && `${directory}/`.startsWith(`${own.path}/`) ? own.from : undefined;
