import {cpus, loadavg, release} from 'node:os';
import {argv, getuid, versions} from 'node:process';
import {printTable, ratio, say} from './table.ts';
import {isMet, type Target} from './target.ts';
import {openWorld, type World} from './world.ts';

/*
 * `npm run bench [-- NAME…]`: what rkt costs beside what else is installed here, in one interleaved run, as medians. Numbers of different
 * machines or runs do not compare; the ratios do.
 */

const benches: Readonly<Record<string, () => Promise<{bench: (world: World) => Target[] | Promise<Target[]>}>>> = {
  start: () => import('./start.ts'),
  nspawn: () => import('./nspawn.ts'),
  machines: () => import('./machines.ts'),
  commands: () => import('./commands.ts'),
  sleep: () => import('./sleep.ts'),
  parallel: () => import('./parallel.ts'),
  import: () => import('./import.ts'),
  growth: () => import('./growth.ts'),
  outside: () => import('./outside.ts'),
};

const asked = argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0 || getuid?.() !== 0) {
  say(
    unknown.length > 0
      ? `no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`
      : 'benches need root',
  );
  process.exit(1);
}
say(
  `Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${versions.node}\n`,
);

const targets: Target[] = [];
const world = openWorld();
try {
  for (const [name, load] of Object.entries(benches)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    say(`## ${name}\n`);
    targets.push(...(await (await load()).bench(world)));
  }
} finally {
  world.close();
}

say('## targets\n');
printTable(
  ['what', 'measured', 'target', ''],
  targets.map((target) => {
    const met = isMet(target);
    const {what, measured, relation, goal, unit} = target;
    return [
      what,
      `${ratio(measured)} ${unit}`,
      `${relation} ${goal} ${unit}`,
      met === undefined ? 'not measured' : met ? 'met' : 'NOT MET',
    ];
  }),
);
