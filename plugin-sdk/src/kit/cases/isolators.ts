import {strict as assert} from 'node:assert';
import type {Case} from '../case.ts';
import {cgroupValues, diskLimits} from '../cgroup.ts';
import {ends, expectEnd, STAYS, stays, verify, withPod} from '../forms.ts';
import {processesOf, processOf, read} from '../outside.ts';
import type {Probe} from '../probe.ts';
import {until} from '../until.ts';
import {hasOwnKernel, type PodSpec, type Started, type World} from '../world.ts';
import {SHELL_CALLS} from './shell-calls.ts';

/* appc, "Isolators": EX-31 to EX-57. */

/** Numbers of the capabilities that are looked for. */
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
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  MKNOD: 27,
  AUDIT_WRITE: 29,
  SETFCAP: 31,
} as const;
type Name = keyof typeof BITS;
/** What appc gives by default; on a host where nothing keeps a pod from the host's devices, no app makes nodes of them (S29). */
const defaults = ({has}: Pick<World, 'has'>): Name[] =>
  (Object.keys(BITS) as Name[]).filter((name) => name !== 'NET_ADMIN' && (name !== 'MKNOD' || has('devices/policy')));
const mask = (...names: readonly Name[]): string =>
  names
    .reduce((bits, name) => bits | (1n << BigInt(BITS[name])), 0n)
    .toString(16)
    .padStart(16, '0');

const RETAIN = 'os/linux/capabilities-retain-set';
const REMOVE = 'os/linux/capabilities-remove-set';
const KEEP = 'os/linux/seccomp-retain-set';
const BLOCK = 'os/linux/seccomp-remove-set';

/** What a process has, and what a program could get that it starts: of root the bounding set with what is inheritable, unless nothing gets more. */
const sets = ({CapPrm, CapEff, CapBnd, CapInh, NoNewPrivs}: Probe['status']): string[] => {
  const bits = (text = '') => BigInt(`0x${text}`);
  const reachable = NoNewPrivs === '1' ? bits(CapPrm) : bits(CapBnd) | bits(CapInh);
  return [CapPrm ?? '', CapEff ?? '', reachable.toString(16).padStart(16, '0')];
};

/** An image may only narrow the defaults, unless the operator accepts more. */
const ofImage = (name: string, value: unknown): PodSpec => ({
  image: {app: {isolators: [{name, value}]}},
  pod: [`--accept-image=${name}`],
});

