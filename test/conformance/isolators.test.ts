import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {cgroupValues, diskLimits} from '../helpers/cgroup.ts';
import {flavor, openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {PROBE, type Probe, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* appc, "Isolators": EX-31 to EX-57, as far as fly has them. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());
const seccompTest = testIf(lacksPods('seccomp'));

const withIsolators = (...isolators: readonly (readonly [name: string, value: unknown])[]): ImageSpec => ({
  app: {isolators: isolators.map(([name, value]) => ({name, value}))},
});
const inside = (script: string, ...isolators: readonly (readonly [string, unknown])[]) =>
  host.sh(script, {image: withIsolators(...isolators), pod: accepting(isolators)});
/** An image may only narrow the defaults, unless the operator accepts more. */
const accepting = (isolators: readonly (readonly [string, unknown])[]) =>
  isolators.filter(([name]) => name.startsWith('os/linux/')).map(([name]) => `--accept-image=${name}`);
const probe = async (...isolators: readonly (readonly [string, unknown])[]) =>
  parseProbe((await inside(PROBE, ...isolators)).stdout);

/** Bits of the 14 capabilities that appc gives by default. */
const DEFAULT = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'KILL',
  'MKNOD',
  'NET_RAW',
  'NET_BIND_SERVICE',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'SETFCAP',
  'SYS_CHROOT',
] as const;
const BITS = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  MKNOD: 27,
  AUDIT_WRITE: 29,
  SETFCAP: 31,
  NET_ADMIN: 12,
  SYS_ADMIN: 21,
} as const;
const mask = (...names: readonly (keyof typeof BITS)[]) =>
  names
    .reduce((bits, name) => bits | (1n << BigInt(BITS[name])), 0n)
    .toString(16)
    .padStart(16, '0');

/** Of an app for which nobody has asked for anything. */
let shared: Promise<Probe> | undefined;
const plain = () => {
  shared ??= probe();
  return shared;
};

kernelTest('EX-48 an app has the 14 capabilities of the specification', async (t) => {
  const {status} = await plain();
  const bits = mask(...DEFAULT);
  t.deepEqual(
    [status.CapInh, status.CapPrm, status.CapEff, status.CapBnd, status.CapAmb],
    [mask(), bits, bits, bits, mask()],
  );
});

kernelTest('EX-48 a remove-set subtracts, and one that removes nothing of the default changes nothing', async (t) => {
  const {status} = await probe([
    'os/linux/capabilities-remove-set',
    {set: ['CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']},
  ]);
  t.is(status.CapBnd, mask(...DEFAULT.filter((name) => name !== 'MKNOD' && name !== 'NET_RAW')));
  t.is(status.CapEff, status.CapBnd);
});

kernelTest('EX-48 a retain-set is all there is', async (t) => {
  const {status} = await probe(['os/linux/capabilities-retain-set', {set: ['CAP_NET_ADMIN', 'CAP_CHOWN']}]);
  t.is(status.CapBnd, mask('NET_ADMIN', 'CHOWN'));
  t.is(status.CapPrm, mask('NET_ADMIN', 'CHOWN'));
});

kernelTest('EX-48 flags of the operator replace the isolator of the image', async (t) => {
  const image = withIsolators(['os/linux/capabilities-retain-set', {set: ['CAP_NET_ADMIN']}]);
  const retained = await host.sh(PROBE, {image, app: ['--caps-retain=CAP_CHOWN']});
  t.is(parseProbe(retained.stdout).status.CapBnd, mask('CHOWN'));
  const removed = await host.sh(PROBE, {image, app: ['--caps-remove=CAP_CHOWN']});
  t.is(parseProbe(removed.stdout).status.CapBnd, mask(...DEFAULT.filter((name) => name !== 'CHOWN')));
});

kernelTest('EX-48 retain and remove exclude each other', async (t) => {
  const both = [
    ['os/linux/capabilities-retain-set', {set: ['CAP_CHOWN']}],
    ['os/linux/capabilities-remove-set', {set: ['CAP_CHOWN']}],
  ] as const;
  await t.throwsAsync(inside('true', ...both), {message: /code: RKT_IMAGE_MANIFEST_INVALID/});
  const {exitCode, error} = await host.sh('true', {app: ['--caps-retain=CAP_CHOWN', '--caps-remove=CAP_CHOWN']});
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_FLAG_CONFLICT');
});

