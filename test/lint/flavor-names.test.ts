import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavorNames, root, sources} from './sources.ts';

const names = flavorNames.join('|');
const NAMED = new RegExp(`['"]((@rkt/|rkt-)flavor-|coreos\\.com/rkt/stage1-)?(${names})['"]`);

/** The kernel has something of that name, too: a machine's accelerator. */
const ACCELERATORS = [
  'core/src/config/config.ts',
  'core/src/contract/host.ts',
  'core/src/stage1/facts/accelerator.ts',
  'core/src/stage1/facts/prove-kvm.ts',
];

test('core names no flavor but in examples for people', (t) => {
  const naming = sources('core/src').filter((file) => NAMED.test(readFileSync(path.join(root, file), 'utf8')));
  t.deepEqual(naming, ACCELERATORS);
  t.regex("['nspawn']", NAMED);
  t.regex("'coreos.com/rkt/stage1-fly'", NAMED);
});