const capabilities: readonly Case[] = [
  stays(
    'EX-48/default',
    'an app has the 14 capabilities of the specification, and a user that is not root has none of them',
    [RETAIN],
    {script: 'true'},
    ({status}, {world}) => {
      const bits = mask(...defaults(world));
      assert.deepEqual(sets(status), [bits, bits, bits]);
      // What comes to the same has its consequence.
      if (world.promised(RETAIN).level === 'equivalent') return;
      assert.deepEqual(
        [status.CapInh, status.CapPrm, status.CapEff, status.CapBnd, status.CapAmb],
        [mask(), bits, bits, bits, mask()],
      );
    },
  ),
  stays(
    'EX-48/user',
    'an app of another user has no capability',
    [RETAIN, 'user'],
    {app: ['--user=12', '--group=34']},
    ({status}, {world}) =>
      assert.deepEqual([status.CapEff, status.CapInh, status.CapBnd], [mask(), mask(), mask(...defaults(world))]),
  ),
  stays(
    'EX-48/remove',
    'a remove-set subtracts, and what is not of the default changes nothing',
    [REMOVE],
    ofImage(REMOVE, {set: ['CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']}),
    ({status}, {world}) => {
      const bits = mask(...defaults(world).filter((name) => name !== 'MKNOD' && name !== 'NET_RAW'));
      assert.deepEqual(sets(status), [bits, bits, bits]);
    },
  ),
  stays(
    'EX-48/retain',
    'a retain-set is all there is',
    [RETAIN],
    ofImage(RETAIN, {set: ['CAP_NET_ADMIN', 'CAP_CHOWN']}),
    ({status}) => {
      const bits = mask('NET_ADMIN', 'CHOWN');
      assert.deepEqual(sets(status), [bits, bits, bits]);
    },
  ),
  {
    ...stays(
      'EX-48/flag',
      'flags of the operator replace the isolator of the image',
      [RETAIN, REMOVE],
      {image: {app: {isolators: [{name: RETAIN, value: {set: ['CAP_NET_ADMIN']}}]}}, app: ['--caps-remove=CAP_CHOWN']},
      ({status}, {world}) => {
        const bits = mask(...defaults(world).filter((name) => name !== 'CHOWN'));
        assert.deepEqual(sets(status), [bits, bits, bits]);
      },
    ),
  },
  ends(
    'EX-48/denied',
    'what is not retained is not to be had',
    [RETAIN],
    {
      script:
        'chown 1:1 /tmp 2>/dev/null || echo no; mknod /tmp/zero c 1 5 2>/dev/null || echo no; chmod 700 /root && echo yes',
      app: ['--caps-retain=CAP_NET_ADMIN'],
    },
    {stdout: 'no\nno\nyes\n'},
  ),
  stays(
    'EX-49/set',
    'no-new-privileges is set and inherited',
    ['os/linux/no-new-privileges'],
    {...ofImage('os/linux/no-new-privileges', true), script: 'sh -c "grep NoNewPrivs /proc/self/status"'},
    ({status}, {printed}) => assert.deepEqual([status.NoNewPrivs, printed], ['1', 'NoNewPrivs:\t1\n']),
  ),
  stays(
    'EX-49/not-asked',
    "without it, an app has no-new-privileges only if rkt's caller has",
    ['os/linux/no-new-privileges'],
    {},
    ({status}, {world}) => {
      const [, own] =
        /^NoNewPrivs:\s*(\d)$/m.exec(hasOwnKernel(world) ? 'NoNewPrivs: 0' : read('/proc/self/status')) ?? [];
      // There are launchers that always set it: who says so calls it equivalent.
      if (world.promised('os/linux/no-new-privileges').level === 'enforced') assert.equal(status.NoNewPrivs, own);
    },
  ),
];

const MAKES = 'mkdir /tmp/a 2>&1; echo $?; chmod 700 /tmp; echo $?';