kernelTest('EX-48 an app of another user has the capabilities it may have as ambient ones, or none', async (t) => {
  const plain = parseProbe((await host.sh(PROBE, {image: {app: {user: '12', group: '34'}}})).stdout);
  t.is(plain.status.CapEff, mask());
  t.is(plain.status.CapInh, mask());
  t.is(plain.status.CapBnd, mask(...DEFAULT));
});

kernelTest('EX-49 no-new-privileges is set and inherited', async (t) => {
  const script = 'grep NoNewPrivs /proc/self/status; sh -c "grep NoNewPrivs /proc/self/status"';
  const {stdout, stderr} = await inside(script, ['os/linux/no-new-privileges', true]);
  t.is(stdout, 'NoNewPrivs:\t1\nNoNewPrivs:\t1\n', stderr);
});

seccompTest('EX-37 EX-39 a remove-set blocks what it lists, by SIGSYS when it names no errno', async (t) => {
  const script = 'mkdir /tmp/a; echo $?; chmod 700 /tmp; echo $?';
  const {stdout} = await inside(script, ['os/linux/seccomp-remove-set', {set: ['mkdir', 'mkdirat']}]);
  t.is(stdout, `${128 + 31}\n0\n`);
});

seccompTest('EX-37 EX-40 a remove-set fails what it lists with its errno', async (t) => {
  for (const [errno, text] of [
    ['EXDEV', /cross-device/i],
    ['ENOTSUP', /not supported/i],
    ['EOWNERDEAD', /owner died/i],
  ] as const) {
    const {stdout, stderr} = await inside('mkdir /tmp/a; echo $?', [
      'os/linux/seccomp-remove-set',
      {set: ['mkdir', 'mkdirat'], errno},
    ]);
    t.is(stdout, '1\n');
    t.regex(stderr, text);
  }
});

seccompTest('EX-38 a retain-set blocks what it does not list', async (t) => {
  const {stdout, stderr} = await inside('mkdir /tmp/a; echo $?; echo still here', [
    'os/linux/seccomp-retain-set',
    {set: [...SHELL_CALLS], errno: 'EPERM'},
  ]);
  t.is(stdout, '1\nstill here\n');
  t.regex(stderr, /not permitted/);
});

seccompTest('EX-38 EX-39 a retain-set kills by SIGSYS when it names no errno', async (t) => {
  const {stdout} = await inside('mkdir /tmp/a; echo $?; echo still here', [
    'os/linux/seccomp-retain-set',
    {set: [...SHELL_CALLS]},
  ]);
  t.is(stdout, `${128 + 31}\nstill here\n`);
});

seccompTest('EX-42 two sets of a kind, or one of both kinds, are refused', async (t) => {
  const remove = ['os/linux/seccomp-remove-set', {set: ['mkdir']}] as const;
  const retain = ['os/linux/seccomp-retain-set', {set: ['mkdir']}] as const;
  for (const sets of [
    [remove, retain],
    [remove, remove],
    [retain, retain],
  ]) {
    await t.throwsAsync(inside('true', ...sets), {message: /code: RKT_IMAGE_MANIFEST_INVALID/});
  }
});

seccompTest('EX-43 without an isolator an app has a filter that blocks what endangers the host', async (t) => {
  const {status} = await plain();
  t.is(status.Seccomp, '2');
  // A user namespace takes no capability and opens much of the kernel.
  t.not((await host.sh('unshare -U true')).exitCode, 0);
  const without = await host.sh(PROBE, {global: ['--insecure-options=seccomp']});
  const {Seccomp, Seccomp_filters} = parseProbe(without.stdout).status;
  // Not to be lifted: that for leases (S10), and in fly, where an app may share the caller's terminal, that for terminals (S30).
  t.deepEqual([Seccomp, Seccomp_filters], ['2', flavor === 'fly' ? '2' : '1']);
});

