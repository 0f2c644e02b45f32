import {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {appFlags, podFlags, runFlags} from '../../../src/cli/grammar/flags.ts';
import {parsePodArguments} from '../../../src/cli/grammar/pod.ts';
import {parseRunFlags} from '../../../src/cli/grammar/run.ts';
import {parse} from '../../../src/cli/parse.ts';
import {PLAIN_RUN} from '../../../src/pod/request.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {appRequest, podRequest} from '../../pod/helpers.ts';

const flags = {...podFlags, ...runFlags, ...appFlags};
const parsed = (argv: readonly string[]) => parse({name: 'run', imageGrammar: true}, flags, argv);
const pod = (...argv: string[]) => {
  const args = parsed(argv);
  return parsePodArguments(args.flags, args.images);
};
const run = (...argv: string[]) => parseRunFlags(parsed(argv).flags);

let directory = '';
test.before(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'rkt-cli-'));
});
test.after.always(() => rmSync(directory, {recursive: true}));
const file = (name: string, text: string | Uint8Array): string => {
  const written = path.join(directory, name);
  writeFileSync(written, text);
  return written;
};

test('an image alone', (t) => {
  t.deepEqual(pod('a') as unknown, podRequest([appRequest({image: 'a', acceptImage: []})]));
});

test('a request knows that it was read from what is gone then', (t) => {
  const variables = file('once', 'A=1\n');
  const open = openSync(variables, 'r');
  t.teardown(() => closeSync(open));
  t.is(pod('a', `--set-env-file=${variables}`).readOnce, undefined);
  t.like(pod('a', `--set-env-file=/dev/fd/${open}`), {readOnce: true, environment: {A: '1'}});
});

test('every flag of an app', (t) => {
  const argv = [
    '--volume=v,kind=empty',
    'example.com/a',
    ...['--name=web', '--exec=/bin/sh', '--working-dir=/srv', '--readonly-rootfs', '--user=www', '--group=0'],
    ...['--supplementary-gids=1,2', '--mount=volume=v,target=/v', '--annotation=created=2026-01-02T03:04:05Z'],
    ...['--user-annotation=a=b', '--user-label=c=', '--environment=E=1', '--memory=1G', '--rlimit=core=0'],
    ...[
      '--restart=always',
      '--restart-limit=3/1m30s',
      '--stdin=null',
      '--stdout=log',
      '--stderr=tty',
      '--signature=/s.asc',
      '--',
      '-c',
      'id',
    ],
  ];
  t.deepEqual(pod(...argv).apps as unknown, [
    {
      acceptImage: [],
      image: 'example.com/a',
      args: ['-c', 'id'],
      name: 'web',
      exec: '/bin/sh',
      workingDirectory: '/srv',
      readOnlyRootfs: true,
      restart: 'always',
      restartLimit: {times: 3, seconds: 90},
      user: 'www',
      group: '0',
      supplementaryGids: [1, 2],
      mounts: [{volume: 'v', path: '/v'}],
      annotations: {created: '2026-01-02T03:04:05Z'},
      userAnnotations: {a: 'b'},
      userLabels: {c: ''},
      environment: {E: '1'},
      isolators: [
        {name: 'resource/memory', value: {request: '1G', limit: '1G'}},
        {name: 'os/unix/rlimits', value: {core: {soft: '0', hard: '0'}}},
      ],
      stdin: 'null',
      stdout: 'log',
      stderr: 'tty',
      signature: '/s.asc',
    },
  ]);
});

