import {constants} from 'node:os';
import process from 'node:process';
import {atMost} from './at-most.ts';
import {attempt, type Outcome} from './attempt.ts';
import type {Case} from './case.ts';
import {type Selection, selectCases} from './select-cases.ts';
import {openWorld, type World, type WorldOptions} from './world.ts';

export interface TestOptions extends WorldOptions, Selection {
  /** Told as they come. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

export interface Report {
  readonly flavor: {readonly name: string; readonly version: string};
  readonly outcomes: readonly Outcome[];
  readonly passed: number;
  readonly failed: number;
  readonly notDeclared: number;
  readonly skipped: number;
}

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const CONCURRENCY = 4;

/**
 * Tries what a flavor declares with real pods on this host, in a data directory that is removed in the end, also when a signal ends it.
 * @throws TypeError for a case or pattern that fits nothing
 */
export const testFlavor = async ({ids, match, onOutcome, ...options}: TestOptions): Promise<Report> => {
  const cases = selectCases({...(ids && {ids}), ...(match !== undefined && {match})});
  const world = await openWorld({concurrency: CONCURRENCY, ...options});
  return whileOpen(world, (isOver) =>
    tryAll(world, cases, (outcome) => {
      if (!isOver()) onOutcome?.(outcome);
    }),
  );
};

/** Closes a world in any case. A signal ends the process, as it would without. */
const whileOpen = async <T>(world: World, work: (isOver: () => boolean) => Promise<T>): Promise<T> => {
  let ending: Promise<void> | undefined;
  const stop = (signal: (typeof SIGNALS)[number]) => {
    const over = () => process.exit(128 + constants.signals[signal]);
    ending ??= world.close().then(over, (error) => {
      process.stderr.write(`${world.directory} is left: ${error instanceof Error ? error.message : error}\n`);
      over();
    });
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(() => ending !== undefined);
  } finally {
    await (ending ?? world.close());
    for (const signal of SIGNALS) process.off(signal, stop);
  }
};

const tryAll = async (world: World, cases: readonly Case[], onOutcome: (outcome: Outcome) => void): Promise<Report> => {
  const limited = atMost(CONCURRENCY);
  const outcomes = await Promise.all(
    cases.map((one) => {
      const trying = async () => {
        const outcome = await attempt(world, one);
        onOutcome(outcome);
        return outcome;
      };
      return one.idles ? trying() : limited(trying);
    }),
  );
  const count = (wanted: Outcome['result']) => outcomes.filter(({result}) => result === wanted).length;
  const {name, version} = world.declaration;
  return {
    flavor: {name, version},
    outcomes,
    passed: count('passed'),
    failed: count('failed'),
    notDeclared: count('not declared'),
    skipped: count('skipped'),
  };
};
