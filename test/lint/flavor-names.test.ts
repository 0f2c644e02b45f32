import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavorNames, root, sources} from './sources.ts';

const names = flavorNames.join('|');
const NAMED = new RegExp(`['"]((@rkt/|rkt-)flavor-|coreos\\.com/rkt/stage1-)?(${names})['"]`);

test('core names no flavor but in examples for people', (t) => {
  const naming = sources('core/src').filter((file) => NAMED.test(readFileSync(path.join(root, file), 'utf8')));
  t.deepEqual(naming, []);
  t.regex("['nspawn']", NAMED);
  t.regex("'coreos.com/rkt/stage1-fly'", NAMED);
});
