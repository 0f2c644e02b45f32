import test from 'ava';
import {callArguments, podArguments, startArguments, word} from '../../src/api/arguments.ts';
import type {AppOptions, CallOptions, PodOptions, StartOptions} from '../../src/api/requests.ts';
import {globalFlags} from '../../src/cli/globals.ts';
import {appFlags, podFlags, runFlags} from '../../src/cli/grammar/flags.ts';
import {parsePodArguments} from '../../src/cli/grammar/pod.ts';
import {parseRunFlags} from '../../src/cli/grammar/run.ts';
import {parse} from '../../src/cli/parse.ts';
import {RktError} from '../../src/rkt-error.ts';

const FLAGS = {...globalFlags, ...podFlags, ...runFlags, ...appFlags};
const command = {name: 'run', imageGrammar: true};

const app: Required<AppOptions> = {
  image: 'example.com/web:1.0',
  signature: '/web.asc',
  name: 'web',
  exec: '/bin/web',
  args: ['-x', '--', 'a,b%=c', ''],
  workingDir: '/srv',
  user: 12,
  group: 'www',
  supplementaryGids: [34, 56],
  environment: {A: 'b,c=d', EMPTY: ''},
  annotations: {homepage: 'https://example.com'},
  userAnnotations: {team: 'web'},
  userLabels: {tier: 'front'},
  mounts: [{volume: 'data', target: '/a,b%20c'}],
  readonlyRootfs: true,
  restart: 'on-failure',
  restartLimit: '5/10m',
  watchdog: '30s',
  memory: 65_536,
  cpu: '500m',
  cpuShares: 1024,
  cpusetCpus: '0-2,5',
  cpusetMems: '0',
  hugepages: {'2Mi': '64Mi', '1Gi': '0'},
  pids: 256,
  blockBandwidth: '10Mi',
  blockIops: 500,
  oomScoreAdj: -500,
  capsRetain: ['CAP_KILL', 'CAP_CHOWN'],
  capsRemove: ['CAP_MKNOD'],
  noNewPrivileges: true,
  apparmorProfile: 'web, a%',
  selinuxContext: 'u:r:t:s0',
  seccomp: {mode: 'remove', errno: 'EPERM', set: ['reboot', '@appc.io/all']},
  rlimits: {nofile: {soft: 10, hard: 'unlimited'}, core: {soft: 0}},
  stdin: 'null',
  stdout: 'log',
  stderr: 'stream',
  acceptImage: ['resource/memory', 'os/linux/oom-score-adj'],
};
const {capsRemove, ...one} = app;

const pod: Required<PodOptions> = {
  apps: [one, {image: './x.aci', capsRemove}],
  podManifest: '/pod.yaml',
  stage1: 'fly',
  podName: 'web-1',
  volumes: [
    {name: 'data', kind: 'host', source: '/srv/a,b%', readOnly: true, recursive: false},
    {name: 'scratch', kind: 'empty', mode: '0700', uid: 1, gid: 2},
  ],
  ports: [
    {name: 'http', hostPort: 80},
    {name: 'https', hostIp: '127.0.0.1', hostPort: 443},
  ],
  environment: {LANG: 'C.UTF-8'},
  inheritEnv: true,
  pullPolicy: 'never',
  removeOnExit: true,
  noOverlay: true,
  privateUsers: true,
  sysctls: {'kernel.shmmax': '65536', 'net.core.somaxconn': '1'},
  logSize: '1Mi',
  acceptImage: ['resource/cpu'],
  allowDegraded: ['resource/memory'],
  allowSymlinks: true,
};

const start: Required<StartOptions> = {
  net: 'host',
  dns: ['10.0.0.1', '10.0.0.2'],
  dnsDomain: 'example.com',
  dnsOpt: ['debug'],
  dnsSearch: ['a.example.com'],
  hostsEntries: ['10.0.0.3=db'],
  hostname: 'web',
  interactive: true,
  ipc: 'private',
  mdsRegister: true,
  noTemplate: true,
};

const call: Required<Omit<CallOptions, 'environment' | 'onNote'>> = {
  dir: '/d',
  systemConfig: '/s',
  localConfig: '/l',
  userConfig: '/u',
  insecureOptions: ['image', 'tls'],
};