seccompTest(
  'EX-35 EX-45 @appc.io/empty in a remove-set removes nothing, @appc.io/all in a retain-set keeps all',
  async (t) => {
    const removed = await inside('mkdir /tmp/a && echo made', [
      'os/linux/seccomp-remove-set',
      {set: ['@appc.io/empty', 'mkdir', 'mkdirat']},
    ]);
    t.is(removed.stdout, 'made\n');
    const retained = await inside('mkdir /tmp/a && echo made', [
      'os/linux/seccomp-retain-set',
      {set: ['@appc.io/all', 'read']},
    ]);
    t.is(retained.stdout, 'made\n');
  },
);

seccompTest('EX-35 EX-36 an unknown special set and an empty set are refused', async (t) => {
  await t.throwsAsync(inside('true', ['os/linux/seccomp-retain-set', {set: []}]), {
    message: /code: RKT_IMAGE_MANIFEST_INVALID/,
  });
  const {exitCode, error} = await host.sh('true', {app: ['--seccomp=mode=remove,@example.com/no-such-set']});
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_SECCOMP_SET_UNKNOWN');
});

kernelTest('EX-33 status tells which isolators were enforced and which ignored', async (t) => {
  const pod = await host.start('echo ready; cat', {
    manifest: host.manifest(
      await host.fetch(),
      {
        app: {
          ...{exec: ['/bin/sh', '-c', 'echo ready; cat'], user: '0', group: '0'},
          isolators: [
            {name: 'os/linux/no-new-privileges', value: true},
            {name: 'example.com/unknown', value: {a: 1}},
          ],
        },
      },
      {isolators: [{name: 'os/unix/sysctl', value: {'net.ipv4.ip_forward': '1'}}]},
    ),
    pod: ['--allow-degraded=os/unix/sysctl,example.com/unknown'],
  });
  const {stdout, exitCode} = await host.rkt(['status', pod.uuid, '--format=json']);
  await pod.end();
  t.is(exitCode, 0);
  const {enforcement} = JSON.parse(stdout) as {enforcement: {name: string; verdict: string}[]};
  for (const [name, verdict] of [
    ['os/linux/no-new-privileges', 'enforced'],
    ['os/unix/sysctl', 'ignored'],
    ['example.com/unknown', 'ignored'],
    ['os/linux/capabilities-retain-set', 'enforced'],
  ] as const) {
    t.is(enforcement.find((entry) => entry.name === name)?.verdict, verdict, name);
  }
});

testIf(lacksPods('cgroup/memory', 'cgroup/cpu', 'cgroup/pids'))(
  'EX-33 status --verify finds what the report promises in the kernel',
  async (t) => {
    const pod = await host.start('echo ready; cat', {
      image: withIsolators(
        ['resource/memory', {limit: '64M'}],
        ['resource/cpu', {limit: '500m'}],
        ['resource/pids', {limit: '50'}],
      ),
      app: ['--oom-score-adj=100', '--readonly-rootfs'],
    });
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    await pod.end();
    t.is(verified.exitCode, 0, verified.stderr);
  },
);

testIf(lacksPods('cgroup/memory'))('EX-33 status --verify sees a limit that was lifted behind its back', async (t) => {
  const pod = await host.start('echo ready; cat', {image: withIsolators(['resource/memory', {limit: '64M'}])});
  const file = cgroupValues(await appOf(pod), 'memory', ['memory.limit_in_bytes', 'memory.max'])[0]?.file ?? '';
  writeFileSync(file, String(128 * 2 ** 20));
  const {exitCode, error} = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  await pod.end();
  t.not(exitCode, 0);
  t.is(error?.code, 'RKT_VERIFY_FAILED');
});

/** The process whose limits are the app's. */
const appOf = ({pid, uuid}: {pid: number; uuid: string}) =>
  flavor === 'fly' ? Promise.resolve(pid) : appProcess(uuid, 'test');

/** The strictest of the values that hold for a process, in its cgroup and those above. */
const strictest = (values: readonly {readonly value: string}[]) =>
  Math.min(...values.map(({value}) => (value === 'max' ? Number.POSITIVE_INFINITY : Number(value))));

