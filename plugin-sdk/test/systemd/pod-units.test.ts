import test from 'ava';
import {compileSeccomp} from '../../../core/src/appc/compile/seccomp.ts';
import type {App, AppName, Pod, Process} from '../../../core/src/contract/index.ts';
import {deepFreeze} from '../../../core/src/stage1/deep-freeze.ts';
import {app, pod} from '../../../core/test/support/fixtures.ts';
import {podUnits, serviceName, sharedKernelPaths, UnitError, type UnitOptions} from '../../src/systemd/index.ts';
import {parseUnit} from './support/parse.ts';

const OPTIONS: UnitOptions = {
  rootOf: ({name}) => `/opt/stage2/${name}/rootfs`,
  stdio: ({name}) => ({
    stdin: {kind: 'null'},
    stdout: {kind: 'append', path: `/rkt/${name}.out`},
    stderr: {kind: 'journal'},
  }),
  limits: true,
  bindDev: () => true,
  statusDirectory: '/rkt/status',
};
const files = (of: Pod, options: Partial<UnitOptions> = {}): Map<string, string> =>
  new Map(podUnits(of, {...OPTIONS, ...options}).map(({path, content}) => [path, content]));
const fileOf = (of: Pod, name: string, options: Partial<UnitOptions> = {}): string => {
  const content = files(of, options).get(name);
  if (content === undefined) throw new Error(`no ${name}`);
  return content;
};
/** Values of a setting in a unit. */
const values = (of: Pod, unit: string, key: string, options: Partial<UnitOptions> = {}): string[] =>
  parseUnit(fileOf(of, `systemd/system/${unit}`, options))
    .filter((setting) => setting.key === key)
    .map(({value}) => value);
const main =
  (changes: Parameters<typeof app>[0] = {}, options: Partial<UnitOptions> = {}) =>
  (key: string): string[] =>
    values(pod({apps: [app(changes)]}), 'app-main.service', key, options);
const process = (changes: Partial<Process>) => main({process: changes});
const refusal = (
  t: {throws: (run: () => unknown, expected: {instanceOf: typeof UnitError}) => UnitError},
  of: Pod,
  options = {},
) => t.throws(() => podUnits(of, {...OPTIONS, ...options}), {instanceOf: UnitError});

test('the smallest app', (t) => {
  t.is(
    fileOf(pod(), 'systemd/system/app-main.service'),
    `[Unit]
DefaultDependencies=no
Wants=alive.target
After=alive.target
Before=shutdown.target
Conflicts=shutdown.target
OnSuccess=app-main:ended.service
OnFailure=app-main:failed.service

[Service]
Type=exec
RootDirectory=/opt/stage2/main/rootfs
MountAPIVFS=no
BindPaths=/proc /sys /dev
InaccessiblePaths=-+/sys/fs
Environment="PATH=/bin"
UnsetEnvironment=CREDENTIALS_DIRECTORY DEBUG_INVOCATION HOME INVOCATION_ID JOURNAL_STREAM LANG LOGNAME MAINPID MANAGERPID MANAGERPIDFDID MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE NOTIFY_SOCKET SHELL SYSTEMD_EXEC_PID TERM USER WATCHDOG_PID WATCHDOG_USEC
WorkingDirectory=/
User=0
Group=0
UMask=0022
CapabilityBoundingSet=CAP_CHOWN
NoNewPrivileges=no
TasksMax=infinity
DevicePolicy=closed
DeviceAllow=char-pts rw
KeyringMode=private
MountFlags=private
IgnoreSIGPIPE=no
OOMPolicy=continue
StandardInput=null
StandardOutput=append:/rkt/main.out
StandardError=journal
SyslogIdentifier=main
SyslogLevel=err
SyslogLevelPrefix=no
ExecStart="@/bin/true" "/bin/true"
KillMode=mixed
TimeoutStopSec=10s
`,
  );
});

