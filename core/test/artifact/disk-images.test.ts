import test from 'ava';
import {diskImageKey} from '../../src/artifact/disk-images.ts';
import type {HostPath} from '../../src/contract/names.ts';
import {textHash} from '../../src/linux/text-hash.ts';

const DATA = '/var/lib/rkt' as HostPath;
const image = (digest: string) => `${DATA}/cas/images/sha512-${digest}/rootfs` as HostPath;

test('S12 images that a short hash takes for one, found in seconds, have no file system image in common', (t) => {
  const one = [image('00012b943009eff'.padEnd(128, '0'))];
  const other = [image('00055e117005972'.padEnd(128, '0'))];
  t.is(textHash(JSON.stringify(one)), textHash(JSON.stringify(other)));
  t.not(diskImageKey(DATA, one), diskImageKey(DATA, other));
});

test('the key of a layer of the store is its digest; any others have one of all their paths, in order', (t) => {
  const [layer, tree] = [image('1'.repeat(128)), `${DATA}/cas/tree/${'2'.repeat(64)}/rootfs` as HostPath];
  t.is(diskImageKey(DATA, [layer]), `images-sha512-${'1'.repeat(128)}`);
  t.is(diskImageKey(DATA, [tree]), `tree-${'2'.repeat(64)}`);
  const others = [[layer, tree], [tree, layer], [`/tmp${layer}`], [`${layer}/usr`], ['/srv/x']] as HostPath[][];
  const keys = others.map((layers) => diskImageKey(DATA, layers));
  t.is(new Set(keys).size, others.length);
  for (const key of keys) t.regex(key, /^[0-9a-f]{64}$/);
});
