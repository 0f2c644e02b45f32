import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {meansImage} from '../../../src/stage1/choice/means-image.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-means-'));
test.after.always(() => rmSync(directory, {recursive: true, force: true}));
const file = path.join(directory, 'stage1.aci');
writeFileSync(file, '');

for (const [selection, means] of [
  ['fly', 'never'],
  ['kvm', 'never'],
  ['nspwan', 'never'],
  ['kvm:1', 'never'],
  ['kvm,version=1', 'never'],
  ['stage1', 'never'],
  ['no-such.aci', 'never'],
  ['example.com/no-such.aci', 'never'],
  ['coreos.com/rkt/stage1-kvm', 'never'],
  ['coreos.com/rkt/stage1-kvm:1.30.0', 'never'],
  ['coreos.com/rkt/stage1-kvm,version=1.30.0', 'never'],
  ['@rkt/flavor-kvm', 'never'],
  ['./flavor', 'never'],
  ['/flavor', 'never'],
  ['', 'never'],
  ['example.com/stage1', 'by name'],
  ['example.com/stage1:1', 'by name'],
  ['example.com/stage1,version=1', 'by name'],
  ['sha512-00', 'always'],
  ['./no-such.aci', 'always'],
  [file, 'always'],
  [`file://${file}`, 'always'],
  ['https://example.com/stage1.aci', 'always'],
] as const) {
  test(`S31 S36 "${selection}" as a stage1 is an image ${means}`, (t) => t.is(meansImage(selection), means));
}