test('the files of a pod, the same for a frozen one', (t) => {
  const two = pod({apps: [app(), app({name: 'side' as AppName})], maskedPaths: ['/proc/kcore'] as never});
  t.deepEqual(podUnits(deepFreeze(structuredClone(two)), OPTIONS), podUnits(two, OPTIONS));
  t.deepEqual(
    [...files(two).keys()].sort(),
    [
      'group',
      'passwd',
      'rkt/end-pod',
      'rkt/record-exit',
      ...[
        'alive.target',
        'app-main.service',
        'app-main:ended.service',
        'app-main:failed.service',
        'app-side.service',
        'app-side:ended.service',
        'app-side:failed.service',
        'default.target',
        'exit.target',
        'halt.target',
        'poweroff.target',
        'rkt-halt.service',
        'shutdown.target',
        'systemd-exit.service',
      ].map((name) => `systemd/system/${name}`),
    ].sort(),
  );
  t.deepEqual(values(two, 'default.target', 'Wants'), ['app-main.service app-side.service']);
  t.is(serviceName(app()), 'app-main.service');
});

test('S15 no two units of a pod have the same name', (t) => {
  const eventHandlers: App['eventHandlers'] = [
    {name: 'pre-start', exec: ['/a']},
    {name: 'post-stop', exec: ['/b']},
  ];
  const port = (name: string) => ({name, protocol: 'tcp' as const, port: 80, count: 1, socketActivated: true});
  const named = (name: string, ports: string[]) => app({name: name as AppName, eventHandlers, ports: ports.map(port)});
  const units = podUnits(
    pod({
      apps: [named('a', ['b-c', 'pre-start']), named('a-b', ['c']), named('a-pre-start', []), named('a-ended', [])],
    }),
    OPTIONS,
  ).map(({path}) => path);
  t.is(new Set(units).size, units.length);
});

test('a program is where the core has found it, and no bare name', (t) => {
  t.deepEqual(main({executable: '/usr/bin/x' as never, process: {argv: ['x', '-v']}})('ExecStart'), [
    '"@/usr/bin/x" "x" "-v"',
  ]);
  for (const executable of [null, undefined]) {
    const changes = executable === undefined ? {} : {executable};
    const {code, fields} = refusal(t, pod({apps: [app({...changes, process: {argv: ['x']}})]}));
    t.is(code, 'RKT_UNIT_PROGRAM_UNRESOLVED');
    t.deepEqual(fields, {app: 'main', program: 'x'});
  }
});

test('variables are in order, and one that the app sets is not unset', (t) => {
  const env = ['TERM', 'B', 'HOME', 'A'].map((name) => ({name, value: '%'}));
  t.deepEqual(process({env})('Environment'), ['"TERM=%%"', '"B=%%"', '"HOME=%%"', '"A=%%"']);
  const [unset = ''] = process({env})('UnsetEnvironment');
  t.deepEqual(
    ['TERM', 'HOME', 'PATH', 'LANG'].filter((name) => unset.split(' ').includes(name)),
    ['PATH', 'LANG'],
  );
});

test('users and groups are numbers that the pod knows', (t) => {
  const of = pod({
    apps: [app({process: {uid: 7, gid: 8, groups: [9, 10]}}), app({name: 'b' as AppName, process: {uid: 7, gid: 9}})],
  });
  t.deepEqual(values(of, 'app-main.service', 'SupplementaryGroups'), ['9 10']);
  t.deepEqual(values(of, 'app-b.service', 'SupplementaryGroups'), []);
  t.is(fileOf(of, 'passwd'), 'root:x:0:0::/:/bin/sh\nu7:x:7:65534::/:/bin/sh\n');
  t.is(fileOf(of, 'group'), 'root:x:0:\ng8:x:8:\ng9:x:9:\ng10:x:10:\n');
  t.deepEqual(refusal(t, pod({apps: [app({process: {groups: [65_535]}})]})).fields, {app: 'main', id: 65_535});
});

test('credentials', (t) => {
  const capabilities: Process['capabilities'] = {bounding: [], effective: [], ambient: []};
  t.deepEqual(process({capabilities})('CapabilityBoundingSet'), ['']);
  t.deepEqual(process({capabilities})('AmbientCapabilities'), []);
  t.deepEqual(process({capabilities: {...capabilities, ambient: ['CAP_KILL', 'CAP_CHOWN']}})('AmbientCapabilities'), [
    'CAP_KILL CAP_CHOWN',
  ]);
  t.deepEqual(process({noNewPrivileges: true})('NoNewPrivileges'), ['yes']);
  t.deepEqual(process({umask: 0o7})('UMask'), ['0007']);
  t.deepEqual(process({oomScoreAdj: -5})('OOMScoreAdjust'), ['-5']);
});