const filters: readonly Case[] = [
  stays(
    'EX-37/kills',
    'EX-39: a remove-set blocks what it lists, by SIGSYS when it names no errno, and nothing else',
    [BLOCK],
    {...ofImage(BLOCK, {set: ['mkdir', 'mkdirat']}), script: MAKES.replace(' 2>&1', ' 2>/dev/null')},
    (_probe, {printed}) => assert.equal(printed.replace(/^Bad system call.*\n/m, ''), `${128 + 31}\n0\n`),
  ),
  ...(
    [
      ['EXDEV', /cross-device/i],
      ['ENOTSUP', /not supported/i],
      ['EOWNERDEAD', /owner died/i],
    ] as const
  ).map(([errno, text]) =>
    stays(
      `EX-40/${errno}`,
      `EX-37: a remove-set fails what it lists with ${errno}`,
      [BLOCK],
      {...ofImage(BLOCK, {set: ['mkdir', 'mkdirat'], errno}), script: MAKES},
      (_probe, {printed}) => {
        assert.match(printed, text);
        assert.match(printed, /\n1\n0\n$/);
      },
    ),
  ),
  ends(
    'EX-38/errno',
    'a retain-set blocks what it does not list',
    [KEEP],
    {...ofImage(KEEP, {set: SHELL_CALLS, errno: 'EPERM'}), script: `${MAKES}; echo still here`},
    {stdout: /not permitted\n1\n0\nstill here\n$/},
  ),
  ends(
    'EX-38/kills',
    'EX-39: a retain-set kills by SIGSYS when it names no errno',
    [KEEP],
    {...ofImage(KEEP, {set: SHELL_CALLS}), script: 'mkdir /tmp/a 2>/dev/null; echo $?; echo still here'},
    {stdout: `${128 + 31}\nstill here\n`},
  ),
  {
    id: 'EX-43/default',
    title: 'without an isolator an app has a filter that blocks what endangers the host, and the operator can lift it',
    needs: [KEEP],
    attempt: async (world) => {
      const script = 'grep ^Seccomp: /proc/self/status; unshare -U true 2>/dev/null && echo made';
      assert.equal((await world.run({script})).stdout, 'Seccomp:\t2\n');
      const lifted = await world.run({
        script: 'unshare -m true && echo made',
        app: ['--caps-retain=CAP_SYS_ADMIN'],
        pod: ['--allow-degraded=processes/closed'],
        global: ['--insecure-options=seccomp'],
      });
      assert.equal(lifted.stdout, 'made\n', lifted.stderr);
    },
  },
  {
    id: 'EX-37/entered',
    title: 'what enters is blocked from what the app is blocked from, and from nothing else',
    needs: [BLOCK, 'enter'],
    attempt: (world) =>
      withPod(
        world,
        {...ofImage(BLOCK, {set: ['mkdir', 'mkdirat'], errno: 'EPERM'}), script: STAYS},
        async ({uuid}) => {
          const {stdout} = await world.enter(uuid, MAKES.replace(' 2>&1', ' 2>/dev/null'));
          assert.equal(stdout, '1\n0\n', 'enter lets pass what the filter of the app blocks, or blocks more');
        },
      ),
  },
  stays('EX-43/verified', 'the filter by default is in the kernel, call by call', [KEEP], {}, () => {}),
  {
    id: 'EX-43/entered',
    title: 'without an isolator, what enters has a filter that blocks what endangers the host, too',
    needs: [KEEP, 'enter'],
    attempt: (world) =>
      withPod(world, {script: STAYS}, async ({uuid}) => {
        const {stdout} = await world.enter(
          uuid,
          'grep ^Seccomp: /proc/self/status; unshare -U true 2>/dev/null && echo made',
        );
        assert.equal(stdout, 'Seccomp:\t2\n', 'enter gives more than run');
      }),
  },
  stays(
    'EX-45/empty',
    'EX-35: @appc.io/empty in a remove-set removes nothing',
    [BLOCK],
    {...ofImage(BLOCK, {set: ['@appc.io/empty', 'mkdir', 'mkdirat']}), script: 'mkdir /tmp/a && echo made'},
    (_probe, {printed}) => assert.equal(printed, 'made\n'),
  ),
  ends(
    'EX-45/all',
    'EX-35: @appc.io/all in a retain-set keeps all',
    [KEEP],
    {...ofImage(KEEP, {set: ['@appc.io/all', 'read']}), script: 'mkdir /tmp/a && echo made'},
    {stdout: 'made\n'},
  ),
];

/** Pods that are looked at from the host, by some of their processes and by `status --verify`. */
const looksAt =
  (pidsOf: (world: World, pod: Started) => readonly number[]) =>
  (id: string, title: string, needs: Case['needs'], spec: PodSpec, look: (pid: number) => void): Case => ({
    id,
    title,
    needs,
    attempt: (world) =>
      withPod(world, {...spec, script: STAYS}, async (pod) => {
        for (const pid of pidsOf(world, pod)) look(pid);
        await verify(world, pod.uuid, needs);
      }),
  });

/** The app, if it is a process of the host: what its machine does for it is only told. */
const shownOutside = looksAt((world, {script}) => (hasOwnKernel(world) ? [] : [processOf(script)]));

/** Whatever the pod is on the host, be it the app itself or the machine that it is in. */
const onHost = looksAt((world, pod) => {
  const pids = processesOf(world, pod);
  assert.ok(pids.length > 0, 'the pod has no process on this host');
  return pids;
});

