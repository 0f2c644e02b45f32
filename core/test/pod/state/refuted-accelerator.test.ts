import {symlinkSync, unlinkSync, utimesSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {bootId} from '../../../src/linux/boot-id.ts';
import {refutedAt} from '../../../src/pod/state/refuted-accelerator.ts';
import {unlessRefuted} from '../../../src/stage1/facts/accelerator.ts';
import {hostFacts} from '../../support/fixtures.ts';
import {dataDirectory, tree, uuidOf} from '../helpers.ts';

const KVM = {name: 'kvm', because: 'a guest ran', device: {major: 10, minor: 232}} as const;
const MARK = 'stage1/rootfs/rkt/status/:accelerator';
const HOUR = 3_600_000;

test('pods count whose machines were to have the accelerator, of this start of the host', (t) => {
  const dataDir = dataDirectory(t, {[uuidOf('1')]: 'run', [uuidOf('2')]: 'exited-garbage'});
  const startedAt = Date.now() - HOUR;
  const place = `pods/exited-garbage/${uuidOf('2')}`;
  const pod = ({accelerator = {...KVM} as object, boot = bootId(), at = startedAt, mark = 'kvm\n'} = {}) => {
    tree(path.join(dataDir, place), {
      'facts.json': JSON.stringify(hostFacts({accelerator} as object)),
      supervisor: JSON.stringify({boot, startedAt: at}),
      [MARK]: mark,
    });
    return refutedAt({dataDir});
  };
  t.deepEqual(refutedAt({dataDir}), []);
  t.deepEqual(pod(), [startedAt]);
  t.deepEqual(pod({accelerator: {name: 'tcg', because: ''}}), []);
  t.deepEqual(pod({accelerator: {...KVM, forced: true}}), []);
  t.deepEqual(pod({boot: 'earlier'}), []);
  t.deepEqual(pod({at: Date.now() + HOUR}), []);
  t.deepEqual(pod({mark: 'something else'}), []);
  t.deepEqual(pod(), [startedAt]);
  // Whose root can write there.
  const file = path.join(dataDir, place, MARK);
  unlinkSync(file);
  symlinkSync('/etc/passwd', file);
  t.deepEqual(refutedAt({dataDir}), []);
  unlinkSync(file);
  pod();
  tree(path.join(dataDir, place), {'facts.json': '{'});
  t.deepEqual(refutedAt({dataDir}), []);
});

test('a pod whose machine has come up without the accelerator has it proved again, a second one has it left alone', async (t) => {
  const dataDir = dataDirectory(t);
  const proof = path.join(dataDir, 'cas/flavors/accelerator');
  const proved = (text: string, seconds: number) => {
    tree(dataDir, {'cas/flavors/accelerator': `boot\n/qemu\n232\n\n${text}`});
    utimesSync(proof, seconds, seconds);
  };
  const facts = hostFacts({accelerator: KVM});
  const asked = async (times: readonly number[], given = facts): Promise<string> => {
    let again = '';
    const {accelerator} = await unlessRefuted({dataDir}, given, {
      refuted: () => times,
      again: async () => {
        again = ', proved again';
        return given;
      },
    });
    return `${accelerator?.name}${again}`;
  };
  const now = Date.now() / 1000;
  t.is(await asked([now * 1000]), 'kvm');
  proved('{"works":true,"because":"a guest ran"}', now - 100);
  t.is(await asked([]), 'kvm');
  t.is(await asked([(now - 200) * 1000]), 'kvm');
  t.is(await asked([(now - 50) * 1000]), 'kvm, proved again');
  t.is(await asked([(now - 50) * 1000], hostFacts({accelerator: {...KVM, forced: true}})), 'kvm');
  t.is(await asked([(now - 50) * 1000], hostFacts({accelerator: {name: 'tcg', because: ''}})), 'tcg');
  proved('{"works":true,"because":"a guest ran","doubted":true}', now - 100);
  t.is(await asked([(now - 200) * 1000]), 'kvm');
  t.is(await asked([(now - 50) * 1000]), 'tcg');
  // The clock has been set back since.
  proved('{"works":true,"because":"a guest ran"}', now + 1000);
  t.is(await asked([now * 1000]), 'kvm, proved again');
});
