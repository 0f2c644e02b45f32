import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {root} from '../helpers/command.ts';
import {floor} from './floor.ts';
import {interleave} from './measure.ts';
import {report, wallOf} from './report.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 15;

/** The same pod by fly, and by a copy of fly that is somebody else's: what it costs to run hooks where they have no effect. */
export const bench = (world: World): Target[] => {
  const copy = path.join(world.directory, 'copy');
  mkdirSync(copy);
  writeFileSync(path.join(copy, 'package.json'), '{"name": "rkt-flavor-copy", "main": "index.cjs"}');
  const fly = path.join(root, 'flavors/fly/dist/index.cjs');
  writeFileSync(path.join(copy, 'index.cjs'), `module.exports = {...require('${fly}').default};\n`);
  const measured = interleave(
    [
      floor,
      {name: 'rkt run, fly', command: world.rkt('run', '--stage1=fly', world.imageId)},
      {name: "rkt run, somebody else's fly", command: world.rkt('run', `--stage1=${copy}`, world.imageId)},
    ],
    RUNS,
  );
  world.call('gc', '--grace-period=0s');
  report(measured);
  const outside = wallOf(measured, "rkt run, somebody else's fly");
  return [atMost("run of somebody else's flavor / run", outside / wallOf(measured, 'rkt run, fly'), 3)];
};
