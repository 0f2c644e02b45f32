import test from 'ava';
import {checkLabel} from '../../../src/stage1/verify/check-label.ts';

const holds = (process: {apparmorProfile?: string; selinuxContext?: string}, label: string | undefined) =>
  checkLabel(
    {name: process.apparmorProfile === undefined ? 'os/linux/selinux-context' : 'os/linux/apparmor-profile'},
    {app: {process}, state: {label}},
  ).holds;

test('EX-47 a profile holds that the kernel enforces, and so do several at once, whichever it names first', (t) => {
  t.true(holds({apparmorProfile: 'web'}, 'web (enforce)'));
  t.true(holds({apparmorProfile: 'unconfined'}, 'unconfined'));
  t.true(holds({apparmorProfile: 'b//&a'}, 'a//&b (enforce)'));
  for (const label of ['web (complain)', 'web', 'web2 (enforce)', 'unconfined', undefined])
    t.false(holds({apparmorProfile: 'web'}, label), label);
  for (const label of ['a (enforce)', 'a//&b (mixed)', 'a//&b//&c (enforce)'])
    t.false(holds({apparmorProfile: 'b//&a'}, label), label);
});

test('EX-46 a context holds that is exactly the one', (t) => {
  t.true(holds({selinuxContext: 'u:r:t:s0'}, 'u:r:t:s0'));
  t.false(holds({selinuxContext: 'u:r:t:s0'}, 'u:r:t:s0:c1'));
});
