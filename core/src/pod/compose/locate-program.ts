import type {RootfsPath} from '../../contract/names.ts';
import type {Process} from '../../contract/process.ts';
import {searchPath} from '../../linux/find-executable.ts';
import {absolute} from '../../linux/program-file.ts';
import type {ImageTree} from './image-tree.ts';

/** Where an image has the program of an app, by the app's own PATH (appc IM-15); `null` if in no directory of it. Whether it can be executed shows later. */
export const locateProgram = (process: Process, tree: Pick<ImageTree, 'has'>): RootfsPath | null => {
  const name = process.argv[0] ?? '';
  if (name.includes('/')) return absolute(name, process.cwd) as RootfsPath;
  const candidates = searchPath(process).map((directory) => absolute(`${directory || '.'}/${name}`, process.cwd));
  return (candidates.find((path) => tree.has(path)) ?? null) as RootfsPath | null;
};
