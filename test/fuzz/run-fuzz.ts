import {cpuUsage, memoryUsage} from 'node:process';
import {makeRandom} from './random.ts';
import type {Target} from './target.ts';
import {configuration} from './targets/configuration.ts';
import {imageManifest, podManifest} from './targets/manifests.ts';
import {tar} from './targets/tar.ts';
import {units} from './targets/units.ts';
import {users} from './targets/users.ts';
import {withinTime} from './within-time.ts';

export const TARGETS: readonly Target[] = [tar, imageManifest, podManifest, users, units, configuration];

/** What one input may take: thousand times what it does. Time of the processor, and an end for what never returns. */
const LIMITS = {cpuSeconds: 5, milliseconds: 240_000, bytes: 512 * 1024 * 1024} as const;

export interface Finding {
  readonly target: string;
  readonly seed: string;
  readonly index: number;
  readonly error: unknown;
}

export interface Tally {
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
}

/** One input; the same for a seed and an index. Returns whether it was accepted. @throws what is wrong */
export const runCase = (target: Target, seed: string, index: number): boolean => {
  const [cpu, memory] = [cpuUsage(), memoryUsage().rss];
  const accepted = attempt(target, seed, index);
  const {user, system} = cpuUsage(cpu);
  const seconds = (user + system) / 1e6;
  if (seconds > LIMITS.cpuSeconds) throw new Error(`took ${seconds} s of the processor`);
  const grown = memoryUsage().rss - memory;
  if (grown > LIMITS.bytes) throw new Error(`took ${grown} bytes of memory`);
  return accepted;
};

const attempt = (target: Target, seed: string, index: number): boolean => {
  try {
    target.run(makeRandom(`${seed}/${target.name}/${index}`));
    return true;
  } catch (error) {
    if (isCoded(error)) return false;
    throw error;
  }
};

/** Those of rkt, and those of flavors, which know no more of rkt than how its errors look. */
const isCoded = (error: unknown): boolean => {
  const {code, hint} = error as {code?: unknown; hint?: unknown};
  return error instanceof Error && /^RKT_[A-Z0-9_]+$/.test(String(code)) && typeof hint === 'string';
};

/** Cases that one watchdog looks after: it is a thread. */
export const BATCH = 50;

/** Runs cases of all targets in turn, {@link BATCH} at a time, for as long as `more` says. */
export const runFuzz = (seed: string, more: (index: number) => boolean, targets = TARGETS): Map<string, Tally> => {
  const tallies = new Map(targets.map(({name}) => [name, {accepted: 0, refused: 0, findings: [] as Finding[]}]));
  for (let first = 0; more(first); first += BATCH) {
    for (const target of targets) {
      const tally = tallies.get(target.name);
      if (tally === undefined) continue;
      let index = first;
      const report = (error: unknown) => tally.findings.push({target: target.name, seed, index, error});
      const batch = () => {
        for (; index < first + BATCH; index++) {
          try {
            if (runCase(target, seed, index)) tally.accepted++;
            else tally.refused++;
          } catch (error) {
            report(error);
          }
        }
      };
      try {
        withinTime(batch, LIMITS.milliseconds);
      } catch (error) {
        // That of the watchdog: the case of this index does not end.
        report(error);
      }
    }
  }
  return tallies;
};
