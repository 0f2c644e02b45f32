import {join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {removeUnfinished} from '../../linux/atomic-write.ts';

/** Below `cas`: all in which files are written by rename but images, which have a spool. Those of pods go with them. */
const DIRECTORIES = [
  ...['checked', 'disk-images', 'flavors', 'flavors/checked'],
  ...['host-trees', 'measured', 'seccomp', 'stage1', 'template-failures'],
];

/** Removes what was to become files of caches and records when its writer was killed. */
export const collectUnfinished = (dataDir: HostPath): void => {
  for (const directory of DIRECTORIES) removeUnfinished(join(dataDir, 'cas', directory));
};
