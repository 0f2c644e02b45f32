import type {Case, Need} from './case.ts';
import {SLOW} from './until.ts';
import type {World} from './world.ts';

/** What has come of a case. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /** `not declared`: the flavor does not promise it. `skipped`: it does, and this host lacks what that needs. */
  readonly result: 'passed' | 'failed' | 'not declared' | 'skipped';
  /** What came out instead, or why it was not tried. */
  readonly because?: string;
  readonly milliseconds: number;
}

/** Why a case is not for this flavor on this host; nothing when it is. */
export const obstacle = (
  {promised}: Pick<World, 'promised'>,
  {needs, without = [], root = false}: Case,
): Pick<Outcome, 'result' | 'because'> | undefined => {
  for (const name of needs) {
    const {level, because = name} = promised(name);
    if (level === 'impossible' || level === 'not-applicable' || level === 'unproved')
      return {result: 'not declared', because: `${name} is ${level}: ${because}`};
  }
  const had = without.find((name) => promised(name).level !== 'impossible');
  if (had !== undefined) return {result: 'not declared', because: `it is about flavors without ${had}`};
  for (const name of needs) {
    const {here, because} = promised(name);
    if (here === 'impossible') return {result: 'skipped', because: `${name} is not available here: ${because}`};
  }
  if (root && process.geteuid?.() !== 0) return {result: 'skipped', because: 'the case itself needs root of this host'};
  return undefined;
};

/** A pod that does not end keeps who waits for it. */
const MOST_MILLISECONDS = 180_000;

const inTime = async (trying: Promise<void>): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it was not over after ${(MOST_MILLISECONDS * SLOW) / 1000} s`)),
    MOST_MILLISECONDS * SLOW,
  );
  try {
    await Promise.race([trying, late.promise]);
  } finally {
    clearTimeout(timer);
    // What comes of it later is nobody's business.
    trying.catch(() => {});
  }
};

/** Tries a case, if it is for this flavor on this host. */
export const attempt = async (world: World, one: Case): Promise<Outcome> => {
  const {id, title, needs} = one;
  const start = performance.now();
  const outcome = (rest: Pick<Outcome, 'result' | 'because'>): Outcome => ({
    ...{id, title, needs, ...rest},
    milliseconds: Math.round(performance.now() - start),
  });
  const why = obstacle(world, one);
  if (why !== undefined) return outcome(why);
  try {
    await inTime(one.attempt(world));
    return outcome({result: 'passed'});
  } catch (error) {
    return outcome({result: 'failed', because: error instanceof Error ? error.message : String(error)});
  }
};