test('resource limits', (t) => {
  const rlimits: Process['rlimits'] = [
    {name: 'nofile', soft: 5, hard: 6},
    {name: 'core', soft: 0, hard: null},
  ];
  t.deepEqual(process({rlimits})('LimitNOFILE'), ['5:6']);
  t.deepEqual(process({rlimits})('LimitCORE'), ['0:infinity']);
  for (const bad of [
    {name: 'nofile', soft: null, hard: 1},
    {name: 'nice', soft: 41, hard: 41},
    {name: 'cpu', soft: 2 ** 50, hard: 2 ** 50},
  ] as const) {
    t.is(refusal(t, pod({apps: [app({process: {rlimits: [bad]}})]})).code, 'RKT_UNIT_LIMIT_REFUSED');
  }
});

test('limits of the cgroup, if systemd has the controllers', (t) => {
  const limits = {memoryMax: 4096, memoryLow: 1024, cpuMax: 1255, cpuShares: 512, pidsMax: 9};
  const get = main({limits});
  t.deepEqual(
    ['MemoryMax', 'MemoryLow', 'CPUQuota', 'CPUQuotaPeriodSec', 'CPUShares', 'CPUWeight', 'TasksMax'].map(get),
    [['4096'], ['1024'], ['125.5%'], [], ['512'], [], ['9']],
  );
  t.deepEqual(main({limits: {cpuMax: 5}})('CPUQuotaPeriodSec'), ['1s']);
  t.deepEqual(main({limits: {cpuShares: 1024}}, {cgroupVersion: 2})('CPUWeight'), ['100']);
  const swapless = ([1, 2] as const).map((cgroupVersion) => main({limits: {memorySwapMax: 0}}, {cgroupVersion}));
  t.deepEqual(
    swapless.map((of) => of('MemorySwapMax')),
    [[], ['0']],
  );
  const without = main({limits}, {limits: false});
  t.deepEqual(['MemoryMax', 'CPUQuota', 'CPUShares', 'TasksMax'].map(without), [[], [], [], ['infinity']]);
  t.is(refusal(t, pod({apps: [app({limits: {cpuMax: 0}})]})).code, 'RKT_UNIT_LIMIT_REFUSED');
});

test("EX-36 rkt's own filter, with a directive for each of its conditions", (t) => {
  const seccomp = compileSeccomp({}, ['CAP_CHOWN']);
  const get = process({seccomp});
  t.deepEqual(get('SystemCallArchitectures'), ['native']);
  t.deepEqual(get('SystemCallErrorNumber'), ['1']);
  t.deepEqual(get('RestrictNamespaces'), ['yes']);
  t.deepEqual(get('RestrictAddressFamilies'), ['~AF_VSOCK']);
  t.deepEqual(get('LockPersonality'), ['yes']);
  const [, removed, allowed = '', others] = get('SystemCallFilter');
  t.is(removed, '~@default');
  t.deepEqual(
    ['clone', 'socket', 'personality', 'read', 'unshare', 'clone3'].filter((name) => allowed.split(' ').includes(name)),
    ['clone', 'socket', 'personality', 'read'],
  );
  t.is(others, '~clone3:38');
  t.deepEqual(process({seccomp: compileSeccomp({}, ['CAP_SYS_ADMIN'])})('RestrictNamespaces'), []);
});

test('newer versions of systemd have clone3 answered by RestrictNamespaces', (t) => {
  const get = main({process: {seccomp: compileSeccomp({}, ['CAP_CHOWN'])}}, {systemdVersion: 257});
  const [, , allowed = '', ...others] = get('SystemCallFilter');
  t.true(allowed.split(' ').includes('clone3'));
  t.deepEqual([others, get('RestrictNamespaces')], [[], ['yes']]);
  const own = {'os/linux/seccomp-retain-set': {set: ['@rkt/default-whitelist', 'clone'], errno: 'EPERM'}};
  const lone = pod({apps: [app({process: {seccomp: compileSeccomp(own, [])}})]});
  t.is(refusal(t, lone, {systemdVersion: 257}).code, 'RKT_UNIT_SECCOMP_REFUSED');
});