testIf(lacksPods('cgroup/memory'))('EX-51 EX-57 EX-52 memory beyond the limit is not to be had', async (t) => {
  const script = 'head -c 67108864 /dev/zero | tail -c 67108864 | wc -c';
  t.is((await host.sh(script)).stdout.trim(), '67108864');
  t.is((await inside(script, ['resource/memory', {limit: '32Mi'}])).stdout.trim(), '0');
  t.is((await host.sh(script, {app: ['--memory=32Mi']})).stdout.trim(), '0');
});

for (const [quantity, bytes] of [
  ['64M', 64e6],
  ['64Mi', 64 * 2 ** 20],
  ['0.5Gi', 2 ** 29],
  ['100000000', 1e8],
] as const) {
  testIf(lacksPods('cgroup/memory'))(`EX-52 ${quantity} of memory are ${bytes} bytes`, async (t) => {
    const pod = await host.start('echo ready; cat', {
      image: withIsolators(['resource/memory', {limit: quantity}]),
    });
    const limit = strictest(cgroupValues(await appOf(pod), 'memory', ['memory.limit_in_bytes', 'memory.max']));
    await pod.end();
    // The kernel keeps whole pages.
    t.is(limit, Math.floor(bytes / 4096) * 4096);
  });
}

testIf(lacksPods('cgroup/cpu'))('EX-56 EX-51 an app beyond its share of the processor is throttled', async (t) => {
  // So little that other load on the machine does not hide the limit.
  const pod = await host.start('while :; do :; done >/dev/null 2>&1 & echo ready; cat; kill $!', {
    image: withIsolators(['resource/cpu', {limit: '10m'}]),
  });
  const app = await appOf(pod);
  const stat = () => cgroupValues(app, 'cpu', ['cpu.stat'])[0]?.value ?? '';
  const throttled = () => Number(/^nr_throttled (\d+)/m.exec(stat())?.[1] ?? 0);
  await t.notThrowsAsync(until(() => throttled() > 0));
  pod.child.stdin?.end();
  t.is((await pod.ended).exitCode, 0);
});

testIf(lacksPods('cgroup/memory', 'cgroup/cpu'))('EX-31 the isolators of a pod bound those of its apps', async (t) => {
  const isolators = (limit: string) => [{name: 'resource/memory', value: {limit}}];
  const app = {exec: ['/bin/sh', '-c', 'echo ready; cat'], user: '0', group: '0', isolators: isolators('128Mi')};
  const manifest = host.manifest(await host.fetch(), {app}, {isolators: isolators('64Mi')});
  const pod = await host.start('', {manifest});
  const limit = strictest(cgroupValues(await appOf(pod), 'memory', ['memory.limit_in_bytes', 'memory.max']));
  await pod.end();
  t.is(limit, 64 * 2 ** 20);
});

testIf(lacksPods('cgroup/cpu'))(
  'EX-50 a request without a limit does not throttle, and a limit alone is its own request',
  async (t) => {
    const limitsOf = async (value: unknown) => {
      const {stdout, stderr} = await host.rkt([
        ...['--format=json', '--insecure-options=image', 'plan', '--stage1=fly'],
        buildImage(withIsolators(['resource/cpu', value])),
      ]);
      t.is(stderr, '');
      const {plan} = JSON.parse(stdout) as {plan: {environment: {do: string; limits?: Record<string, number>}[]}};
      return plan.environment.find((step) => step.do === 'cgroup')?.limits;
    };
    const limited = await limitsOf({limit: '500m'});
    t.is(limited?.cpuMax, 500);
    const both = await limitsOf({request: '250m', limit: '500m'});
    t.is(both?.cpuMax, 500);
    t.true((both?.cpuShares ?? 0) <= (limited?.cpuShares ?? 0));
  },
);

