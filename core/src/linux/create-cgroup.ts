import {chownSync, existsSync, mkdirSync} from 'node:fs';
import {read, write} from './cgroup-file.ts';
import type {CgroupFacts} from './cgroup-hierarchies.ts';
import {directoryOf, levels} from './cgroup-paths.ts';
import {isErrno} from './syscall-error.ts';

/** Creates a cgroup and its missing parents in every hierarchy. EEXIST if it is there already. */
export const createCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string): void => {
  for (const hierarchy of hierarchies) {
    let above = directoryOf(hierarchy, '/');
    for (const level of levels(path)) {
      const directory = directoryOf(hierarchy, level);
      try {
        mkdirSync(directory, {mode: 0o755});
      } catch (error) {
        if (level === path || !isErrno(error, 'EEXIST')) throw error;
      }
      if (hierarchy.version === 1 && hierarchy.controllers.includes('cpuset')) inheritCpuset(above, directory);
      above = directory;
    }
  }
};

// A v1 cpuset takes no process until it has been told which CPUs and memory nodes it has.
const inheritCpuset = (above: string, directory: string): void => {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (read(`${directory}/${file}`) === '') write(`${directory}/${file}`, read(`${above}/${file}`));
  }
};

const DELEGATED = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads', 'tasks'];

/** Lets a user make cgroups below this one and move processes there, as systemd delegates (Delegate=); limits of this one stay root's. */
export const giveCgroup = ({hierarchies}: Pick<CgroupFacts, 'hierarchies'>, path: string, owner: number): void => {
  for (const hierarchy of hierarchies) {
    const directory = directoryOf(hierarchy, path);
    for (const file of ['', ...DELEGATED.map((name) => `/${name}`)]) {
      if (existsSync(`${directory}${file}`)) chownSync(`${directory}${file}`, owner, owner);
    }
  }
};