test('EX-38 EX-39 other filters', (t) => {
  const kill = compileSeccomp({'os/linux/seccomp-remove-set': {set: ['reboot', 'swapon']}}, []);
  t.deepEqual(process({seccomp: kill})('SystemCallFilter'), ['~reboot:kill swapon:kill']);
  const errno = compileSeccomp({'os/linux/seccomp-remove-set': {set: ['reboot'], errno: 'ENOSYS'}}, []);
  t.deepEqual(process({seccomp: errno})('SystemCallFilter'), ['~reboot:38']);
  const retained = process({seccomp: compileSeccomp({'os/linux/seccomp-retain-set': {set: ['read']}}, [])});
  t.deepEqual(retained('SystemCallErrorNumber'), []);
  t.is(retained('SystemCallFilter').at(-1), 'execve exit exit_group read restart_syscall rt_sigreturn sigreturn');
  // systemd writes after the filter is in place, to tell that a program has started.
  t.deepEqual(retained('Type'), ['simple']);
  t.deepEqual(process({seccomp: null})('SystemCallArchitectures'), []);
});

test('a condition that no directive has is refused', (t) => {
  const allow = {action: 'allow'} as const;
  const deny = {action: 'errno', errno: 1} as const;
  const bad: NonNullable<Process['seccomp']>[] = [
    {default: deny, rules: [{syscalls: ['ioctl'], outcome: allow, args: [{index: 1, op: 'ne', value: 5}]}]},
    {
      default: deny,
      rules: [{syscalls: ['clone'], outcome: allow, args: [{index: 0, op: 'masked-eq', mask: 1, value: 0}]}],
    },
    {default: deny, rules: [{syscalls: ['socket'], outcome: allow, args: [{index: 0, op: 'ne', value: 999}]}]},
    {default: deny, rules: [{syscalls: ['personality'], outcome: allow, args: [{index: 0, op: 'eq', value: 8}]}]},
    {default: allow, rules: [{syscalls: ['socket'], outcome: deny, args: [{index: 0, op: 'eq', value: 40}]}]},
    {default: allow, rules: [{syscalls: ['read'], outcome: {action: 'errno', errno: 0}}]},
  ];
  for (const seccomp of bad) {
    const {code, fields} = refusal(t, pod({apps: [app({process: {seccomp}})]}));
    t.is(code, 'RKT_UNIT_SECCOMP_REFUSED');
    t.deepEqual(fields.syscalls, seccomp.rules[0]?.syscalls);
  }
});

test('EX-37 a call is only said to be denied where systemd surely knows it', (t) => {
  const denying = (...names: string[]) => compileSeccomp({'os/linux/seccomp-remove-set': {set: names}}, []);
  const refused = (...names: string[]) => refusal(t, pod({apps: [app({process: {seccomp: denying(...names)}})]}));
  t.deepEqual(refused('reboot', 'setxattrat', 'mseal').fields.syscalls, ['mseal', 'setxattrat']);
  t.is(refused('futex_waitv').code, 'RKT_UNIT_SECCOMP_REFUSED');
  // Of rkt's own set, one is so new; it does nothing without a capability.
  t.notThrows(() => process({seccomp: denying('@rkt/default-blacklist')})('SystemCallFilter'));
  const admin = {bounding: ['CAP_SYS_ADMIN'], effective: [], ambient: []} as never;
  const able = pod({apps: [app({process: {seccomp: denying('open_tree_attr'), capabilities: admin}})]});
  t.deepEqual(refusal(t, able).fields.syscalls, ['open_tree_attr']);
});