const allowed = (pid: number | 'self', field: string): string =>
  new RegExp(`^${field}:\\t(.*)$`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? '';
const lastOf = (field: string): string => /\d+$/.exec(allowed('self', field))?.[0] ?? '0';
const [LAST_CPU, LAST_NODE] = [lastOf('Cpus_allowed_list'), lastOf('Mems_allowed_list')];
/** Busy until its own kernel says that it has been throttled. */
const THROTTLED = `mkdir /tmp/cgroup && mount -t cgroup2 cgroup2 /tmp/cgroup || exit
  while :; do :; done & until grep -q '^nr_throttled [1-9]' "/tmp/cgroup$(cut -d: -f3 /proc/self/cgroup)/cpu.stat"; do :; done; kill $!; echo throttled`;

/** They wait for a writer that never comes, and end with the shell. */
const tasks = (count: number): string => `
  mkfifo /tmp/never
  trap 'kill $pids' EXIT
  for i in ${Array.from({length: count}).fill('.').join(' ')}; do cat /tmp/never & pids="$pids $!"; done
  echo not reached`;

/** As a shell has the end by SIGKILL. */
const KILLED = 137;
const EATS = 'head -c 67108864 /dev/zero | tail -c 67108864 | wc -c';

const resources: readonly Case[] = [
  ends(
    'EX-57/without',
    'without a limit, 64 MiB of memory are to be had',
    ['resource/memory'],
    {script: EATS},
    {stdout: /^\s*67108864\n$/},
  ),
  {
    id: 'EX-57/beyond',
    title: 'EX-51: memory beyond the limit is not to be had',
    needs: ['resource/memory'],
    attempt: async (world) => {
      const ended = await world.run({script: `${EATS}; :`, app: ['--memory=32Mi']});
      // While what has eaten it still ends, the kernel may kill the shell, too.
      expectEnd(ended, {status: ended.status === KILLED ? KILLED : 0, stdout: /^\s*0\n$/});
    },
  },
  {
    id: 'EX-31/memory',
    title: "memory beyond the pod's limit is not to be had by an app that has none of its own",
    needs: ['resource/memory'],
    attempt: async (world) => {
      const isolators = [{name: 'resource/memory', value: {limit: '48Mi'}}];
      const ended = await world.run({script: `${EATS}; :`, isolators});
      expectEnd(ended, {status: ended.status === KILLED ? KILLED : 0, stdout: /^\s*0\n$/});
    },
  },
  {
    id: 'EX-31/pids',
    title: "nor are tasks beyond the pod's limit",
    needs: ['resource/pids'],
    attempt: async (world) => {
      const isolators = [{name: 'resource/pids', value: {limit: '30'}}];
      const {stdout, stderr} = await world.run({script: tasks(40), isolators});
      assert.ok(!stdout.includes('not reached'), 'forty tasks where thirty may be');
      assert.match(stderr, /fork/i);
    },
  },
  ends(
    'EX-51/memory-status',
    'an app that is killed for want of memory ends with 137',
    ['resource/memory'],
    // It ends where there is no limit, too: this host has other things to do with its memory.
    {
      script: `mkfifo /tmp/pipe; head -c ${64 * 2 ** 20} /dev/zero >/tmp/pipe & exec tail -c ${64 * 2 ** 20} </tmp/pipe >/dev/null`,
      app: ['--memory=16Mi'],
    },
    {status: KILLED},
  ),
  ...(
    [
      ['64M', 64e6],
      ['64Mi', 64 * 2 ** 20],
      ['0.5Gi', 2 ** 29],
      ['100000000', 1e8],
    ] as const
  ).map(([quantity, bytes]) =>
    shownOutside(
      `EX-52/${quantity}`,
      `${quantity} of memory are ${bytes} bytes in the kernel`,
      ['resource/memory'],
      {image: {app: {isolators: [{name: 'resource/memory', value: {limit: quantity}}]}}},
      (pid) => {
        const values = cgroupValues(pid, 'memory', ['memory.limit_in_bytes', 'memory.max']).map(({value}) => value);
        // The strictest holds, and the kernel keeps whole pages.
        const limits = values.map((value) => (value === 'max' ? Number.POSITIVE_INFINITY : Number(value)));
        assert.equal(Math.min(...limits), Math.floor(bytes / 4096) * 4096);
      },
    ),
  ),
  shownOutside(
    'EX-57/request',
    'memory that an app asks for is kept for it',
    ['resource/memory'],
    ofImage('resource/memory', {request: '32Mi', limit: '64Mi'}),
    (pid) => {
      const kept = cgroupValues(pid, 'memory', ['memory.soft_limit_in_bytes', 'memory.low']).map(({value}) => value);
      assert.ok(kept.includes(String(32 * 2 ** 20)), `kept: ${kept.join(', ')}`);
    },
  ),
  shownOutside(
    'EX-57/swap',
    'an app at its limit of memory swaps nothing, which would be more of it',
    ['resource/memory'],
    {app: ['--memory=64Mi']},
    (pid) => {
      const swaps = cgroupValues(pid, 'memory', ['memory.swappiness', 'memory.swap.max']).map(({value}) => value);
      // A kernel without swap has neither.
      assert.equal(swaps[0] ?? '0', '0');
    },
  ),
  {
    id: 'EX-56/throttled',
    title: 'EX-51: an app beyond its share of the processor is throttled',
    needs: ['resource/cpu'],
    attempt: async (world) => {
      if (hasOwnKernel(world)) {
        const app = ['--cpu=500m', '--caps-retain=CAP_SYS_ADMIN'];
        const ended = await world.run({script: THROTTLED, app, global: ['--insecure-options=seccomp']});
        expectEnd(ended, {stdout: 'throttled\n'});
        return;
      }
      // So little that other load on the machine does not hide the limit.
      await withPod(
        world,
        {script: 'while :; do :; done >/dev/null 2>&1 & echo ready; cat; kill $!', app: ['--cpu=10m']},
        async (pod) => {
          const stat = () => cgroupValues(processOf(pod.script), 'cpu', ['cpu.stat'])[0]?.value ?? '';
          await until('it is throttled', () => Number(/^nr_throttled (\d+)/m.exec(stat())?.[1] ?? 0) > 0);
        },
      );
    },
  },
  stays('EX-56/limit', 'a limit of processor time is in the kernel', ['resource/cpu'], {app: ['--cpu=250m']}, () => {}),
  stays(
    'EX-56/shares',
    'a weight of processor time is in the kernel',
    ['os/linux/cpu-shares'],
    {app: ['--cpu-shares=333']},
    () => {},
  ),
  {
    id: 'EX-51/pids',
    title: 'tasks beyond the limit are not to be had',
    needs: ['resource/pids'],
    attempt: async (world) => {
      const script = tasks(10);
      const {stdout, stderr} = await world.run({script, app: ['--pids=5']});
      assert.ok(!stdout.includes('not reached'), 'ten tasks where five may be');
      assert.match(stderr, /fork/i);
      assert.match((await world.run({script, app: ['--pids=50']})).stdout, /not reached/);
    },
  },
  stays('EX-51/pids-shown', 'a limit of tasks is in the kernel', ['resource/pids'], {app: ['--pids=50']}, () => {}),
  onHost(
    'EX-51/cpus',
    'an app runs on the processors that it was given, and on no other',
    ['os/linux/cpuset-cpus'],
    {app: [`--cpuset-cpus=${LAST_CPU}`]},
    (pid) => assert.equal(allowed(pid, 'Cpus_allowed_list'), LAST_CPU),
  ),
  onHost(
    'EX-51/memory-nodes',
    'an app has memory of the nodes that it was given, and of no other',
    ['os/linux/cpuset-mems'],
    {app: [`--cpuset-mems=${LAST_NODE}`]},
    (pid) => assert.equal(allowed(pid, 'Mems_allowed_list'), LAST_NODE),
  ),
  shownOutside(
    'EX-51/hugepages',
    'huge pages that an app uses or reserves are limited',
    ['resource/hugepages'],
    {app: ['--hugepages=2Mi=4Mi']},
    (pid) => {
      for (const name of ['hugetlb.2MB', 'hugetlb.2MB.rsvd']) {
        const limits = cgroupValues(pid, 'hugetlb', [`${name}.limit_in_bytes`, `${name}.max`]).map(({value}) => value);
        assert.ok(limits.includes(String(4 * 2 ** 20)), `${name}: ${limits.join(', ')}`);
      }
    },
  ),
  onHost(
    'EX-53/disks',
    'what an app reads and writes of disks is limited',
    ['resource/block-bandwidth', 'resource/block-iops'],
    {
      image: {
        app: {
          isolators: [
            {name: 'resource/block-bandwidth', value: {default: true, limit: '2Mi'}},
            {name: 'resource/block-iops', value: {default: true, limit: '300'}},
          ],
        },
      },
    },
    (pid) => {
      const limits = (['bps', 'iops'] as const).flatMap((unit) =>
        (['read', 'write'] as const).map((way) => diskLimits(pid, way, unit).find((value) => value !== 'none')),
      );
      assert.deepEqual(limits, [`${2 * 2 ** 20}`, `${2 * 2 ** 20}`, '300', '300']);
    },
  ),
  stays(
    'EX-32/rlimits',
    'resource limits of the process are as asked for',
    ['os/unix/rlimits'],
    {app: ['--rlimit=nofile=128:256', '--rlimit=core=0:0', '--rlimit=nproc=444']},
    ({limits}) => {
      assert.deepEqual(limits['Max open files'], ['128', '256']);
      assert.deepEqual(limits['Max core file size'], ['0', '0']);
      assert.equal(limits['Max processes']?.[1], '444');
    },
  ),
  stays(
    'EX-32/open-files',
    "who asks for nothing may open 1024 files, and raise that to what rkt's caller may, up to 1048576",
    ['os/unix/rlimits'],
    {},
    ({limits}) => {
      const [, own = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(read('/proc/self/limits')) ?? [];
      const hard = own === 'unlimited' ? 1_048_576 : Math.min(1_048_576, Number(own));
      assert.deepEqual(limits['Max open files'], [String(Math.min(1024, hard)), String(hard)]);
    },
  ),
  stays(
    'EX-33/oom',
    'oom-score-adj is as asked for',
    ['os/linux/oom-score-adj'],
    {app: ['--oom-score-adj=321']},
    ({oomScoreAdj}) => assert.equal(oomScoreAdj, '321'),
  ),
  {
    id: 'EX-55/sysctl',
    title: "a parameter of the kernel is that of the pod's own namespaces, and the host's stays as it is",
    needs: ['os/unix/sysctl', 'run'],
    attempt: async (world) => {
      const file = '/proc/sys/kernel/msgmax';
      const before = read(file);
      const pod = {script: `cat ${file}`, isolators: [{name: 'os/unix/sysctl', value: {'kernel.msgmax': '4444'}}]};
      const {stdout, stderr} = await world.run(pod);
      assert.equal(stdout, '4444\n', stderr);
      assert.equal(read(file), before);
    },
  },
  {
    id: 'EX-33/report',
    title: 'the report names each isolator, and the process of the app is the one that is verified',
    needs: ['run'],
    attempt: (world) =>
      withPod(
        world,
        {script: STAYS, app: world.has('os/linux/oom-score-adj') ? ['--oom-score-adj=77'] : []},
        async (pod) => {
          await verify(world, pod.uuid, ['os/linux/oom-score-adj']);
          if (world.has('os/linux/oom-score-adj') && !hasOwnKernel(world))
            assert.equal(read(`/proc/${processOf(pod.script)}/oom_score_adj`), '77\n');
        },
      ),
  },
];

export const isolatorCases: readonly Case[] = [...capabilities, ...filters, ...resources];
