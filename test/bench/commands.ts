import {floor} from './floor.ts';
import {type Case, interleave, type Measurement} from './measure.ts';
import {report, wallOf} from './report.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 21;

/** What a person types most, and `list` with many pods. */
export const bench = (world: World): Target[] => {
  const measured: Measurement[] = [];
  const cases = (...commands: readonly (readonly [name: string, ...args: string[]])[]): Case[] =>
    commands.map(([name, ...args]) => ({name: `rkt ${name}`, command: world.rkt(...args)}));
  world.exitedPods(1);
  const [uuid = ''] = world.call('list', '--full', '--no-legend').trim().split(/\s+/);
  measured.push(
    ...interleave(
      [
        floor,
        ...cases(
          ['version', 'version'],
          ['help', 'help'],
          ['list', 'list'],
          ['status', 'status', uuid],
          ['image list', 'image', 'list'],
        ),
      ],
      RUNS,
    ),
  );
  const counted = (count: number) => {
    world.exitedPods(count);
    const [base, list] = interleave([floor, ...cases([`list of ${count} pods`, 'list'])], RUNS);
    if (base && list) measured.push(list);
    return (list?.wall ?? Number.NaN) / (base?.wall ?? Number.NaN);
  };
  const hundred = counted(100);
  const thousand = counted(1000);
  world.call('gc', '--grace-period=0s');
  report(measured);
  const base = wallOf(measured, floor.name);
  return [
    ...['version', 'list', 'status'].map((name) =>
      atMost(`${name} / floor`, wallOf(measured, `rkt ${name}`) / base, 1.3),
    ),
    atMost('list of 100 pods / floor', hundred, 2.5),
    atMost('list of 1000 pods / floor', thousand, 2.5),
  ];
};