test('devices', (t) => {
  const volume = (source: string, readOnly: boolean) =>
    ({name: 'd', kind: 'host', source, type: 'device', recursive: false, followSymlinks: false, readOnly}) as never;
  const with_ = (source: string, readOnly: boolean) =>
    pod({
      volumes: [volume(source, readOnly)],
      apps: [app({mounts: [{volume: 'd', path: '/x', readOnly: false}] as never}), app({name: 'b' as AppName})],
    });
  t.deepEqual(values(with_('/dev/a b', false), 'app-main.service', 'DeviceAllow'), ['char-pts rw', '"/dev/a b" rw']);
  t.deepEqual(values(with_('/dev/a', true), 'app-main.service', 'DeviceAllow'), ['char-pts rw', '"/dev/a" r']);
  t.deepEqual(values(with_('/dev/a', true), 'app-b.service', 'DeviceAllow'), ['char-pts rw']);
  const deviceNode = () => '/dev/char/1:3';
  t.deepEqual(values(with_('/srv/a', true), 'app-main.service', 'DeviceAllow', {deviceNode}), [
    'char-pts rw',
    '"/dev/char/1:3" r',
  ]);
  t.is(refusal(t, with_('/srv/a', true)).code, 'RKT_UNIT_DEVICE_OUTSIDE');
  const numbered = with_('/srv/a', false);
  const device = {type: 'block', major: 7, minor: 300} as const;
  const volumes = numbered.volumes.map((one) => ({...one, device}) as never);
  t.deepEqual(values({...numbered, volumes}, 'app-main.service', 'DeviceAllow'), [
    'char-pts rw',
    '"/dev/block/7:300" rw',
  ]);
});

test('standard streams', (t) => {
  const terminal = {kind: 'terminal', path: '/rkt/tty'} as const;
  const get = main({}, {stdio: () => ({stdin: terminal, stdout: terminal, stderr: {kind: 'file', path: '/rkt/%'}})});
  t.deepEqual(['StandardInput', 'StandardOutput', 'StandardError', 'TTYPath'].map(get), [
    ['tty-force'],
    ['tty'],
    ['file:/rkt/%%'],
    ['/rkt/tty'],
  ]);
  const fromFile = main(
    {},
    {stdio: () => ({stdin: {kind: 'file', path: '/in'}, stdout: {kind: 'null'}, stderr: {kind: 'null'}})},
  );
  t.deepEqual(fromFile('StandardInput'), ['file:/in']);
  const two = {stdio: () => ({stdin: terminal, stdout: {kind: 'terminal', path: '/b'}, stderr: terminal})};
  t.is(refusal(t, pod(), two).code, 'RKT_UNIT_STREAM_REFUSED');
  const written = {stdio: () => ({stdin: {kind: 'journal'}, stdout: terminal, stderr: terminal})};
  t.is(refusal(t, pod(), written).code, 'RKT_UNIT_STREAM_REFUSED');
});

test('in the journal standard error has a priority of its own, unless both streams go there', (t) => {
  const [journal, nowhere] = [{kind: 'journal'}, {kind: 'null'}] as const;
  for (const [stdout, stderr, level] of [
    [journal, nowhere, ['info']],
    [nowhere, journal, ['err']],
    [journal, journal, ['info']],
    [nowhere, nowhere, []],
  ] as const) {
    const of = main({}, {stdio: () => ({stdin: nowhere, stdout, stderr})});
    t.deepEqual(of('SyslogLevel'), [...level]);
    // A line that begins with <3> is a line like any other.
    t.deepEqual(of('SyslogLevelPrefix'), level.length > 0 ? ['no'] : []);
  }
});

test('IM-18 event handlers have what the app has, but no input', (t) => {
  const of = pod({
    apps: [
      app({
        eventHandlers: [
          {name: 'pre-start', exec: ['/a', '$x']},
          {name: 'post-stop', exec: ['/b']},
        ],
        process: {uid: 5},
      }),
    ],
  });
  t.deepEqual(values(of, 'app-main.service', 'Requires'), ['app-main:post-stop.service app-main:pre-start.service']);
  t.deepEqual(values(of, 'app-main:pre-start.service', 'ExecStart'), ['"@/a" "/a" "$$x"']);
  t.deepEqual(values(of, 'app-main:pre-start.service', 'OnFailure'), ['app-main:unready.service']);
  t.deepEqual(values(of, 'app-main:unready.service', 'FailureAction'), ['exit']);
  t.deepEqual(values(of, 'app-main:post-stop.service', 'ExecStop'), ['"@/b" "/b"']);
  t.deepEqual(values(of, 'app-main:post-stop.service', 'StopWhenUnneeded'), ['yes']);
  const shared = ['RootDirectory', 'User', 'CapabilityBoundingSet', 'InaccessiblePaths', 'Environment', 'DevicePolicy'];
  for (const unit of ['app-main:pre-start.service', 'app-main:post-stop.service']) {
    t.deepEqual(
      shared.map((key) => values(of, unit, key)),
      shared.map((key) => values(of, 'app-main.service', key)),
    );
    t.deepEqual(values(of, unit, 'StandardInput'), ['null']);
  }
  t.is(
    refusal(t, pod({apps: [app({eventHandlers: [{name: 'pre-start', exec: ['a']}]})]})).code,
    'RKT_UNIT_PROGRAM_UNRESOLVED',
  );
});