test('EX-55 kernel parameters of the pod, each once and none of the host', (t) => {
  const [shm, backlog] = ['--sysctl=kernel.shmmax=65536', '--sysctl=net.core.somaxconn=1'];
  t.deepEqual(pod(shm, backlog, 'a').isolators, [
    {name: 'os/unix/sysctl', value: {'kernel.shmmax': '65536', 'net.core.somaxconn': '1'}},
  ]);
  for (const value of ['', 'kernel.shmmax', 'vm.swappiness=1', 'kernel.hostname=x', 'kernel.shmmax=1\n2'])
    t.like(
      t.throws(() => pod(`--sysctl=${value}`, 'a')),
      {code: 'RKT_FLAG_VALUE_INVALID'},
      value,
    );
  t.like(
    t.throws(() => pod(shm, shm, 'a')),
    {code: 'RKT_FLAG_VALUE_INVALID'},
  );
  t.like(
    t.throws(() => pod(shm, '--pod-manifest=/x')),
    {code: 'RKT_FLAG_CONFLICT'},
  );
});

test('a watchdog is of whole seconds', (t) => {
  t.is(pod('a', '--watchdog=1m30s').apps[0]?.watchdogSeconds, 90);
  for (const value of ['', '0', '30', '500ms', '1.5s', '-1s', '9999999s']) {
    const error = t.throws(() => pod('a', `--watchdog=${value}`));
    t.like(error, {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'watchdog', value}});
  }
});

test('a limit of restarts is for an app that is restarted', (t) => {
  for (const flags of [['--restart-limit=5/1m'], ['--restart=no', '--restart-limit=5/1m']]) {
    const error = t.throws(() => pod('a', ...flags));
    t.like(error, {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'restart-limit', value: '5/1m'}});
  }
  t.notThrows(() => pod('a', '--annotation=coreos.com/rkt/restart=always', '--restart-limit=5/1m'));
});

test('every flag of a pod, before and after the images', (t) => {
  const argv = ['--inherit-env', 'a', '--no-overlay', '--private-users', 'b', '--pull-policy=never', '--stage1=fly'];
  t.like(
    pod(...argv, '--allow-symlinks', '--allow-degraded=dns,resource/cpu', '--allow-degraded=ports', '--port=x:1'),
    {
      inheritEnv: true,
      noOverlay: true,
      privateUsers: true,
      pullPolicy: 'never',
      stage1: 'fly',
      allowSymlinks: true,
      allowDegraded: ['dns', 'resource/cpu', 'ports'],
      ports: [{name: 'x', hostPort: 1}],
    },
  );
});

test('--mount before the first image is for all apps', (t) => {
  const {apps} = pod(
    '--volume=v,kind=empty',
    '--volume=w,kind=empty',
    '--mount=volume=v,target=/x',
    'a',
    'b',
    '--mount=volume=w,target=/x',
  );
  t.deepEqual(
    apps.map(({mounts}) => mounts.map(({volume}) => volume)),
    [['v'], ['w']],
  );
});

test('the environment: files in order, then flags', (t) => {
  const first = file('first.env', 'A=1\nB=1\nC=1\n');
  const second = file('second.env', 'B=2\nC=2\n');
  t.deepEqual(pod(`--set-env-file=${first}`, '--set-env=C=3', `--set-env-file=${second}`, 'a').environment, {
    A: '1',
    B: '2',
    C: '3',
  });
});

test('old flags for the pull policy', (t) => {
  t.is(pod('--store-only', 'a').pullPolicy, 'never');
  t.is(pod('--no-store', 'a').pullPolicy, 'update');
});

test('PO-04 a pod manifest is passed on as it is', (t) => {
  const manifest = file('pod.yaml', 'acKind: PodManifest\n');
  t.like(pod(`--pod-manifest=${manifest}`, '--no-overlay'), {
    apps: [],
    manifest: 'acKind: PodManifest\n',
    noOverlay: true,
  });
});

for (const other of [
  ['a'],
  ['--volume=v,kind=empty'],
  ['--mount=volume=v,target=/x'],
  ['--port=x:1'],
  ['--pull-policy=new'],
  ['--store-only'],
  ['--inherit-env'],
  ['--set-env=A=1'],
])
  test(`--pod-manifest excludes ${other.join(' ')}`, (t) => {
    t.like(
      t.throws(() => pod('--pod-manifest=/nowhere', ...other)),
      {
        code: 'RKT_FLAG_CONFLICT',
        fields: {first: '--pod-manifest'},
      },
    );
  });

