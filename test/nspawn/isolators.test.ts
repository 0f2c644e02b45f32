import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {cgroupValues, diskLimits} from '../helpers/cgroup.ts';
import {openHost} from '../helpers/host.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {appProcess, runApps, runningApp} from '../helpers/nspawn.ts';
import {parseStatus} from '../helpers/proc.ts';
import type {Result} from '../helpers/result.ts';
import {serialTestIf as testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';
import {STAY} from './support/scripts.ts';

/* Isolators in pods of two apps: each has its own, both have the pod's, all as the kernel says. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
const limitsTest = testIf(lacksPods('program/systemd-nspawn', 'cgroup/memory', 'cgroup/cpu', 'cgroup/pids'));

const MEBIBYTE = 2 ** 20;
let started = 0;

/** A running pod of the apps `a` and `b`; both print `ready`, which their scripts must do. */
const startTwo = async (a: readonly string[], b: readonly string[], {scripts = [IDLE, IDLE], pod = []}: Two = {}) => {
  const file = path.join(host.directory, `two-${++started}`);
  const ended = host.rkt(
    runApps(
      [`--uuid-file-save=${file}`, ...pod],
      {name: 'a', script: scripts[0], flags: [...a, '--stdout=log']},
      {name: 'b', script: scripts[1], flags: [...b, '--stdout=log']},
    ),
    {timeout: 0},
  );
  return {...(await whenReady(file, ended)), ended};
};
interface Two {
  readonly scripts?: readonly [string, string];
  readonly pod?: readonly string[];
}
const IDLE = `echo ready; ${STAY}`;

const stopper = (uuid: string, ended: Promise<Result>) => async () => {
  const {exitCode, stderr} = await host.rkt(['stop', '--force', uuid]);
  if (exitCode !== 0) throw new Error(`rkt stop ended with ${exitCode}: ${stderr}`);
  await ended;
};

const whenReady = async (file: string, ended: Promise<Result>) => {
  const uuid = await savedUuid(file, ended);
  const log = (app: string) => path.join(host.data, `pods/run/${uuid}/stage1/rootfs/rkt/logs/${app}.stdout`);
  const output = (app: string) => (existsSync(log(app)) ? readFileSync(log(app), 'utf8') : '');
  await untilOrEnd(ended, () => ['a', 'b'].every((app) => output(app).startsWith('ready\n')));
  return {
    uuid,
    pid: {a: await appProcess(uuid, 'a'), b: await appProcess(uuid, 'b')},
    output,
    stop: stopper(uuid, ended),
  };
};

const statusOf = (pid: number) => parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
const limitsOf = (pid: number, name: string) =>
  new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.slice(1);
const innermost = (pid: number, controller: string, files: readonly [string, string?]) =>
  cgroupValues(pid, controller, files)[0]?.value;
const strictest = (pid: number, controller: string, files: readonly [string, string?]) =>
  Math.min(
    ...cgroupValues(pid, controller, files).map(({value}) =>
      value === 'max' ? Number.POSITIVE_INFINITY : Number(value),
    ),
  );
const MEMORY = ['memory.limit_in_bytes', 'memory.max'] as const;
const SWITCHED = {a: 1n << 0n, b: 1n << 12n} as const;

kernelTest('EX-48 EX-49 EX-43 apps of a pod differ in capabilities, no-new-privileges and filter', async (t) => {
  const pod = await startTwo(
    ['--caps-retain=CAP_CHOWN', '--seccomp=mode=retain,errno=EPERM,@rkt/default-whitelist'],
    ['--caps-retain=CAP_NET_ADMIN', '--user=12', '--group=34'],
  );
  const [a, b] = [statusOf(pod.pid.a), statusOf(pod.pid.b)];
  await pod.stop();
  t.is(BigInt(`0x${a.CapBnd}`), SWITCHED.a);
  t.is(BigInt(`0x${a.CapEff}`), SWITCHED.a);
  t.is(BigInt(`0x${b.CapBnd}`), SWITCHED.b);
  t.deepEqual([a.CapInh, b.CapInh], ['0000000000000000', '0000000000000000']);
  t.deepEqual([a.Uid, b.Uid], ['0\t0\t0\t0', '12\t12\t12\t12']);
  t.deepEqual([a.Gid, b.Gid], ['0\t0\t0\t0', '34\t34\t34\t34']);
  t.deepEqual([a.Seccomp, b.Seccomp], ['2', '2']);
});

kernelTest('EX-37 EX-39 EX-40 EX-49 what one app may not call the other may', async (t) => {
  const image = (isolators: readonly unknown[]) => ({app: {isolators}});
  const file = path.join(host.directory, 'calls');
  const ended = host.rkt(
    runApps(
      [`--uuid-file-save=${file}`, '--accept-image=os/linux/seccomp-remove-set'],
      {
        name: 'a',
        image: image([
          {name: 'os/linux/seccomp-remove-set', value: {set: ['mkdir', 'mkdirat'], errno: 'EXDEV'}},
          {name: 'os/linux/no-new-privileges', value: true},
        ]),
        script: `echo ready; mkdir /tmp/x; echo $?; grep NoNewPrivs /proc/self/status; ${STAY}`,
        flags: ['--stdout=log'],
      },
      {
        name: 'b',
        image: image([{name: 'os/linux/seccomp-remove-set', value: {set: ['chmod', 'fchmodat']}}]),
        script: `echo ready; mkdir /tmp/x; echo $?; chmod 700 /tmp/x; echo $?; ${STAY}`,
        flags: ['--stdout=log'],
      },
    ),
    {timeout: 0},
  );
  const pod = await whenReady(file, ended);
  await until(() => pod.output('a').includes('NoNew') && pod.output('b').split('\n').length === 4);
  await pod.stop();
  t.is(pod.output('a'), 'ready\n1\nNoNewPrivs:\t1\n');
  t.is(pod.output('b'), `ready\n0\n${128 + 31}\n`);
});

limitsTest(
  'EX-51 EX-56 EX-57 each app has its own memory, cpu, weight and tasks, and status --verify agrees',
  async (t) => {
    const image = (isolators: Readonly<Record<string, unknown>>) => ({
      app: {isolators: Object.entries(isolators).map(([name, value]) => ({name, value}))},
    });
    const file = path.join(host.directory, 'limits');
    const app = (name: string, isolators: Readonly<Record<string, unknown>>, ...flags: string[]) => ({
      name,
      image: image(isolators),
      script: IDLE,
      flags: ['--stdout=log', ...flags],
    });
    const ended = host.rkt(
      runApps(
        [`--uuid-file-save=${file}`],
        app(
          'a',
          {
            'resource/memory': {limit: '64Mi'},
            'resource/cpu': {limit: '300m'},
            'resource/pids': {limit: '20'},
            'os/unix/rlimits': {nofile: {soft: '100', hard: '200'}},
          },
          '--oom-score-adj=100',
          '--cpu-shares=333',
        ),
        app(
          'b',
          {
            'resource/memory': {limit: '96Mi'},
            'resource/cpu': {limit: '700m'},
            'resource/pids': {limit: '30'},
            'os/unix/rlimits': {nofile: {soft: '300', hard: '400'}},
          },
          '--oom-score-adj=200',
        ),
      ),
      {timeout: 0},
    );
    const pod = await whenReady(file, ended);
    const of = (pid: number) => ({
      memory: innermost(pid, 'memory', MEMORY),
      swap: innermost(pid, 'memory', ['memory.swappiness', 'memory.swap.max']) ?? '0',
      quota: innermost(pid, 'cpu', ['cpu.cfs_quota_us', 'cpu.max'])?.split(' ')[0],
      pids: innermost(pid, 'pids', ['pids.max']),
      oom: readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim(),
      files: limitsOf(pid, 'Max open files'),
    });
    const [a, b] = [of(pod.pid.a), of(pod.pid.b)];
    const shares = [pod.pid.a, pod.pid.b].map((pid) => Number(innermost(pid, 'cpu', ['cpu.shares', 'cpu.weight'])));
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    await pod.stop();
    t.deepEqual(a, {
      memory: `${64 * MEBIBYTE}`,
      swap: '0',
      quota: '30000',
      pids: '20',
      oom: '100',
      files: ['100', '200'],
    });
    t.deepEqual(b, {
      memory: `${96 * MEBIBYTE}`,
      swap: '0',
      quota: '70000',
      pids: '30',
      oom: '200',
      files: ['300', '400'],
    });
    t.true((shares[0] ?? 0) < (shares[1] ?? 0), shares.join(' '));
    t.is(verified.exitCode, 0, verified.stderr);
  },
);

limitsTest('EX-57 EX-51 an app without memory or tasks takes none from the other', async (t) => {
  const eat = 'head -c 67108864 /dev/zero | tail -c 67108864 | wc -c';
  const fork = 'mkfifo /tmp/stay; for i in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/stay & done; echo forked';
  const pod = await startTwo(['--memory=32Mi'], [], {
    scripts: [`echo ready; ${eat}; echo done; ${STAY}`, `echo ready; ${eat}; ${fork}; ${STAY}`],
  });
  await until(() => pod.output('a').includes('done') && pod.output('b').includes('forked'));
  await pod.stop();
  t.is(pod.output('a'), 'ready\n0\ndone\n');
  t.is(pod.output('b'), 'ready\n67108864\nforked\n');
});

limitsTest('EX-56 an app beyond its share of the processor is throttled, the other not', async (t) => {
  const spin = 'echo ready; while :; do :; done';
  const pod = await startTwo(['--cpu=10m'], [], {scripts: [spin, IDLE]});
  const throttled = (pid: number) =>
    Number(/^nr_throttled (\d+)/m.exec(innermost(pid, 'cpu', ['cpu.stat']) ?? '')?.[1] ?? 0);
  await t.notThrowsAsync(until(() => throttled(pod.pid.a) > 0));
  const other = throttled(pod.pid.b);
  await pod.stop();
  t.is(other, 0);
});

/** A pod manifest of two apps. */
const manifestOf = async (
  apps: Readonly<Record<'a' | 'b', Record<string, unknown>>>,
  isolators: Record<string, unknown>,
) => {
  const id = await host.fetch();
  const list = (values: Record<string, unknown>) => Object.entries(values).map(([name, value]) => ({name, value}));
  const app = (own: Record<string, unknown>) => ({
    ...{exec: ['/bin/sh', '-c', IDLE], user: '0', group: '0'},
    isolators: list(own),
  });
  return host.manifest(
    id,
    {name: 'a', app: app(apps.a)},
    {
      apps: (['a', 'b'] as const).map((name) => ({name, image: {id}, app: app(apps[name])})),
      isolators: list(isolators),
    },
  );
};
const startManifest = async (manifest: string, ...flags: string[]) => {
  const file = path.join(host.directory, `pod-${++started}`);
  const ended = host.rkt(
    [
      ...['--format=json', 'run', '--stage1=nspawn', `--uuid-file-save=${file}`, ...flags],
      `--pod-manifest=${manifest}`,
    ],
    {timeout: 0},
  );
  const uuid = await savedUuid(file, ended);
  await untilOrEnd(ended, () => ['a', 'b'].every((app) => runningApp(uuid, app) > 0));
  return {
    uuid,
    pids: await Promise.all(['a', 'b'].map((app) => appProcess(uuid, app))),
    stop: stopper(uuid, ended),
  };
};

limitsTest('EX-31 PO-12 the isolators of a pod bound those of its apps', async (t) => {
  const manifest = await manifestOf(
    {
      a: {'resource/memory': {limit: '128Mi'}, 'resource/pids': {limit: '500'}, 'resource/cpu': {limit: '2'}},
      b: {'resource/memory': {limit: '32Mi'}},
    },
    {'resource/memory': {limit: '64Mi'}, 'resource/pids': {limit: '40'}, 'resource/cpu': {limit: '500m'}},
  );
  const pod = await startManifest(manifest);
  const [a = 0, b = 0] = pod.pids;
  const memory = pod.pids.map((pid) => strictest(pid, 'memory', MEMORY));
  const tasks = pod.pids.map((pid) => strictest(pid, 'pids', ['pids.max']));
  // The pod's own cgroup bounds the sum of both.
  const shared = (pid: number) =>
    cgroupValues(pid, 'memory', MEMORY).filter(({file}) => /rkt-[^/]*\/[^/]*$/.test(file));
  const [ofA, ofB] = [shared(a), shared(b)];
  const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  await pod.stop();
  t.deepEqual(memory, [64 * MEBIBYTE, 32 * MEBIBYTE]);
  t.deepEqual(tasks, [40, 40]);
  t.deepEqual(ofA, ofB);
  t.is(ofA[0]?.value, `${64 * MEBIBYTE}`);
  t.is(verified.exitCode, 0, verified.stderr);
});

limitsTest('EX-31 PO-12 limits of a pod hold for apps that have none', async (t) => {
  const manifest = await manifestOf(
    {a: {}, b: {}},
    {'resource/memory': {limit: '64Mi'}, 'resource/pids': {limit: '40'}},
  );
  const pod = await startManifest(manifest);
  const memory = pod.pids.map((pid) => strictest(pid, 'memory', MEMORY));
  const tasks = pod.pids.map((pid) => strictest(pid, 'pids', ['pids.max']));
  await pod.stop();
  t.deepEqual(memory, [64 * MEBIBYTE, 64 * MEBIBYTE]);
  t.deepEqual(tasks, [40, 40]);
});

testIf(lacks('capability/24') === undefined ? 'CAP_SYS_RESOURCE is there' : lacksPods('program/systemd-nspawn'))(
  'EX-33 an oom-score-adj that systemd would ignore is refused',
  async (t) => {
    const {exitCode, error} = await host.sh('true', {stage1: 'nspawn', app: ['--oom-score-adj=-100']});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAVOR_CANNOT']);
  },
);

const deviceTest = existsSync('/dev/loop1') ? kernelTest : testIf('this host has no loop devices');
for (const [what, flags] of [
  ['by systemd alone', []],
  ['with limits of its own', ['--memory=64Mi']],
] as const) {
  deviceTest(`S06 EX-01 an app opens no device that is not its own: ${what}`, async (t) => {
    // All of the host's nodes are there for both; none of them can be opened, nor one that is made.
    const names = ['mine', 'host/loop0', 'host/loop1', 'host/net/tun', 'host/null', '../tmp/made', '../dev/made'];
    const open = names.map((name) => `head -c 0 </devices/${name} && echo opened ${name}`).join('; ');
    const script = `echo ready; mknod /tmp/made b 7 0; mknod /dev/made b 7 0; ${open}; echo done; ${STAY}`;
    const everything = '--mount=volume=host,target=/devices/host';
    const pod = await startTwo(
      [...flags, everything, '--mount=volume=disk,target=/devices/mine'],
      [...flags, everything],
      {
        scripts: [script, script],
        pod: ['--volume=host,kind=host,source=/dev', '--volume=disk,kind=host,source=/dev/loop0'],
      },
    );
    await until(() => ['a', 'b'].every((name) => pod.output(name).includes('done')));
    await pod.stop();
    t.is(pod.output('a'), 'ready\nopened mine\ndone\n');
    t.is(pod.output('b'), 'ready\ndone\n');
  });
}

testIf(lacksPods('program/systemd-nspawn', 'program/unshare'))(
  "EX-55 kernel parameters are the pod's own, and only its own can be set",
  async (t) => {
    const keys = ['/proc/sys/kernel/shmmax', '/proc/sys/fs/mqueue/msg_max', '/proc/sys/net/ipv4/ip_forward'];
    // As if these were the host's, so that nobody else sets them meanwhile.
    const own = path.join(host.directory, 'parameters');
    const through = [
      ...[program('unshare') ?? 'unshare', '--net', '--ipc', '/bin/sh', '-c'],
      `cat ${keys.join(' ')} >"$0.before"; "$@"; status=$?; cat ${keys.join(' ')} >"$0.after"; exit $status`,
      own,
    ];
    const script = `cat ${keys.join(' ')}; echo 1 >${keys[0]}; cat ${keys[0]}; ping -c 1 127.0.0.1 >/dev/null && echo lo`;
    const parameters = ['kernel.shmmax=12345678', 'fs.mqueue.msg_max=77', 'net.ipv4.ip_forward=1'];
    const pod = ['--net=none', ...parameters.map((parameter) => `--sysctl=${parameter}`)];
    const {stdout, stderr, exitCode} = await host.sh(script, {stage1: 'nspawn', pod, through});
    t.is(stdout, '12345678\n77\n1\n12345678\nlo\n');
    t.regex(stderr, /Read-only/);
    t.is(exitCode, 0);
    const before = readFileSync(`${own}.before`, 'utf8');
    t.is(before.trim().split('\n').length, keys.length);
    t.is(readFileSync(`${own}.after`, 'utf8'), before);
  },
);

kernelTest('EX-55 kernel parameters of the host, and values that the kernel refuses, are errors', async (t) => {
  const run = async (value: Record<string, string>, ...pod: string[]) => {
    const manifest = host.manifest(
      await host.fetch(),
      {app: {exec: ['/bin/true'], user: '0', group: '0'}},
      {isolators: [{name: 'os/unix/sysctl', value}]},
    );
    const {exitCode, error} = await host.sh('', {stage1: 'nspawn', manifest, pod});
    return [exitCode, error?.code];
  };
  const before = host.podDirectories();
  for (const key of ['vm.overcommit_memory', 'kernel.hostname', 'kernel.core_pattern', 'net', 'kernel.shmmax.x']) {
    t.deepEqual(await run({[key]: '1'}), [254, 'RKT_POD_MANIFEST_INVALID'], key);
  }
  t.deepEqual(await run({'net.ipv4.ip_forward': '1'}), [254, 'RKT_FLAVOR_CANNOT']);
  t.deepEqual(await run({'kernel.shmmax': '1'}, '--ipc=parent'), [254, 'RKT_FLAVOR_CANNOT']);
  t.deepEqual(await run({'fs.mqueue.msg_max': 'many'}), [254, 'RKT_STEP_FAILED']);
  t.deepEqual(await run({'net.ipv4.no_such_key': '1'}, '--net=none'), [254, 'RKT_STEP_FAILED']);
  t.deepEqual(host.podDirectories(), before);
});

const blockTest = testIf(
  lacks('cgroup/blkio') === undefined || lacks('cgroup/io') === undefined
    ? lacksPods('program/systemd-nspawn')
    : lacks('cgroup/blkio'),
);
const rate = (limit: string) => ({default: true, limit});
blockTest('EX-53 EX-51 block devices of a pod of one app are limited, by bytes and by operations', async (t) => {
  const pod = await host.start('echo ready; exec cat', {
    stage1: 'nspawn',
    app: ['--block-bandwidth=2Mi', '--block-iops=300'],
  });
  const app = await appProcess(pod.uuid, 'test');
  const [bytes, operations] = [diskLimits(app, 'write', 'bps'), diskLimits(app, 'write', 'iops')];
  const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  await pod.end();
  t.true(bytes.includes(String(2 * MEBIBYTE)), bytes.join(' '));
  t.true(operations.includes('300'), operations.join(' '));
  t.is(verified.exitCode, 0, verified.stderr);
});

blockTest('EX-53 EX-31 each app has its own limit of block devices, none more than the pod', async (t) => {
  const manifest = await manifestOf(
    {a: {'resource/block-bandwidth': rate('2Mi')}, b: {}},
    {'resource/block-bandwidth': rate('3Mi')},
  );
  const pod = await startManifest(manifest);
  const limits = pod.pids.map((pid) => diskLimits(pid, 'write', 'bps').find((value) => value !== 'none'));
  await pod.stop();
  t.deepEqual(limits, [String(2 * MEBIBYTE), String(3 * MEBIBYTE)]);
});

blockTest('EX-53 a limit of block devices that is none, or none by default, is refused', async (t) => {
  const run = async (value: unknown) => {
    const image = {app: {isolators: [{name: 'resource/block-iops', value}]}};
    const {exitCode, error} = await host.sh('true', {stage1: 'nspawn', image});
    return [exitCode, error?.code];
  };
  t.deepEqual(await run({default: true, limit: '0'}), [254, 'RKT_BLOCK_LIMIT_TOO_SMALL']);
  await t.throwsAsync(run({default: false, limit: '5'}), {message: /code: RKT_IMAGE_MANIFEST_INVALID/});
});

testIf(lacks('cgroup/blkio') ?? lacksPods('program/systemd-nspawn'))(
  'EX-53 operations of each app, which systemd cannot limit on cgroup v1, are refused and not ignored',
  async (t) => {
    const manifest = await manifestOf({a: {'resource/block-iops': rate('300')}, b: {}}, {});
    const {exitCode, error} = await host.sh('', {stage1: 'nspawn', manifest});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_UNIT_LIMIT_UNSUPPORTED']);
  },
);

testIf(lacks('cgroup/cpuset') ?? lacksPods('program/systemd-nspawn'))(
  'EX-51 EX-31 each app has its own processors where systemd can set them, else it is refused',
  async (t) => {
    const isV1 = /:cpuset:/.test(readFileSync('/proc/self/cgroup', 'utf8'));
    const manifest = await manifestOf({a: {'os/linux/cpuset-cpus': '0'}, b: {}}, {});
    if (isV1) {
      const {exitCode, error} = await host.sh('', {stage1: 'nspawn', manifest});
      t.deepEqual([exitCode, error?.code], [254, 'RKT_UNIT_LIMIT_UNSUPPORTED']);
      return;
    }
    const pod = await startManifest(manifest);
    const lists = pod.pids.map(
      (pid) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
    );
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    await pod.stop();
    t.is(lists[0], '0');
    t.is(lists[1], /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    t.is(verified.exitCode, 0, verified.stderr);
  },
);

testIf(lacks('cgroup/hugetlb') ?? lacksPods('program/systemd-nspawn'))(
  'EX-51 huge pages of one app among others, for which systemd has no setting, are refused and not ignored',
  async (t) => {
    const manifest = await manifestOf({a: {'resource/hugepages': {'2Mi': '4Mi'}}, b: {}}, {});
    const {exitCode, error} = await host.sh('', {stage1: 'nspawn', manifest});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_UNIT_LIMIT_UNSUPPORTED']);
  },
);
