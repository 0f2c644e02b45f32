import {readFileSync} from 'node:fs';

/** A line of /proc/PID/cgroup (cgroups(7)): where a process is in one hierarchy. */
export interface CgroupMembership {
  /** 0 for the v2 hierarchy. */
  readonly hierarchy: number;
  /** As mounted together, `name=systemd` included; empty for v2. */
  readonly controllers: readonly string[];
  /** Absolute in the hierarchy, as the reader's cgroup namespace shows it. */
  readonly path: string;
}

/** Parses the text of /proc/PID/cgroup. */
export const parseProcCgroup = (text: string): CgroupMembership[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, hierarchy, controllers = '', path = '/'] = /^(\d+):([^:]*):(.*)$/s.exec(line) ?? [];
      if (hierarchy === undefined) throw new Error(`not a line of /proc/PID/cgroup: ${JSON.stringify(line)}`);
      return {hierarchy: Number(hierarchy), controllers: controllers === '' ? [] : controllers.split(','), path};
    });

/** The cgroups of a process, one for each hierarchy. */
export const cgroupsOf = (pid: number | 'self' = 'self'): CgroupMembership[] =>
  parseProcCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
