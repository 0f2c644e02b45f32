import test from 'ava';
import type {App} from '../../../core/src/contract/index.ts';
import {app} from '../../../core/test/support/fixtures.ts';
import {filterOf} from '../src/calls-of-crun.ts';

type Filter = NonNullable<App['process']['seccomp']>;

const DENIES = {action: 'errno', errno: 1} as const;
const ALLOWS = {action: 'allow'} as const;
const RETAINED: Filter = {default: DENIES, rules: [{syscalls: ['prctl', 'read', 'write'], outcome: ALLOWS}]};
const removed = (...syscalls: string[]): Filter => ({default: ALLOWS, rules: [{syscalls, outcome: DENIES}]});

const filtered = (
  seccomp: Filter | null,
  {noNewPrivileges = false, groups = [5, 6], bounding = []}: Partial<Given> = {},
): App => {
  const plain = app({});
  const capabilities = {bounding, effective: [], ambient: []};
  const ids = {uid: 12, gid: 34, groups};
  return {...plain, process: {...plain.process, ...ids, capabilities, noNewPrivileges, seccomp}};
};
interface Given {
  readonly noNewPrivileges: boolean;
  readonly groups: number[];
  readonly bounding: App['process']['capabilities']['bounding'];
}
/** What is allowed besides: `setresuid 0=12 1=12 2=12`, or `fchown 0=0 1=12 2=34: 1` where that is the error. */
const added = (of: App): string[] =>
  (filterOf(of)?.rules.slice(1) ?? []).flatMap(({syscalls, outcome, args = []}) =>
    syscalls.map((name) => {
      const call = [name, ...args.map(({index, value}) => `${index}=${value}`)].join(' ');
      return outcome.action === 'errno' ? `${call}: ${outcome.errno}` : call;
    }),
  );

test('EX-38 a retain-set has what crun calls after the filter, as far as the app had not', (t) => {
  t.deepEqual(added(filtered(RETAINED)), [
    ...['capset', 'close', 'rt_sigaction', 'rt_sigprocmask', 'setresgid 0=34 1=34 2=34', 'setresuid 0=12 1=12 2=12'],
    ...['umask', 'setgroups 0=2', 'ioctl 1=21505', 'statx 2=20736'],
    ...['fchown 0=0 1=12 2=34', 'fchown 0=1 1=12 2=34', 'fchown 0=2 1=12 2=34'],
  ]);
  t.deepEqual(added(filtered(RETAINED, {noNewPrivileges: true})), ['close', 'umask']);
  t.is(filterOf(filtered(null)), null);
});

test('EX-38 of what a filter cannot see an app with the capability for it gets nothing: whose a file becomes, and which groups', (t) => {
  const others = (given: Partial<Given>, filter = RETAINED) =>
    added(filtered(filter, given)).filter((call) => /^fchown|^setgroups/.test(call));
  const bounding: Given['bounding'] = ['CAP_CHOWN', 'CAP_SETGID'];
  t.deepEqual(others({bounding}), []);
  t.deepEqual(others({bounding, groups: []}), ['setgroups 0=0']);
  // crun goes on after an error, and not when it is killed.
  const refused = [0, 1, 2].map((fd) => `fchown 0=${fd} 1=12 2=34: 1`);
  t.deepEqual(others({bounding}, {...RETAINED, default: {action: 'kill'}}), refused);
  t.deepEqual(others({bounding}, {...RETAINED, default: {action: 'errno', errno: 38}}), refused);
  t.deepEqual(others({bounding}, {...RETAINED, rules: [{syscalls: ['fchown', 'setgroups'], outcome: ALLOWS}]}), []);
});

test('EX-37 a remove-set that denies what crun needs is refused by name, unless nothing gets more privileges', (t) => {
  const error = t.throws(() => filterOf(filtered(removed('mkdir', 'capset', 'setresuid'))));
  t.like(error, {code: 'RKT_MACHINE_FILTER_REFUSED', fields: {app: 'main', calls: ['capset', 'setresuid']}});
  t.deepEqual(filterOf(filtered(removed('capset'), {noNewPrivileges: true})), removed('capset'));
  t.deepEqual(filterOf(filtered(removed('mkdir'))), removed('mkdir'));
});
