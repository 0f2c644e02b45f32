import test from 'ava';
import {DEFAULT_CAPABILITIES} from '../../../src/appc/compile/capabilities.ts';
import {compileSeccomp} from '../../../src/appc/compile/seccomp.ts';
import {SYSTEMD_GROUPS} from '../../../src/appc/compile/seccomp-sets/systemd.ts';
import {expandSpecial, isSyscall, LIFE_CYCLE} from '../../../src/appc/compile/syscalls.ts';
import {errnoOf} from '../../../src/contract/errno.ts';
import {CAPABILITIES} from '../../../src/contract/kernel-names.ts';
import {type Capability, seccompFilter} from '../../../src/contract/process.ts';
import {refused} from '../support.ts';

type Set = {readonly set: string[]; readonly errno?: string};
const compile = (isolators: object, capabilities: readonly Capability[] = DEFAULT_CAPABILITIES) =>
  compileSeccomp(isolators, capabilities);
const retain = (set: string[], errno?: string) => compile({'os/linux/seccomp-retain-set': of(set, errno)});
const remove = (set: string[], errno?: string) => compile({'os/linux/seccomp-remove-set': of(set, errno)});
const of = (set: string[], errno?: string): Set => ({set, ...(errno === undefined ? {} : {errno})});

/** What the filter does with a call. */
const answer = (filter: ReturnType<typeof compile>, name: string): string | number => {
  if (filter === null) return 'allow';
  const rule = filter.rules.find(({syscalls}) => syscalls.includes(name));
  const outcome = rule?.outcome ?? filter.default;
  return outcome.action === 'errno' ? outcome.errno : outcome.action;
};
const EPERM = 1;
const ENOSYS = 38;

const dangerous = 'mount umount2 unshare setns reboot kexec_load init_module bpf perf_event_open keyctl add_key';
const later = 'open_by_handle_at pivot_root swapon settimeofday clock_settime userfaultfd io_uring_setup fsopen iopl';

test('EX-43 without isolator an app gets rkt’s filter', (t) => {
  const filter = compile({});
  for (const name of `${dangerous} ${later}`.split(' ')) t.is(answer(filter, name), EPERM, name);
  for (const name of ['read', 'execve', 'clone', 'openat', 'futex', 'socket', 'chroot', 'getrandom', 'mseal']) {
    t.is(answer(filter, name), 'allow', name);
  }
  t.is(answer(filter, 'no_such_call_yet'), EPERM);
});

test('EX-43 by default clone makes no namespaces, socket no vsock, personality nothing odd', (t) => {
  const conditionsOf = (filter: ReturnType<typeof compile>, name: string) =>
    filter?.rules.filter(({syscalls}) => syscalls.includes(name)).map(({args}) => args?.[0]);
  t.deepEqual(conditionsOf(compile({}), 'clone'), [{index: 0, op: 'masked-eq', mask: 0x7e02_0000, value: 0}]);
  t.deepEqual(conditionsOf(compile({}, ['CAP_SYS_ADMIN']), 'clone'), [undefined]);
  t.deepEqual(conditionsOf(compile({}), 'socket'), [{index: 0, op: 'ne', value: 40}]);
  t.is(conditionsOf(compile({}), 'personality')?.length, 5);
  t.deepEqual(conditionsOf(retain(['@rkt/default-whitelist', 'clone']), 'clone'), [undefined]);
  t.deepEqual(conditionsOf(retain(['clone']), 'clone'), [undefined]);
});

test('EX-43 a C library falls back from clone3 to clone', (t) => {
  t.is(answer(compile({}), 'clone3'), ENOSYS);
  t.is(answer(compile({}, ['CAP_SYS_ADMIN']), 'clone3'), 'allow');
});

const byCapability: readonly (readonly [Capability, string])[] = [
  ['CAP_SYS_ADMIN', 'mount'],
  ['CAP_SYS_ADMIN', 'unshare'],
  ['CAP_SYS_BOOT', 'reboot'],
  ['CAP_SYS_CHROOT', 'chroot'],
  ['CAP_SYS_MODULE', 'finit_module'],
  ['CAP_SYS_TIME', 'clock_settime'],
  ['CAP_BPF', 'bpf'],
  ['CAP_PERFMON', 'perf_event_open'],
  ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
];
for (const [capability, name] of byCapability) {
  test(`EX-43 by default ${name} goes with ${capability}`, (t) => {
    t.is(answer(compile({}, [capability]), name), 'allow');
    t.is(answer(compile({}, []), name), EPERM);
  });
}

test('EX-37 a remove-set blocks what it lists and nothing else', (t) => {
  const filter = remove(['reboot', 'mount', 'reboot'], 'ENOTSUP');
  t.deepEqual(filter, {
    default: {action: 'allow'},
    rules: [{syscalls: ['mount', 'reboot'], outcome: {action: 'errno', errno: 95}}],
  });
});

test('EX-38 EX-44 a retain-set blocks all but what it lists and the life cycle', (t) => {
  const filter = retain(['write', 'read'], 'EPERM');
  t.is(filter?.rules.length, 1);
  t.deepEqual(filter?.rules[0], {
    syscalls: ['execve', 'exit', 'exit_group', 'read', 'restart_syscall', 'rt_sigreturn', 'sigreturn', 'write'],
    outcome: {action: 'allow'},
  });
  t.is(answer(filter, 'openat'), EPERM);
  t.is(LIFE_CYCLE.length, 6);
});

