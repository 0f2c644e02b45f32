import {randomBytes} from 'node:crypto';
import {stdout} from 'node:process';
import {parseArgs} from 'node:util';
import {runCase, runFuzz, TARGETS} from './run-fuzz.ts';

/*
 * `npm run fuzz -- --seconds N [--seed S] [--target NAME] [--index I]`: inputs made by grammar and then broken, for everything that reads what a stranger wrote.
 * Nothing but coded errors may be thrown, time and memory are bounded, and what is accepted round-trips. `--index` repeats one case.
 */

const {values} = parseArgs({
  options: {
    seconds: {type: 'string', default: '20'},
    seed: {type: 'string', default: randomBytes(6).toString('hex')},
    target: {type: 'string'},
    index: {type: 'string'},
  },
});
const {seed, index} = values;
const targets = TARGETS.filter(({name}) => values.target === undefined || name === values.target);
const say = (line: string) => stdout.write(`${line}\n`);
if (targets.length === 0)
  throw new Error(`no target "${values.target}" (there are ${TARGETS.map(({name}) => name).join(', ')})`);

say(`seed ${seed}`);
if (index !== undefined) {
  for (const target of targets) say(`${target.name}: ${runCase(target, seed, Number(index)) ? 'accepted' : 'refused'}`);
} else {
  const end = performance.now() + Number(values.seconds) * 1000;
  let found = 0;
  for (const [name, {accepted, refused, findings}] of runFuzz(seed, () => performance.now() < end, targets)) {
    say(`${name}: ${accepted} accepted, ${refused} refused, ${findings.length} findings`);
    for (const finding of findings.slice(0, 5)) {
      say(
        `  repeat with --seed ${seed} --target '${name}' --index ${finding.index}: ${String(finding.error).slice(0, 500)}`,
      );
    }
    found += findings.length;
  }
  process.exitCode = found > 0 ? 1 : 0;
}