for (const [argv, code, fields] of [
  [[], 'RKT_IMAGE_MISSING', {}],
  [['--exec=x', 'a'], 'RKT_FLAG_IMAGE_FIRST', {flag: 'exec'}],
  [['--readonly-rootfs', 'a'], 'RKT_FLAG_IMAGE_FIRST', {flag: 'readonly-rootfs'}],
  [['--rlimit=core=0', 'a'], 'RKT_FLAG_IMAGE_FIRST', {flag: 'rlimit'}],
  [['a', '--exec=x', '--exec=y'], 'RKT_FLAG_REPEATED', {flag: 'exec', value: 'y'}],
  [['a', '--memory=1G', '--memory=2G'], 'RKT_FLAG_REPEATED', {flag: 'memory', value: '2G'}],
  [['a', '--caps-retain=CAP_KILL', '--caps-remove=CAP_KILL'], 'RKT_FLAG_CONFLICT', {first: '--caps-retain'}],
  [['a', '--caps-retain=CAP_KILL', '--cap-retain=CAP_KILL'], 'RKT_FLAG_CONFLICT', {second: '--cap-retain'}],
  [['a', '--store-only', '--no-store'], 'RKT_FLAG_CONFLICT', {first: '--store-only'}],
  [['a', '--mount=volume=v,target=/x'], 'RKT_FLAG_VALUE_INVALID', {flag: 'mount'}],
  [['--volume=v,kind=empty', '--volume=v,kind=empty', 'a'], 'RKT_FLAG_VALUE_INVALID', {flag: 'volume'}],
  [['a', '--name=Web'], 'RKT_FLAG_VALUE_INVALID', {flag: 'name', value: 'Web'}],
  [['a', '--exec='], 'RKT_FLAG_VALUE_INVALID', {flag: 'exec', value: ''}],
  [['a', '--working-dir=srv'], 'RKT_FLAG_VALUE_INVALID', {flag: 'working-dir'}],
  [['a', '--supplementary-gids=-1'], 'RKT_FLAG_VALUE_INVALID', {flag: 'supplementary-gids'}],
  [['a', '--supplementary-gids=4294967295'], 'RKT_FLAG_VALUE_INVALID', {flag: 'supplementary-gids'}],
  [['a', '--annotation=created=yesterday'], 'RKT_FLAG_VALUE_INVALID', {flag: 'annotation'}],
  [['a', '--annotation=Bad=1'], 'RKT_FLAG_VALUE_INVALID', {flag: 'annotation'}],
  [['a', '--user-label=x'], 'RKT_FLAG_VALUE_INVALID', {flag: 'user-label'}],
  [['a', '--allow-degraded=all'], 'RKT_FLAG_VALUE_INVALID', {flag: 'allow-degraded'}],
  [['a', '--allow-degraded='], 'RKT_FLAG_VALUE_INVALID', {flag: 'allow-degraded'}],
  [['a', '--set-env-file=/nowhere'], 'RKT_FLAG_FILE_UNUSABLE', {flag: 'set-env-file', path: '/nowhere'}],
  [['--pod-manifest=/nowhere'], 'RKT_FLAG_FILE_UNUSABLE', {flag: 'pod-manifest', path: '/nowhere'}],
] as const)
  test(`refused: run ${argv.join(' ')}`, (t) =>
    t.like(
      t.throws(() => pod(...argv)),
      {code, fields},
    ));

test('a name before the image may be meant for the pod', (t) => {
  const hintOf = (flag: string) => t.throws<RktError>(() => pod(flag, 'a'))?.hint ?? '';
  t.true(hintOf('--name=x').includes('--pod-name'));
  t.false(hintOf('--exec=x').includes('--pod-name'));
});

