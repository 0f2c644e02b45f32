import {readFileSync, utimesSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {refutedAt} from '../../../src/pod/state/refuted-accelerator.ts';
import {unlessRefuted} from '../../../src/stage1/facts/accelerator.ts';
import {hostFacts} from '../../support/fixtures.ts';
import {dataDirectory, tree, uuidOf} from '../helpers.ts';

const KVM = {name: 'kvm', because: 'a guest ran', device: {major: 10, minor: 232}} as const;

test('a machine that was not started with the accelerator overwrites the proof, unless that is newer', (t) => {
  const dataDir = dataDirectory(t, {[uuidOf('1')]: 'run', [uuidOf('2')]: 'exited-garbage'});
  const proof = path.join(dataDir, 'cas/flavors/accelerator');
  const mark = `pods/exited-garbage/${uuidOf('2')}/stage1/rootfs/rkt/status/:accelerator`;
  tree(dataDir, {'cas/flavors/accelerator': 'boot\n/qemu\n232\n\n{"works":true,"because":"a guest ran"}'});
  const facts = hostFacts({accelerator: KVM});
  const settings = {dataDir};
  const asked = (given = facts) => unlessRefuted(settings, given, () => refutedAt(settings)).accelerator?.name;

  t.is(asked(), 'kvm');
  tree(dataDir, {[mark]: 'kvm\n'});
  utimesSync(path.join(dataDir, mark), 100, 100);
  t.is(asked(), 'kvm');
  utimesSync(proof, 50, 50);
  t.is(asked(hostFacts({accelerator: {...KVM, forced: true}})), 'kvm');
  t.true(readFileSync(proof, 'utf8').includes('"works":true'));
  t.is(asked(), 'tcg');
  const [key, text = ''] = readFileSync(proof, 'utf8').split('\n\n');
  t.is(key, 'boot\n/qemu\n232');
  t.like(JSON.parse(text), {works: false});
});
