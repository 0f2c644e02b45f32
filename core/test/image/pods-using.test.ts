import {mkdirSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {KEEPING, podsUsing} from '../../src/image/pods-using.ts';
import {openStore} from '../../src/image/store.ts';
import {POD_DIRECTORIES} from '../../src/pod/state/states.ts';
import {scratch} from '../pod/helpers.ts';

test('S20 pods are looked for in the order of their life, whatever order their directories are in', (t) => {
  t.deepEqual<readonly string[], readonly string[]>(
    KEEPING,
    POD_DIRECTORIES.filter((directory) => directory !== 'garbage'),
  );
  const dataDir = scratch(t);
  // Neither this order nor its reverse, as directories are listed, is that of life.
  const made = ['run', 'prepare', 'exited-garbage', 'garbage', 'prepared', 'embryo'];
  for (const directory of made) {
    const pod = `${dataDir}/pods/${directory}/in-${directory}`;
    mkdirSync(pod, {recursive: true});
    const app = {image: {id: 'sha512-a'}, rootfs: {kind: 'copy'}};
    writeFileSync(`${pod}/frozen.json`, JSON.stringify({apps: [app]}));
  }
  t.deepEqual(
    [...(podsUsing(openStore(dataDir)).get('sha512-a') ?? [])],
    KEEPING.map((directory) => `in-${directory}`),
  );
});
