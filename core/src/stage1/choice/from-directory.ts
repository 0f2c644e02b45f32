import {existsSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {flavorNotFound} from '../errors.ts';

/** The beginning of a selection that names a file in the configured directory of stage1 images (`--stage1-from-dir`). */
export const FROM_DIRECTORY = 'stage1-from-dir:';

/** What rkt's distributions put there. */
const OF_RKT = /^stage1-([a-z0-9-]+)\.aci$/;

/**
 * What such a selection means: that file; where it is not there, by its name one of rkt's own stage1 images; any other selection means itself.
 * @throws RKT_FLAVOR_NOT_FOUND
 */
export const fromDirectory = (selection: string, directory: HostPath | undefined): string => {
  if (!selection.startsWith(FROM_DIRECTORY)) return selection;
  const file = selection.slice(FROM_DIRECTORY.length);
  const path = directory === undefined ? undefined : `${directory}/${file}`;
  if (path !== undefined && existsSync(path)) return path;
  const [, kind] = OF_RKT.exec(file) ?? [];
  if (kind !== undefined) return `coreos.com/rkt/stage1-${kind}`;
  const hint =
    path === undefined
      ? 'no directory of stage1 images is configured: "stage1-images" of a file of the kind paths'
      : 'put it there, or give its path with --stage1-path';
  throw flavorNotFound(file, path === undefined ? [] : [path], undefined, hint);
};
