import {floor} from './floor.ts';
import {interleave} from './measure.ts';
import {findPeers} from './peers.ts';
import {report, wallOf} from './report.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 21;

/** A pod or container of one app that ends at once, from an image that is in the store. */
export const bench = (world: World): Target[] => {
  let prepared = '';
  const measured = interleave(
    [
      floor,
      {name: 'rkt run', command: world.rkt('run', '--stage1=fly', world.imageId)},
      {
        name: 'rkt run-prepared',
        before: () => {
          prepared = world.prepare();
        },
        command: () => world.rkt('run-prepared', prepared),
      },
      {name: 'rkt run --no-overlay', command: world.rkt('run', '--stage1=fly', '--no-overlay', world.imageId)},
      ...findPeers(world),
    ],
    RUNS,
  );
  world.call('gc', '--grace-period=0s');
  report(measured);
  const base = wallOf(measured, floor.name);
  const run = wallOf(measured, 'rkt run');
  return [
    atMost('run / floor', run / base, 2.5),
    atMost('run / podman run', run / wallOf(measured, 'podman'), 0.35),
    atMost('run-prepared / floor', wallOf(measured, 'rkt run-prepared') / base, 1.8),
  ];
};
