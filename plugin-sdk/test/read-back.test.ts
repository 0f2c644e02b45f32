import test from 'ava';
import {isolatorNames} from '../../core/src/contract/index.ts';
import {declaration} from '../../core/test/support/fixtures.ts';
import {byHostKernel, enforced, equivalent, impossible, notApplicable} from '../src/index.ts';

test('EX-33 what holds by the host kernel says what the host needs for it and how it is seen there', (t) => {
  const isolators = byHostKernel({
    ...declaration().isolators,
    'os/linux/no-new-privileges': impossible('not here'),
    'os/unix/rlimits': notApplicable('there are none'),
    'resource/block-iops': equivalent('a queue', 'it is slow'),
    'resource/memory': enforced('a guest of that size', {requires: ['program/qemu'], readBack: {from: 'mountinfo'}}),
  });
  t.deepEqual(Object.keys(isolators).sort(), [...isolatorNames].sort());
  t.deepEqual(isolators['resource/pids'], {
    level: 'enforced',
    mechanism: 'test',
    requires: ['cgroup/pids'],
    readBack: {from: 'cgroup', limit: 'pidsMax'},
  });
  t.like(isolators['resource/block-iops'], {level: 'equivalent', readBack: {from: 'cgroup', limit: 'ioOperations'}});
  t.deepEqual(isolators['os/linux/no-new-privileges'], impossible('not here'));
  t.deepEqual(isolators['os/unix/rlimits'], notApplicable('there are none'));
  // What the flavor says itself stays.
  t.like(isolators['resource/memory'], {requires: ['program/qemu'], readBack: {from: 'mountinfo'}});
});

test('an isolator of a third party is left as it is', (t) => {
  const landlock = {'os/linux/landlock': enforced('a ruleset')};
  t.deepEqual(
    {...byHostKernel({...declaration().isolators, ...landlock})}['os/linux/landlock' as never],
    enforced('a ruleset'),
  );
});
