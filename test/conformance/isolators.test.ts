import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {cgroupValues} from '../helpers/cgroup.ts';
import {flavor, openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';

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

seccompTest('EX-43 the operator can lift the filter, but for the one that guards the terminal', async (t) => {
  const without = await host.sh(PROBE, {global: ['--insecure-options=seccomp']});
  const {Seccomp, Seccomp_filters} = parseProbe(without.stdout).status;
  // Not to be lifted: that for leases (S10), and in fly, where an app may share the caller's terminal, that for terminals (S30).
  t.deepEqual([Seccomp, Seccomp_filters], ['2', flavor === 'fly' ? '2' : '1']);
});

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

testIf(lacksPods('cgroup/cpuset', 'cgroup/hugetlb'))(
  'EX-51 processors, memory nodes and huge pages are as asked for, for what enters too, and verified',
  async (t) => {
    const list = (name: string) => new RegExp(`^${name}_allowed_list:\\s*(.*)$`, 'm');
    const own = list('Cpus').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    const last = /\d+$/.exec(own)?.[0] ?? '';
    const pod = await host.start('echo ready; cat', {
      app: [`--cpuset-cpus=${last}`, '--cpuset-mems=0', '--hugepages=2Mi=4Mi'],
    });
    const app = await appOf(pod);
    const entered = await host.rkt(['enter', pod.uuid, '/bin/cat', '/proc/self/status']);
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    const pages = cgroupValues(app, 'hugetlb', ['hugetlb.2MB.limit_in_bytes', 'hugetlb.2MB.max']);
    const status = readFileSync(`/proc/${app}/status`, 'utf8');
    const file = cgroupValues(app, 'cpuset', ['cpuset.cpus'])[0]?.file ?? '';
    writeFileSync(file, own);
    const lifted = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    await pod.end();
    t.is(verified.exitCode, 0, verified.stderr);
    for (const text of [status, entered.stdout]) {
      t.is(list('Cpus').exec(text)?.[1], last);
      t.is(list('Mems').exec(text)?.[1], '0');
    }
    t.true(pages.some(({value}) => value === String(4 * 2 ** 20)));
    if (own !== last) t.is(lifted.error?.code, 'RKT_VERIFY_FAILED');
  },
);

testIf(lacksPods('cgroup/cpuset'))(
  'EX-51 a processor that the host has not is refused, and nothing is left',
  async (t) => {
    const {exitCode, error} = await host.sh('true', {app: ['--cpuset-cpus=8000']});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_CGROUP_LIMIT_NOT_HELD']);
    t.is(error?.fields.wanted, '8000');
  },
);

for (const [row, isolator, module, value] of [
  ['EX-46', 'os/linux/selinux-context', 'selinux', {user: 'u', role: 'r', type: 't', level: 's0'}],
  ['EX-47', 'os/linux/apparmor-profile', 'apparmor', {profile: 'no-such-profile'}],
] as const)
  testIf(lacks(`lsm/${module}`) === undefined ? `this host has ${module}` : lacksPods())(
    `${row} EX-33 ${isolator} is refused where it cannot be had, never ignored in silence`,
    async (t) => {
      const refused = await inside('echo ran', [isolator, value]);
      t.deepEqual([refused.exitCode, refused.error?.code, refused.stdout], [254, 'RKT_FLAVOR_CANNOT', '']);
    },
  );

/** The process whose limits are the app's. */
const appOf = ({pid, uuid}: {pid: number; uuid: string}) =>
  flavor === 'fly' ? Promise.resolve(pid) : appProcess(uuid, 'test');

/** The strictest of the values that hold for a process, in its cgroup and those above. */
const strictest = (values: readonly {readonly value: string}[]) =>
  Math.min(...values.map(({value}) => (value === 'max' ? Number.POSITIVE_INFINITY : Number(value))));

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
