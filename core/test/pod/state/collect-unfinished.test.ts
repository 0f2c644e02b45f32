import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {diskImagesDirectory} from '../../../src/artifact/disk-images.ts';
import {hostTreesDirectory} from '../../../src/artifact/host-trees.ts';
import {rememberBuilt} from '../../../src/image/stage1-images.ts';
import {gc} from '../../../src/pod/state/gc.ts';
import {checkedDirectory, seccompCache} from '../../../src/pod/state/layout.ts';
import {rememberedIn} from '../../../src/stage1/facts/remembered-in.ts';
import {scratch} from '../helpers.ts';

test('gc removes what was to become a file when its writer was killed, of every cache and record', (t) => {
  const dataDir = scratch(t);
  rememberBuilt(dataDir, 'other', 'sha512-x' as never);
  const flavors = rememberedIn({dataDir}) ?? '';
  const directories = [
    ...[checkedDirectory(dataDir), seccompCache(dataDir), flavors, `${flavors}/checked`],
    ...[diskImagesDirectory(dataDir), hostTreesDirectory(dataDir), `${dataDir}/cas/stage1`, `${dataDir}/cas/measured`],
  ];
  const {pid: ended} = spawnSync('/bin/true');
  // A name that only looks like one; one of another rkt, which goes on; one that nobody goes on with.
  const [stays, goes] = [['.a-1', `.a.json.${process.pid}-a1b2`], `.a.json.${ended}-a1b2`] as const;
  for (const directory of directories) {
    mkdirSync(directory, {recursive: true});
    for (const name of [...stays, goes]) writeFileSync(`${directory}/${name}`, '');
  }
  const collect = (how: {markOnly: boolean; dryRun: boolean}) =>
    gc(dataDir, {gracePeriod: 0, expirePrepared: 0, ...how});
  const hidden = (directory: string) => readdirSync(directory).filter((name) => name.startsWith('.'));
  collect({markOnly: true, dryRun: false});
  collect({markOnly: false, dryRun: true});
  for (const directory of directories) t.is(hidden(directory).length, 3, directory);
  collect({markOnly: false, dryRun: false});
  for (const directory of directories) t.deepEqual(hidden(directory).sort(), [...stays].sort(), directory);
});
