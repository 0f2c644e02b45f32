import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {attempt, type Outcome, openWorld, selectCases, type World} from '@rkt/plugin-sdk/kit';
import test from 'ava';
import {build} from 'esbuild';
import {atMost} from '../helpers/at-most.ts';
import {rktCommand, root} from '../helpers/command.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {slowly} from '../helpers/slowly.ts';
import {equivalents, type Mutant, mutants, type Victim} from './mutants.ts';

/*
 * The kit's own test: flavors that break one promise each, and the cases that have to say so. `RKT_TEST_LONG=1` tries all of them with every case that is to catch them, else some with one
 * each; `RKT_TEST_LIARS=fly,no-filter` those of a flavor or of a name.
 */

const long = env.RKT_TEST_LONG === '1';
const wanted = env.RKT_TEST_LIARS?.split(',');

/** Where a victim is loaded from, and what it needs. */
const VICTIMS: Readonly<Record<Victim, {readonly source: string; readonly lacking: string | undefined}>> = {
  bubblewrap: {source: 'examples/bubblewrap/src/index.ts', lacking: lacks('program/bwrap')},
  crun: {source: 'examples/crun/src/index.ts', lacking: lacks('program/crun')},
  fly: {source: 'flavors/fly/dist/index.cjs', lacking: undefined},
  nspawn: {source: 'flavors/nspawn/dist/index.cjs', lacking: lacks('program/systemd-nspawn')},
};

const MOST_MILLISECONDS = slowly(600_000);

const lacking = lacksPods();
const directory = lacking === undefined ? mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-liars-')) : '';
/** Its images are those of all others. */
let shared: Promise<World> | undefined;
const base = () =>
  (shared ??= openWorld({
    ...{rkt: rktCommand, flavor: 'fly'},
    ...(env.RKT_TEST_DIRECTORY && {parent: env.RKT_TEST_DIRECTORY}),
  }));
test.after.always(async () => {
  if (shared !== undefined) await (await shared).close();
  if (directory !== '') rmSync(directory, {recursive: true});
});
const limited = atMost(Number(env.RKT_TEST_AT_ONCE ?? 2));

/** A victim and its mutants in one file: a flavor of somebody else's reads nothing outside its package. */
const bundles = new Map<Victim, Promise<Uint8Array>>();
const bundle = async (victim: Victim): Promise<Uint8Array> => {
  const load = (file: string) => `require(${JSON.stringify(path.join(root, file))})`;
  const contents = `const flavor = ${load(VICTIMS[victim].source)};
exports.flavor = flavor.default ?? flavor;
exports.liar = ${load('test/kit/mutants.ts')}.liar;`;
  const {outputFiles} = await build({
    stdin: {contents, resolveDir: root},
    ...{bundle: true, platform: 'node', format: 'cjs', conditions: ['source'], write: false, logLevel: 'warning'},
  });
  return outputFiles[0]?.contents ?? Buffer.of();
};

/** A package as somebody outside would make one: another flavor, and what is changed of it. */
const packageOf = async (victim: Victim, mutant?: string): Promise<string> => {
  const place = path.join(directory, `${victim}-${mutant ?? 'itself'}`);
  mkdirSync(place);
  writeFileSync(path.join(place, 'package.json'), JSON.stringify({name: `rkt-flavor-${victim}`, main: 'index.cjs'}));
  const bundled = bundles.get(victim) ?? bundle(victim);
  bundles.set(victim, bundled);
  writeFileSync(path.join(place, 'bundle.cjs'), await bundled);
  writeFileSync(
    path.join(place, 'index.cjs'),
    `const {flavor, liar} = require('./bundle.cjs');
module.exports = liar(${JSON.stringify(mutant)}, flavor);
`,
  );
  return place;
};

const worldOf = async (victim: Victim, mutant?: string): Promise<World> =>
  (await base()).with(await packageOf(victim, mutant));

/** One case. */
const tryCase = (world: World, id: string): Promise<Outcome> => {
  const [one] = selectCases({ids: [id]});
  if (one === undefined) throw new Error(`no case "${id}"`);
  return attempt(world, one);
};

const casesOf = ({cases}: Mutant): readonly string[] => (long ? cases : cases.slice(0, 1));
const chosen = mutants.flatMap((mutant) =>
  mutant.flavors
    .filter((victim) =>
      wanted === undefined
        ? long || (mutant.sample && victim === mutant.flavors[0])
        : [victim, mutant.name, `${victim}/${mutant.name}`].some((name) => wanted.includes(name)),
    )
    .map((victim) => ({victim, mutant})),
);

for (const victim of Object.keys(VICTIMS) as Victim[]) {
  const tried = new Set(chosen.flatMap((each) => (each.victim === victim ? casesOf(each.mutant) : [])));
  let itself: Promise<World> | undefined;
  // A short run leaves the rest to the kit's own cases with the built-in flavor.
  for (const id of [...tried].slice(0, long || wanted !== undefined ? tried.size : 1))
    testIf(lacking ?? VICTIMS[victim].lacking)(`${victim} itself, loaded as the liars are, keeps ${id}`, (t) =>
      limited(async () => {
        t.timeout(MOST_MILLISECONDS);
        itself ??= worldOf(victim);
        const {result, because} = await tryCase(await itself, id);
        t.not(result, 'failed', because);
      }),
    );
}

for (const {victim, mutant} of chosen) {
  testIf(lacking ?? VICTIMS[victim].lacking)(`${victim}, ${mutant.name}: "${mutant.breaks}" is caught`, (t) =>
    limited(async () => {
      t.timeout(MOST_MILLISECONDS);
      const world = await worldOf(victim, mutant.name);
      for (const id of casesOf(mutant)) {
        const {result, because = ''} = await tryCase(world, id);
        t.is(result, 'failed', `${id} does not see that it is broken: ${because}`);
        t.regex(because, mutant.says, id);
      }
    }),
  );
}

test('mutants and what is equivalent have names and reasons, each once', (t) => {
  const names = [...mutants, ...equivalents].map(({name}) => name);
  t.is(new Set(names).size, names.length);
  for (const {cases, name} of mutants) t.true(cases.length > 0 && selectCases({ids: cases}).length > 0, name);
  for (const {name, because} of equivalents) t.true(because.length > 20, name);
});