test('what a program asks for is what the command reads', (t) => {
  const {podManifest: _, ...rest} = pod;
  const {flags, images} = parse(command, FLAGS, [...startArguments({}), ...podArguments(rest)]);
  const request = parsePodArguments(flags, images);
  t.like(request, {
    volumes: rest.volumes,
    ports: rest.ports,
    environment: rest.environment,
    inheritEnv: true,
    pullPolicy: 'never',
    podName: 'web-1',
    removeOnExit: true,
    noOverlay: true,
    privateUsers: true,
    logSize: 1 << 20,
    stage1: 'fly',
    isolators: [{name: 'os/unix/sysctl', value: rest.sysctls}],
    acceptImage: ['resource/cpu'],
    allowDegraded: ['resource/memory'],
    allowSymlinks: true,
  });
  const [first, second] = request.apps;
  t.is(request.apps.length, 2);
  const byName = new Map(first?.isolators.map(({name, value}) => [name, value]));
  t.like(first, {
    image: app.image,
    signature: app.signature,
    name: app.name,
    exec: app.exec,
    args: app.args,
    workingDirectory: app.workingDir,
    user: '12',
    group: 'www',
    supplementaryGids: app.supplementaryGids,
    environment: app.environment,
    annotations: app.annotations,
    userAnnotations: app.userAnnotations,
    userLabels: app.userLabels,
    mounts: [{volume: 'data', path: '/a,b%20c'}],
    readOnlyRootfs: true,
    restart: 'on-failure',
    restartLimit: {times: 5, seconds: 600},
    watchdogSeconds: 30,
    stdin: 'null',
    stdout: 'log',
    stderr: 'stream',
    acceptImage: app.acceptImage,
  });
  t.deepEqual(Object.fromEntries(byName), {
    'resource/memory': {request: '65536', limit: '65536'},
    'resource/cpu': {request: '500m', limit: '500m'},
    'os/linux/cpu-shares': 1024,
    'os/linux/cpuset-cpus': '0-2,5',
    'os/linux/cpuset-mems': '0',
    'resource/hugepages': {'2Mi': '64Mi', '1Gi': '0'},
    'resource/pids': {limit: '256'},
    'resource/block-bandwidth': {default: true, limit: '10Mi'},
    'resource/block-iops': {default: true, limit: '500'},
    'os/linux/no-new-privileges': true,
    'os/linux/apparmor-profile': {profile: 'web, a%'},
    'os/linux/selinux-context': {user: 'u', role: 'r', type: 't', level: 's0'},
    'os/linux/oom-score-adj': -500,
    'os/linux/capabilities-retain-set': {set: app.capsRetain},
    'os/linux/seccomp-remove-set': {set: app.seccomp.set, errno: 'EPERM'},
    'os/unix/rlimits': {nofile: {soft: '10', hard: 'unlimited'}, core: {soft: '0', hard: '0'}},
  });
  t.deepEqual(second?.isolators, [{name: 'os/linux/capabilities-remove-set', value: {set: capsRemove}}]);
});

test('how a pod is to be started, and where, is what the command reads', (t) => {
  const {flags} = parse(command, FLAGS, [...callArguments(call), ...startArguments(start)]);
  const {mdsRegister, ...rest} = parseRunFlags(flags);
  t.deepEqual({...rest, mdsRegister}, start);
  t.like(flags, {
    format: 'json',
    dir: '/d',
    'system-config': '/s',
    'local-config': '/l',
    'user-config': '/u',
    'insecure-options': ['image,tls'],
  });
});

test('what is left out is left to the command', (t) => {
  t.deepEqual(podArguments({apps: [{image: 'x', memory: undefined as never}]}), ['x']);
  t.deepEqual([...startArguments({}), ...callArguments({insecureOptions: []})], ['--format=json']);
  t.deepEqual(podArguments({inheritEnv: false}), []);
});

/** Flags that programs have otherwise, or not at all. */
const OTHERWISE = new Set([
  // The same in old rkt's words.
  ...['cap-remove', 'cap-retain', 'no-store', 'store-only'],
  ...['stage1-from-dir', 'stage1-hash', 'stage1-name', 'stage1-path', 'stage1-url'],
  // `mounts` of each app, `environment`, and the UUID that is returned.
  ...['set-env-file', 'uuid-file-save'],
  ...['cpuprofile', 'debug', 'error-fd', 'help', 'memprofile', 'trust-keys-from-https'],
]);

test('a program can ask for whatever a command line can', (t) => {
  const all = [...callArguments(call), ...startArguments(start), ...podArguments({...pod, apps: [app]})];
  const used = new Set(all.flatMap((argument) => /^--([a-z0-9-]+)/.exec(argument)?.[1] ?? []));
  t.deepEqual(
    Object.keys(FLAGS).filter((name) => !used.has(name) && !OTHERWISE.has(name)),
    [],
  );
});

for (const [title, ask, option] of [
  ['an option mistyped', () => podArguments({noOverlays: true} as PodOptions), 'pod.noOverlays'],
  [
    'an option of an app mistyped',
    () => podArguments({apps: [{image: 'x', capRetain: []} as AppOptions]}),
    'app.capRetain',
  ],
  ['an option of the call mistyped', () => callArguments({directory: '/x'} as CallOptions), 'options.directory'],
  [
    'an argument that would begin another image',
    () => podArguments({apps: [{image: 'x', args: ['---', 'y']}]}),
    'args',
  ],
  ['an image that would be a flag', () => podArguments({apps: [{image: '--stage1=/x'}]}), 'image'],
  ['a pod that would be a flag', () => word('pod', '--all'), 'pod'],
  ['a variable with a value in its name', () => podArguments({environment: {'A=B': 'c'}}), 'set-env'],
  ['a port with an address in its name', () => podArguments({ports: [{name: 'a:0.0.0.0', hostPort: 1}]}), 'ports'],
  [
    'a limit with a value in its name',
    () => podArguments({apps: [{image: 'x', rlimits: {'core=1': {soft: 2}}}]}),
    'rlimits',
  ],
  [
    'a capability that is two',
    () => podArguments({apps: [{image: 'x', capsRetain: ['CAP_KILL,CAP_SYS_ADMIN']}]}),
    'caps-retain',
  ],
  ['an option that is two', () => callArguments({insecureOptions: ['image,all-run']}), 'insecure-options'],
  [
    'a system call that is an option of the filter',
    () => podArguments({apps: [{image: 'x', seccomp: {mode: 'retain', set: ['errno=ENOSYS']}}]}),
    'seccomp.set',
  ],
  ['a limit that is two', () => podArguments({apps: [{image: 'x', hugepages: {'2Mi': '64Mi,1Gi=1Gi'}}]}), 'hugepages'],
  [
    'a key of a volume with a value in its name',
    () => podArguments({volumes: [{name: 'a', kind: 'empty', ...{'mode=0777,uid': 0}}]}),
    'key',
  ],
] as const) {
  test(`S07 ${title} is refused`, (t) => {
    const error = t.throws(ask, {instanceOf: RktError});
    t.is(error?.code, 'RKT_REQUEST_INVALID');
    t.is(error?.fields.option, option);
  });
}
