import {closeSync, openSync, writeSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {nextData, punchHole} from '../../src/linux/holes.ts';
import {scratch} from '../pod/helpers.ts';

const MIB = 1_048_576;

test('S10 what is scattered over the disk is given back piece by piece, and a later call goes on', (t) => {
  const file = openSync(path.join(scratch(t), 'file'), 'w+');
  for (let at = 0; at < 16; at++) writeSync(file, 'x', at * MIB);
  const asked: (number | undefined)[] = [];
  punchHole(file, 8 * MIB, () => {
    asked.push(nextData(file, 0));
    return asked.length === 3;
  });
  t.deepEqual(asked, [MIB, 2 * MIB, 3 * MIB]);
  punchHole(file, 8 * MIB, () => false);
  t.is(nextData(file, 0), 8 * MIB);
  closeSync(file);
});
