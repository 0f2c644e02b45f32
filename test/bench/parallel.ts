import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cleanEnvironment, median} from './measure.ts';
import {findPeers} from './peers.ts';
import {ms, printTable} from './table.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 15;
const AT_ONCE = 10;

const allAtOnce = async (command: () => readonly string[]): Promise<number> => {
  const commands = Array.from({length: AT_ONCE}, command);
  const start = performance.now();
  const codes = await Promise.all(
    commands.map(async ([file = '', ...args]) => {
      const [code] = await once(spawn(file, args, {env: cleanEnvironment, stdio: 'ignore'}), 'exit');
      return code;
    }),
  );
  return codes.every((code) => code === 0) ? performance.now() - start : Number.NaN;
};

/** Ten pods or containers at once, until the last has ended. */
export const bench = async (world: World): Promise<Target[]> => {
  const cases: [string, () => readonly string[]][] = [
    ['rkt run', () => world.rkt('run', '--stage1=fly', world.imageId)],
    ...findPeers(world).map(({name, command}): [string, () => readonly string[]] => [
      name,
      () => (typeof command === 'function' ? command() : command),
    ]),
  ];
  const walls = new Map<string, number[]>(cases.map(([name]) => [name, []]));
  for (let run = 0; run < RUNS; run++) {
    for (const [name, command] of cases) walls.get(name)?.push(await allAtOnce(command));
  }
  world.call('gc', '--grace-period=0s');
  const medians = cases.map(([name]) => [name, median(walls.get(name) ?? [])] as const);
  printTable(
    [`${AT_ONCE} at once`, 'wall ms'],
    medians.map(([name, wall]) => [name, ms(wall)]),
  );
  const of = (wanted: string) => medians.find(([name]) => name === wanted)?.[1] ?? Number.NaN;
  return [atMost('ten at once / podman', of('rkt run') / of('podman'), 0.4)];
};