testIf(lacksPods() ?? (lacks('cgroup/blkio') && lacks('cgroup/io')))(
  'EX-53 what an app reads and writes of disks is limited',
  async (t) => {
    const pod = await host.start('echo ready; cat', {
      image: withIsolators(
        ['resource/block-bandwidth', {default: true, limit: '2Mi'}],
        ['resource/block-iops', {default: true, limit: '300'}],
      ),
    });
    const limits = (['bps', 'iops'] as const).flatMap((unit) =>
      (['read', 'write'] as const).map((way) => diskLimits(pod.pid, way, unit).find((value) => value !== 'none')),
    );
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    await pod.end();
    t.deepEqual(limits, [`${2 * 2 ** 20}`, `${2 * 2 ** 20}`, '300', '300']);
    t.is(verified.exitCode, 0, verified.stderr);
  },
);

testIf(lacksPods('cgroup/pids'))('EX-51 tasks beyond the limit are not to be had', async (t) => {
  // They wait for a writer that never comes, and end with the shell.
  const script = `
    mkfifo /tmp/never
    trap 'kill $pids' EXIT
    for i in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/never & pids="$pids $!"; done
    echo not reached`;
  const {stdout, stderr} = await inside(script, ['resource/pids', {limit: '5'}]);
  t.false(stdout.includes('not reached'));
  t.regex(stderr, /fork/);
});

kernelTest('EX-32 EX-33 resource limits of the process are as asked for', async (t) => {
  const {limits} = await probe(['os/unix/rlimits', {nofile: {soft: '128', hard: '256'}, core: {soft: '0', hard: '0'}}]);
  t.deepEqual(limits['Max open files'], ['128', '256']);
  t.deepEqual(limits['Max core file size'], ['0', '0']);
});

kernelTest('EX-33 oom-score-adj is as asked for', async (t) => {
  t.is((await probe(['os/linux/oom-score-adj', 123])).oomScoreAdj, '123');
  t.is(parseProbe((await host.sh(PROBE, {app: ['--oom-score-adj=321']})).stdout).oomScoreAdj, '321');
});

testIf(lacks('capability/24') === undefined ? 'CAP_SYS_RESOURCE is there' : lacksPods())(
  'EX-33 a limit above what rkt itself may have is refused, not cut',
  async (t) => {
    const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    const image = withIsolators(['os/unix/rlimits', {nofile: {soft: '64', hard: String(hard + 1)}}]);
    const pod = ['--accept-image=os/unix/rlimits'];
    const {exitCode, error} = await host.sh('true', {image, pod});
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_FLAVOR_CANNOT');
    const allowed = await host.sh('ulimit -Hn', {image, pod: [...pod, '--allow-degraded=os/unix/rlimits']});
    t.is(allowed.stdout, `${hard}\n`);
  },
);

/** What busybox's shell needs to print, fork, execute and wait, on either architecture. */
const SHELL_CALLS = [
  ...['access', 'arch_prctl', 'brk', 'clone', 'clone3', 'close', 'dup', 'dup2', 'dup3', 'execve', 'exit', 'exit_group'],
  ...[
    'faccessat',
    'faccessat2',
    'fcntl',
    'fork',
    'fstat',
    'fstatfs',
    'futex',
    'getcwd',
    'getegid',
    'geteuid',
    'getgid',
  ],
  ...['getpgrp', 'getpid', 'getppid', 'getrandom', 'getrlimit', 'gettid', 'getuid', 'ioctl', 'kill', 'lseek', 'lstat'],
  ...[
    'madvise',
    'mmap',
    'mprotect',
    'munmap',
    'newfstatat',
    'open',
    'openat',
    'pipe',
    'pipe2',
    'poll',
    'ppoll',
    'prctl',
  ],
  ...[
    'prlimit64',
    'read',
    'readlink',
    'readlinkat',
    'rseq',
    'rt_sigaction',
    'rt_sigprocmask',
    'rt_sigreturn',
    'sendfile',
  ],
  ...[
    'set_robust_list',
    'set_tid_address',
    'setgid',
    'setuid',
    'sigaltstack',
    'stat',
    'statx',
    'tgkill',
    'time',
    'umask',
  ],
  ...['uname', 'vfork', 'wait4', 'waitid', 'write', 'writev'],
] as const;
