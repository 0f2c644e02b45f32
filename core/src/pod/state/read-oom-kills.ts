import {bootId} from '../../linux/boot-id.ts';
import {oomKills} from '../../linux/oom-kills.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {RktError} from '../../rkt-error.ts';
import {appPaths, OOM_KILLS} from './layout.ts';
import type {PodEntry} from './load.ts';
import {readMark} from './read-mark.ts';
import {readStored} from './stored.ts';

/**
 * How many processes of a pod the kernel has killed for want of memory: as its cgroup tells while that is there, and what has been recorded. `undefined` if nobody knows: no cgroup has counted.
 */
export const readOomKills = (entry: Pick<PodEntry, 'path' | 'supervisor'>): number | undefined => {
  const counts = [countedNow(entry), recorded(entry), recordedByPod(entry)].filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : Math.max(...counts);
};

/** What its cgroup tells. */
export const countedNow = ({supervisor}: Pick<PodEntry, 'supervisor'>): number | undefined =>
  supervisor?.memory === undefined || supervisor.boot !== bootId() ? undefined : oomKills(supervisor.memory);

/** What is damaged is for others to tell, and what is root's for root to know. */
const recorded = ({path, supervisor}: Pick<PodEntry, 'path' | 'supervisor'>): number | undefined => {
  if (supervisor?.memory === undefined) return undefined;
  try {
    return readStored(path, 'oomKills');
  } catch (error) {
    if (error instanceof RktError || isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
};

/** By whatever supervises the apps, if anything does: for the whole pod, or for each app. */
const recordedByPod = ({path, supervisor}: Pick<PodEntry, 'path' | 'supervisor'>): number | undefined => {
  if (supervisor?.memory === undefined || !supervisor.summary.flavor.supervises) return undefined;
  const marks = [OOM_KILLS, ...supervisor.summary.apps.map(({name}) => appPaths(name).oomKills)];
  const counts = marks.flatMap((mark) => {
    const text = readMark(path, mark) ?? '';
    return /^\d{1,9}$/.test(text) ? [Number(text)] : [];
  });
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
};
