import test from 'ava';
import type {App} from '../../../core/src/contract/index.ts';
import {app} from '../../../core/test/support/fixtures.ts';
import {filterOf} from '../src/calls-of-crun.ts';

type Filter = NonNullable<App['process']['seccomp']>;

const DENIES = {action: 'errno', errno: 1} as const;
const ALLOWS = {action: 'allow'} as const;
const RETAINED: Filter = {default: DENIES, rules: [{syscalls: ['prctl', 'read', 'write'], outcome: ALLOWS}]};
const removed = (...syscalls: string[]): Filter => ({default: ALLOWS, rules: [{syscalls, outcome: DENIES}]});

const filtered = (seccomp: Filter | null, noNewPrivileges = false): App => {
  const plain = app({});
  const ids = {uid: 12, gid: 34, groups: [5, 6]};
  return {...plain, process: {...plain.process, ...ids, noNewPrivileges, seccomp}};
};
/** What is allowed besides: `setresuid 0=12 1=12 2=12`. */
const added = (of: App): string[] =>
  (filterOf(of)?.rules.slice(1) ?? []).flatMap(({syscalls, args = []}) =>
    syscalls.map((name) => [name, ...args.map(({index, value}) => `${index}=${value}`)].join(' ')),
  );

test('EX-38 a retain-set has what crun calls after the filter, as far as the app had not, with its own ids alone', (t) => {
  t.deepEqual(added(filtered(RETAINED)), [
    ...['capset', 'close', 'rt_sigaction', 'rt_sigprocmask', 'setresgid 0=34 1=34 2=34', 'setresuid 0=12 1=12 2=12'],
    ...['umask', 'setgroups 0=2', 'ioctl 1=21505', 'statx 2=20736'],
    ...['fchown 0=0 1=12 2=34', 'fchown 0=1 1=12 2=34', 'fchown 0=2 1=12 2=34'],
  ]);
  t.deepEqual(added(filtered(RETAINED, true)), ['close', 'umask']);
  t.is(filterOf(filtered(null)), null);
});

test('EX-37 a remove-set that denies what crun needs is refused by name, unless nothing gets more privileges', (t) => {
  const error = t.throws(() => filterOf(filtered(removed('mkdir', 'capset', 'setresuid'))));
  t.like(error, {code: 'RKT_MACHINE_FILTER_REFUSED', fields: {app: 'main', calls: ['capset', 'setresuid']}});
  t.deepEqual(filterOf(filtered(removed('capset'), true)), removed('capset'));
  t.deepEqual(filterOf(filtered(removed('mkdir'))), removed('mkdir'));
});
