import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {declaration} from '../src/declaration.ts';
import {REVISION} from '../src/revision.ts';

test('an image that was made before the programs in it have changed is known by that: src/revision.ts', (t) => {
  const guest = new URL('../guest/', import.meta.url);
  const hash = createHash('sha256');
  for (const name of readdirSync(guest).sort()) hash.update(`${name}\0`).update(readFileSync(new URL(name, guest)));
  const {machine, programs, files} = declaration.stage1Image ?? {};
  hash.update(JSON.stringify([machine, programs, files]));
  t.is(REVISION, hash.digest('hex').slice(0, REVISION.length));
});