test('EX-39 without errno a blocked call kills', (t) => {
  t.is(answer(retain(['read']), 'write'), 'kill');
  t.is(answer(retain(['read'], ''), 'write'), 'kill');
  t.is(answer(remove(['write']), 'write'), 'kill');
});

// POSIX.1-2001 (errno.h) and C99, less those that are the same number under two names on Linux
const posix =
  'E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODATA ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSR ENOSTR ENOSYS ENOTCONN ENOTDIR ENOTEMPTY ENOTSOCK ENOTSUP ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ESTALE ETIME ETIMEDOUT ETXTBSY EWOULDBLOCK EXDEV';
test('EX-40 every errno of POSIX.1-2001 and C99 can be given', (t) => {
  for (const name of posix.split(' ')) {
    const number = answer(remove(['read'], name), 'read');
    t.true(typeof number === 'number' && number >= 1 && number <= 4095, name);
  }
  t.deepEqual(['EPERM', 'EAGAIN', 'EWOULDBLOCK', 'ENOTSUP', 'EHWPOISON'].map(errnoOf), [1, 11, 11, 95, 133]);
});

test('EX-41 an errno that Linux does not have is refused', (t) => {
  for (const errno of ['EFOO', 'E', 'ERRNO']) {
    t.is(refused(t, 'RKT_SECCOMP_ERRNO_UNKNOWN', () => retain(['read'], errno)).errno, errno);
  }
  refused(t, 'RKT_SECCOMP_ERRNO_UNKNOWN', () => retain(['@appc.io/all'], 'EFOO'));
});

test('EX-45 @appc.io/all masks the rest of a retain-set', (t) => {
  t.is(retain(['read', '@appc.io/all', 'no_such_call']), null);
});

test('EX-45 @appc.io/empty masks the rest of a remove-set and asks for rkt’s filter', (t) => {
  t.deepEqual(remove(['@appc.io/empty', 'read'], 'EPERM'), compile({}));
  t.is(answer(remove(['@appc.io/empty']), 'mount'), 'kill');
});

test('EX-35 special values stand for sets', (t) => {
  t.deepEqual(retain(['@rkt/default-whitelist'], 'EPERM'), retain(['@docker/default-whitelist'], 'EPERM'));
  t.is(answer(retain(['@rkt/default-whitelist']), 'clone3'), ENOSYS);
  t.is(answer(remove(['@docker/default-blacklist'], 'EPERM'), 'kexec_load'), EPERM);
  t.is(answer(remove(['@rkt/default-blacklist'], 'EPERM'), 'read'), 'allow');
  t.is(answer(retain(['@systemd/clock', 'read'], 'EPERM'), 'clock_settime'), 'allow');
  t.is(answer(retain(['@systemd/default-whitelist'], 'EPERM'), 'brk'), 'allow');
});

test('EX-35 the groups that rkt knew of systemd exist, and all are of system calls', (t) => {
  for (const name of 'clock mount network-io obsolete privileged process raw-io'.split(' ')) {
    t.true((expandSpecial(`@systemd/${name}`, []) ?? []).length > 0, name);
  }
  for (const name of Object.keys(SYSTEMD_GROUPS)) {
    for (const syscall of expandSpecial(`@systemd/${name}`, []) ?? []) t.true(isSyscall(syscall), syscall);
  }
  t.true(expandSpecial('@systemd/privileged', [])?.includes('reboot'));
});

test('EX-35 a special value that means nothing there is refused', (t) => {
  for (const name of [
    '@appc.io/empty',
    '@appc.io/none',
    '@rkt/x',
    '@systemd/nothing',
    '@systemd/constructor',
    '@x/y',
  ]) {
    t.is(refused(t, 'RKT_SECCOMP_SET_UNKNOWN', () => retain([name]), name).name, name);
  }
  refused(t, 'RKT_SECCOMP_SET_UNKNOWN', () => remove(['@appc.io/all']));
});

test('EX-37 a mistyped call is refused and not left open', (t) => {
  t.is(refused(t, 'RKT_SECCOMP_SYSCALL_UNKNOWN', () => remove(['rebot'])).name, 'rebot');
  refused(t, 'RKT_SECCOMP_SYSCALL_UNKNOWN', () => retain(['constructor']));
});

test('EX-43 every filter fits the contract, and no call has two rules without a condition', (t) => {
  const filters = [
    compile({}),
    compile({}, CAPABILITIES),
    retain(['@rkt/default-whitelist', 'clone3']),
    remove(['@systemd/mount']),
  ];
  for (const filter of filters) {
    t.true(seccompFilter.safeParse(filter).success);
    const names = filter?.rules.flatMap(({syscalls, args}) => (args === undefined ? syscalls : [])) ?? [];
    t.is(new Set(names).size, names.length);
    const checked = filter?.rules.flatMap(({syscalls, args}) => (args === undefined ? [] : syscalls)) ?? [];
    t.false(checked.some((name) => names.includes(name)));
    t.true(names.every((name) => isSyscall(name)));
  }
});
