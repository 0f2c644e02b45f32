import {write} from './cgroup-file.ts';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf} from './cgroup-paths.ts';
import {cgroupTree, ifThere} from './cgroup-tree.ts';

const V1 = ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map((what) => `blkio.throttle.${what}_device`);
const UNLIMITED = 'rbps=max wbps=max riops=max wiops=max';

/**
 * Lets a cgroup and those below it read and write as fast as disks are: a process that waits for its share of a disk is not killed before it has had it, and that of
 * a slow limit may take hours.
 */
export const liftThrottles = ({hierarchies, disks = []}: CgroupFacts, path: string): void => {
  for (const hierarchy of hierarchies) {
    const {version, controllers} = hierarchy;
    if (!controllers.includes(version === 1 ? 'blkio' : 'io')) continue;
    for (const cgroup of cgroupTree(directoryOf(hierarchy, path)))
      for (const disk of disks)
        if (version === 2) ifThere(() => write(`${cgroup.path}/io.max`, `${disk} ${UNLIMITED}`));
        else for (const file of V1) ifThere(() => write(`${cgroup.path}/${file}`, `${disk} 0`));
  }
};
