import {randomBytes} from 'node:crypto';
import test from 'ava';
import {runFuzz, TARGETS} from './run-fuzz.ts';

/* S10, S15, S16, S25: a slice of `npm run fuzz`, which ends by count. The seed is in the message when it finds something. */

/** About twenty seconds for all of them. */
const CASES = 500;
const seed = randomBytes(6).toString('hex');

for (const target of TARGETS) {
  test(`S10 ${target.name}: nothing but coded errors, and what is accepted round-trips`, (t) => {
    t.log(`seed ${seed}`);
    const tally = runFuzz(seed, (index) => index < CASES, [target]).get(target.name);
    const [finding] = tally?.findings ?? [];
    const repeat = `npm run fuzz -- --seed ${seed} --target '${target.name}' --index ${finding?.index}`;
    t.is(finding, undefined, `${repeat}: ${String(finding?.error)}`);
    // A grammar whose inputs are all refused, or all accepted, tests nothing.
    t.true((tally?.accepted ?? 0) > 0 && (tally?.refused ?? 0) > 0, JSON.stringify(tally));
  });
}
