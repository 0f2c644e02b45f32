import {RLIMITS} from '../contract/kernel-names.ts';
import type {Process} from '../contract/process.ts';
import {capabilitiesOf} from '../linux/capabilities.ts';
import {readLimits, readOomScore} from '../linux/read-back.ts';
import {exceeds, getRlimit, type Rlimit} from '../linux/rlimits.ts';

/**
 * The process with what the app's own one has from the caller of `run`: its compiled form names only what differs from that. A limit that
 * rkt may not raise to the member's stays lower.
 */
export const inheritFrom = (pid: number, process: Process): Process => {
  const theirs = readLimits(pid);
  const others = RLIMITS.filter((name) => process.rlimits.every((limit) => limit.name !== name));
  return {
    ...process,
    rlimits: [
      ...process.rlimits,
      ...others.flatMap((name) => {
        const limit = theirs[name];
        return limit === undefined ? [] : [{name, ...lower(limit, getRlimit(name).hard)}];
      }),
    ],
    oomScoreAdj: process.oomScoreAdj ?? inheritedOomScore(pid),
  };
};

const lower = ({soft, hard}: Rlimit, own: number | null): Rlimit => ({
  soft: exceeds(soft, own) ? own : soft,
  hard: exceeds(hard, own) ? own : hard,
});

// Only a raise is always permitted.
const inheritedOomScore = (pid: number): number | null => {
  const [theirs, own] = [readOomScore(pid), readOomScore('self')];
  return theirs > own || capabilitiesOf().effective.includes('CAP_SYS_RESOURCE') ? theirs : null;
};