test('restarts', (t) => {
  t.deepEqual(main()('Restart'), []);
  for (const restart of ['on-failure', 'always'] as const) {
    const of = pod({apps: [app({restart})]});
    t.deepEqual(values(of, 'app-main.service', 'Restart'), [restart]);
    t.deepEqual(values(of, 'app-main.service', 'StartLimitIntervalSec'), ['0']);
    t.deepEqual(values(of, 'app-main:failed.service', 'FailureAction'), []);
    t.true(values(of, 'app-main.service', 'Wants').includes('app-main:starts.service'));
  }
  t.deepEqual(values(pod(), 'app-main:failed.service', 'FailureAction'), ['exit']);
});

test('a watchdog, and the variables that come with it', (t) => {
  const unset = (get: ReturnType<typeof main>) => get('UnsetEnvironment').join(' ').split(' ');
  const watched = main({notifies: true, watchdogSeconds: 30});
  t.deepEqual(watched('WatchdogSec'), ['30s']);
  t.false(unset(watched).some((name) => ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'].includes(name)));
  const ready = main({notifies: true});
  t.deepEqual(ready('WatchdogSec'), []);
  t.true(unset(ready).includes('WATCHDOG_USEC'));
});

test('restarts that are limited', (t) => {
  const of = pod({apps: [app({restart: 'on-failure', restartLimit: {times: 5, seconds: 600}})]});
  for (const how of ['ended', 'failed']) {
    t.deepEqual(values(of, `app-main:${how}.service`, 'FailureAction'), ['exit']);
    const [record, limit, ...more] = values(of, `app-main:${how}.service`, 'ExecStart');
    t.true(record?.startsWith('-'));
    t.true(limit?.endsWith('"5" "600" "/rkt/status/main" "/rkt/status/:first" "on-failure"'), limit);
    t.deepEqual(more, []);
  }
  t.true(values(of, 'app-main.service', 'After').some((after) => after.includes('app-main:failed.service')));
  t.true(fileOf(of, 'rkt/limit-restarts').includes('/proc/uptime'));
  t.deepEqual(
    values(pod({apps: [app({restart: 'always'})]}), 'app-main.service', 'After')
      .join()
      .includes('failed'),
    false,
  );
});

test('S07 kernel paths are masked once for the pod, others for each app', (t) => {
  const of = pod({
    maskedPaths: ['/proc/kcore', "/sys/it's a", '/sys/fs', '/sys/fs/selinux', '/srv/x'] as never,
    readOnlyPaths: ['/proc/sys', '/etc/y'] as never,
  });
  t.deepEqual(sharedKernelPaths(of), {
    maskedPaths: ['/proc/kcore', "/sys/it's a"] as never,
    readOnlyPaths: ['/proc/sys'] as never,
  });
  t.deepEqual(values(of, 'app-main.service', 'InaccessiblePaths'), ['-+/sys/fs', '"-+/srv/x"']);
  t.deepEqual(values(of, 'app-main.service', 'ReadOnlyPaths'), ['"-+/etc/y"']);
});

test('S07 EX-47 what tells systemd of AppArmor is hidden from each app, and in pods without a profile from systemd', (t) => {
  const of = (profile?: string) =>
    pod({
      maskedPaths: ['/proc/kcore', '/sys/module'] as never,
      apps: [app({process: {...(profile && {apparmorProfile: profile})}}), app({name: 'other' as never})],
    });
  t.deepEqual(sharedKernelPaths(of()).maskedPaths, ['/proc/kcore', '/sys/module'] as never);
  t.deepEqual(sharedKernelPaths(of('web')).maskedPaths, ['/proc/kcore'] as never);
  for (const name of ['main', 'other'])
    t.deepEqual(values(of('web'), `app-${name}.service`, 'InaccessiblePaths', {appArmor: true}), [
      '-+/sys/fs',
      '-+/sys/module',
    ]);
});

test('a volume below /sys is bound by the app’s service, into a directory that hides all else', (t) => {
  const mount = (path: string) => ({volume: 'data', path, readOnly: false}) as App['mounts'][number];
  const of = (paths: readonly string[], more: object = {}) =>
    pod({
      maskedPaths: ['/sys/fs', '/sys/module'] as never,
      volumes: [{name: 'data', kind: 'empty', readOnly: false, directory: 'd', mode: 0o755, uid: 0, gid: 0}] as never,
      apps: [app({mounts: paths.map(mount)})],
      ...more,
    });
  const sysVolume = (_: App, {path}: {path: string}) => `/volumes${path}`;
  const settings = (paths: readonly string[]) =>
    Object.fromEntries(
      ['InaccessiblePaths', 'TemporaryFileSystem', 'BindPaths'].map((name) => [
        name,
        values(of(paths), 'app-main.service', name, {sysVolume}).filter((value) => !value.startsWith('/proc')),
      ]),
    );
  const hidden = (path: string) => `${path}:ro,nosuid,nodev,noexec,size=4k,mode=0555`;
  t.deepEqual(settings(['/sys/fs/a b', '/sys/fs/a b/inner', '/sys/kernel/mm', '/sys/module/x']), {
    InaccessiblePaths: [],
    TemporaryFileSystem: [hidden('/sys/fs'), hidden('/sys/module')],
    BindPaths: [
      '"/volumes/sys/fs/a b":"/sys/fs/a b"',
      '"/volumes/sys/kernel/mm":"/sys/kernel/mm"',
      '"/volumes/sys/module/x":"/sys/module/x"',
    ],
  });
  t.deepEqual(settings(['/sys/fs']), {
    InaccessiblePaths: [],
    TemporaryFileSystem: [],
    BindPaths: ['"/volumes/sys/fs":"/sys/fs"'],
  });
  t.deepEqual(settings(['/system/fs']).InaccessiblePaths, ['-+/sys/fs']);
  t.is(refusal(t, of(['/sys/fs'])).code, 'RKT_UNIT_SYS_VOLUME_REFUSED');
  const alone = of(['/sys/module/x'], {network: {mode: 'none', names: []}});
  t.is(refusal(t, alone, {sysVolume}).code, 'RKT_UNIT_SYS_VOLUME_REFUSED');
});

test('socket-activated ports have a unit each, with the address on the host', (t) => {
  const ports: App['ports'] = [
    {name: 'web', protocol: 'tcp', port: 80, count: 2, socketActivated: true, hostPort: 8080, hostIp: '::1'},
    {name: 'dns', protocol: 'udp', port: 53, count: 1, socketActivated: true},
    {name: 'off', protocol: 'tcp', port: 1, count: 1, socketActivated: false},
  ];
  const of = pod({apps: [app({ports})]});
  t.deepEqual(values(of, 'app-main:port-web.socket', 'ListenStream'), ['[::1]:8080', '[::1]:8081']);
  t.deepEqual(values(of, 'app-main:port-dns.socket', 'ListenDatagram'), ['53']);
  t.deepEqual(values(of, 'app-main:port-dns.socket', 'FileDescriptorName'), ['dns']);
  t.deepEqual(values(of, 'app-main:port-dns.socket', 'Service'), ['app-main.service']);
  t.deepEqual(values(of, 'app-main.service', 'Sockets'), ['app-main:port-web.socket app-main:port-dns.socket']);
  t.deepEqual(values(of, 'local-fs.target', 'Requires'), ['sockets.target']);
  const passed = (family: 'inet' | 'inet6', address: string, number: number) =>
    ({family, protocol: 'tcp', stream: true, address, port: number}) as const;
  const sockets = [
    passed('inet6', '0:0:0:0:0:0:0:1', 8081),
    passed('inet', '10.0.0.1', 80),
    passed('inet6', '0:0:0:0:0:0:0:1', 8080),
  ];
  const anywhere = pod({
    apps: [app({ports: [{name: 'web', protocol: 'tcp', port: 8080, count: 2, socketActivated: true}]})],
  });
  t.deepEqual(values(anywhere, 'app-main:port-web.socket', 'ListenStream', {sockets}), [
    '[0:0:0:0:0:0:0:1]:8081',
    '[0:0:0:0:0:0:0:1]:8080',
  ]);
  t.false(files(pod()).has('systemd/system/sockets.target'));
  const bad = (port: Partial<App['ports'][number]>) => pod({apps: [app({ports: [{...ports[1], ...port} as never]})]});
  t.is(refusal(t, bad({name: 'a\nb'})).code, 'RKT_UNIT_CHARACTER_REFUSED');
  t.is(refusal(t, bad({hostIp: '%i'})).code, 'RKT_UNIT_CHARACTER_REFUSED');
});

test('an app with a /dev of its own shares only memory and queues', (t) => {
  t.deepEqual(main({}, {bindDev: () => false})('BindPaths'), ['/proc /sys /dev/shm /dev/mqueue']);
});

test('IM-30 an app that says by itself when it is ready is started when it does, however long that takes', (t) => {
  const own = main({notifies: true, process: {env: [{name: 'NOTIFY_SOCKET', value: '/of/the/image'}]}});
  t.deepEqual([own('Type'), own('TimeoutStartSec')], [['notify'], ['infinity']]);
  t.deepEqual(own('Environment'), []);
  t.false(main({notifies: true})('UnsetEnvironment').join(' ').split(' ').includes('NOTIFY_SOCKET'));
  t.true(main()('UnsetEnvironment').join(' ').split(' ').includes('NOTIFY_SOCKET'));
});

test('processors and memory nodes of an app are limited on cgroup v2, and refused where systemd would ignore them', (t) => {
  const get = main({limits: {cpus: [0, 1, 3], memoryNodes: [0]}}, {cgroupVersion: 2});
  t.deepEqual([get('AllowedCPUs'), get('AllowedMemoryNodes')], [['0 1 3'], ['0']]);
  for (const limits of [{cpus: [0]}, {memoryNodes: [0]}, {hugepages: {2097152: 0}}])
    t.is(refusal(t, pod({apps: [app({limits})]})).code, 'RKT_UNIT_LIMIT_UNSUPPORTED');
});

test('what others mount comes into an app with a volume that is for that, and into no other', (t) => {
  const data = {name: 'data', kind: 'host', source: '/srv', type: 'directory', readOnly: false} as const;
  const flags = (propagation?: 'slave') => {
    const volume = {...data, recursive: true, followSymlinks: false, ...(propagation && {propagation})};
    const apps = [app({mounts: [{volume: 'data', path: '/data', readOnly: false}] as never})];
    return values(pod({apps, volumes: [volume as never]}), 'app-main.service', 'MountFlags');
  };
  t.deepEqual([flags('slave'), flags()], [['slave'], ['private']]);
});

test('an app has the oom score of who started the pod, not that of what supervises it', (t) => {
  t.deepEqual(main({}, {oomScoreAdj: 7})('OOMScoreAdjust'), ['7']);
  t.deepEqual(main({process: {oomScoreAdj: -5}}, {oomScoreAdj: 7})('OOMScoreAdjust'), ['-5']);
  t.deepEqual(main()('OOMScoreAdjust'), []);
});

test('what systemd would not tell a security module is refused, not ignored', (t) => {
  for (const labels of [{apparmorProfile: 'web'}, {selinuxContext: 'u:r:t:s0'}])
    t.is(refusal(t, pod({apps: [app({process: labels})]})).code, 'RKT_UNIT_LIMIT_REFUSED');
});

test('S15 EX-47 a profile of AppArmor is exactly the one of the setting', (t) => {
  const profile = (name: string) => main({process: {apparmorProfile: name}}, {appArmor: true})('AppArmorProfile');
  t.deepEqual(profile('web'), ['web']);
  t.deepEqual(profile('a b//%i$x'), ['a b//%%i$x']);
  for (const name of ['', '-web', ' web', 'web ', 'web\\', 'a\nb', 'a\0b', '\ufdd0'])
    t.throws(() => profile(name), {code: 'RKT_UNIT_CHARACTER_REFUSED'} as never, JSON.stringify(name));
});
