import {peakMemory} from './peak.ts';
import {type Cost, spawnMeasured} from './spawn.ts';

export interface Case {
  readonly name: string;
  readonly command: readonly string[] | (() => readonly string[]);
  /** Default: a clean PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs before each sample, outside of the measurement. */
  readonly before?: () => void;
  readonly expect?: number;
  /** Measure no peak of memory. */
  readonly noPeak?: boolean;
}

export interface Measurement {
  readonly name: string;
  /** Medians, the least and nearly the most wall time, in milliseconds. */
  readonly wall: number;
  readonly least: number;
  /** Of twenty runs nineteen took no longer. */
  readonly p95: number;
  readonly cpu: number;
  /** Wall time of the first case of the same run, which is the floor where there is one. */
  readonly base: number;
  /** MiB. */
  readonly peak: number | undefined;
  /** Why it could not be measured. */
  readonly problem?: string;
}

export const cleanEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
};

const percentile95 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1] ?? Number.NaN;

const once = ({command, env = cleanEnvironment, before, expect = 0, name}: Case): Cost => {
  before?.();
  const cost = spawnMeasured(typeof command === 'function' ? command() : command, env);
  if (cost.exitCode !== expect) throw new Error(`${name} ended with ${cost.exitCode}`);
  return cost;
};

const peakOf = ({command, env = cleanEnvironment, before, noPeak}: Case) => {
  if (noPeak) return undefined;
  const peaks = [0, 1, 2].map(() => {
    before?.();
    return peakMemory(typeof command === 'function' ? command() : command, env);
  });
  return median(peaks.filter((peak) => peak !== undefined));
};

/** Runs all cases in turn, `runs` times after a warm-up, so that whatever else the machine does hits all of them alike. */
export const interleave = (cases: readonly Case[], runs: number): Measurement[] => {
  const problems = new Map<string, string>();
  for (const entry of cases) {
    try {
      once(entry);
      once(entry);
    } catch (error) {
      problems.set(entry.name, error instanceof Error ? error.message : String(error));
    }
  }
  const costs = new Map<string, Cost[]>(cases.map(({name}) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const entry of cases.filter(({name}) => !problems.has(name))) costs.get(entry.name)?.push(once(entry));
  }
  const base = median((costs.get(cases[0]?.name ?? '') ?? []).map(({wall}) => wall));
  return cases.map((entry) => {
    const {name} = entry;
    const problem = problems.get(name);
    const all = costs.get(name) ?? [];
    return {
      name,
      wall: median(all.map(({wall}) => wall)),
      least: Math.min(...all.map(({wall}) => wall)),
      p95: percentile95(all.map(({wall}) => wall)),
      cpu: median(all.map(({cpu}) => cpu)),
      base,
      peak: problem === undefined ? peakOf(entry) : undefined,
      ...(problem === undefined ? {} : {problem}),
    };
  });
};