test('S10 a file that never ends is refused', (t) => {
  t.like(
    t.throws(() => pod('a', '--set-env-file=/dev/zero')),
    {code: 'RKT_FLAG_FILE_UNUSABLE'},
  );
  t.like(
    t.throws(() => pod('--pod-manifest=/dev/zero')),
    {code: 'RKT_FLAG_FILE_UNUSABLE'},
  );
});

test('a file that is not UTF-8 is refused', (t) => {
  const latin = file('latin.env', Buffer.from([0x41, 0x3d, 0xe4]));
  t.like(
    t.throws(() => pod('a', `--set-env-file=${latin}`)),
    {code: 'RKT_FLAG_FILE_UNUSABLE'},
  );
});

test('how to run: defaults', (t) => {
  t.deepEqual(run('a') as unknown, PLAIN_RUN);
});

test('S31 --accept-image is for the image before it, and before the first for all', (t) => {
  const [caps, seccomp, score] = [
    'os/linux/capabilities-retain-set',
    'os/linux/seccomp-remove-set',
    'os/linux/oom-score-adj',
  ];
  const request = pod(`--accept-image=${score}`, 'a', `--accept-image=${caps},${seccomp}`, 'b');
  t.deepEqual(request.acceptImage, [score]);
  t.deepEqual(
    request.apps.map(({acceptImage}) => acceptImage),
    [[caps, seccomp], []],
  );
  for (const value of ['all', 'os/linux/capabilities', '', `${caps},`]) {
    t.like(
      t.throws(() => pod('a', `--accept-image=${value}`)),
      {code: 'RKT_FLAG_VALUE_INVALID'},
    );
  }
});

test('how to run: every flag', (t) => {
  const argv = ['--net=a:K=V;L=W,b', '--interactive', '--dns=1.1.1.1,8.8.8.8', '--dns=9.9.9.9', '--dns-search=x.org'];
  const more = ['--dns-opt=ndots:2', '--dns-domain=y', '--hosts-entry=1.2.3.4=h,::1=i', '--hostname=web-1.example'];
  const last = ['--ipc=private', '--mds-register', '--no-template', '--uuid-file-save=/run/u', 'a'];
  t.deepEqual(run(...argv, ...more, ...last) as unknown, {
    net: 'a:K=V;L=W,b',
    interactive: true,
    dns: ['1.1.1.1', '8.8.8.8', '9.9.9.9'],
    dnsSearch: ['x.org'],
    dnsOpt: ['ndots:2'],
    dnsDomain: 'y',
    hostsEntries: ['1.2.3.4=h', '::1=i'],
    hostname: 'web-1.example',
    ipc: 'private',
    mdsRegister: true,
    noTemplate: true,
    uuidFileSave: '/run/u',
  });
});

test('--net without a value takes none from the next argument', (t) => {
  const {images, flags: values} = parsed(['--net', 'a']);
  t.is(values.net, 'default');
  t.is(images[0]?.image, 'a');
});

for (const [argv, code] of [
  [['--net=host', '--port=x:1', 'a'], 'RKT_FLAG_CONFLICT'],
  [['--net=none', '--port=x:1', 'a'], 'RKT_FLAG_CONFLICT'],
  [['--net=none', '--mds-register', 'a'], 'RKT_FLAG_CONFLICT'],
  [['--net=', 'a'], 'RKT_FLAG_VALUE_INVALID'],
  [['--hostname=-x', 'a'], 'RKT_FLAG_VALUE_INVALID'],
  [[`--hostname=${'a'.repeat(65)}`, 'a'], 'RKT_FLAG_VALUE_INVALID'],
  [['--hostname=a..b', 'a'], 'RKT_FLAG_VALUE_INVALID'],
  [['--ipc=host', 'a'], 'RKT_FLAG_CHOICE_INVALID'],
] as const)
  test(`refused: ${argv.join(' ')}`, (t) =>
    t.like(
      t.throws(() => run(...argv)),
      {code},
    ));
