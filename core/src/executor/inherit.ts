import {RLIMITS, type RlimitName} from '../contract/kernel-names.ts';
import type {Process} from '../contract/process.ts';
import {ownCapabilities} from '../linux/capabilities.ts';
import {readLimits, readOomScore} from '../linux/read-back.ts';
import {exceeds, getRlimit, raiseHardLimit} from '../linux/rlimits.ts';

/**
 * Completes a compiled process, which names only what differs from the caller of `run`, with what the running app has inherited from that caller. A limit that nobody asked for stays lower
 * if rkt may not raise it to the app's.
 * @param defaults limits of the compiled process that nobody asked for
 */
export const inheritFrom = (pid: number, process: Process, defaults: readonly RlimitName[] = []): Process => {
  const theirs = readLimits(pid);
  const others = RLIMITS.filter((name) => process.rlimits.every((limit) => limit.name !== name));
  return {
    ...process,
    rlimits: [
      ...process.rlimits.map((limit) => (defaults.includes(limit.name) ? attainable(limit) : limit)),
      ...others.flatMap((name) => {
        const limit = theirs[name];
        return limit === undefined ? [] : [attainable({name, ...limit})];
      }),
    ],
    oomScoreAdj: process.oomScoreAdj ?? inheritedOomScore(pid),
  };
};

const attainable = ({name, soft, hard}: Process['rlimits'][number]): Process['rlimits'][number] => {
  const most = raiseHardLimit(name, hard) ? hard : getRlimit(name).hard;
  return {name, soft: exceeds(soft, most) ? most : soft, hard: most};
};

// Only a raise is always permitted.
const inheritedOomScore = (pid: number): number | null => {
  const [theirs, own] = [readOomScore(pid), readOomScore('self')];
  return theirs > own || ownCapabilities().effective.includes('CAP_SYS_RESOURCE') ? theirs : null;
};
