import {spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {PROBE, parseProbe} from '../../../../test/helpers/probe.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath, Process, RlimitName, RootfsPath} from '../../../src/contract/index.ts';
import {faultPoints} from '../../../src/executor/perform.ts';
import {parseStatus} from '../../../src/linux/read-back.ts';
import {BUSYBOX, LaunchBox, type LaunchOptions, launchBox} from './launch-in-child.ts';

const launchTest = testIf(lacks('root', 'overlay', 'program/busybox'));
const STATUS = ['cat', '/proc/self/status'];
const path = (text: string) => text as RootfsPath;

const statusOf = (box: LaunchBox, process: Partial<Process>) => {
  const {stdout, stderr} = box.run({process: {...process, argv: STATUS}});
  if (stdout === '') throw new Error(stderr);
  return {...parseStatus(stdout), text: stdout};
};
const probeOf = (box: LaunchBox, options: LaunchOptions) =>
  parseProbe(box.run({...options, process: {...options.process, argv: ['sh', '-c', PROBE]}}).stdout);

launchTest('the app replaces the process: same pid, standard streams and exit status', (t) => {
  const box = launchBox(t);
  const {status, stdout, stderr, pid} = box.run({
    process: {argv: ['sh', '-c', 'cat; echo err >&2; echo $$; exit 7']},
    input: 'in\n',
  });
  t.is(status, 7);
  t.deepEqual(stdout.split('\n').slice(0, 2), ['in', String(pid)]);
  t.is(stderr, 'err\n');
});

launchTest('argv, environment, working directory and umask arrive as compiled, and nothing else', (t) => {
  const box = launchBox(t);
  const probe = probeOf(box, {
    process: {
      env: [
        {name: 'PATH', value: '/bin'},
        {name: 'ODD', value: 'ä = "\n'},
      ],
      cwd: path('/work'),
      umask: 0o027,
    },
    environment: {LISTEN_FDS: '1', LISTEN_PID: '1', SECRET: 'x'},
  });
  t.deepEqual(probe.env, {PATH: '/bin', ODD: 'ä = "\n'});
  t.is(probe.cwd, '/work');
  t.is(probe.umask, '0027');
  t.deepEqual(probe.argv.slice(0, 2), ['sh', '-c']);
});

launchTest('S04 an app has 0, 1 and 2, and nothing else of ours, whatever was open', (t) => {
  const probe = probeOf(launchBox(t), {});
  t.deepEqual(Object.keys(probe.fds).sort(), ['0', '1', '2']);
});

launchTest('what Node changed is put back: signals, soft limit of open files, blocking streams', (t) => {
  const box = launchBox(t);
  const {text} = statusOf(box, {});
  t.regex(text, /^SigIgn:\s0{16}$/m);
  t.regex(text, /^SigBlk:\s0{16}$/m);
  t.is(probeOf(box, {}).limits['Max open files']?.[0], '1024');
});

launchTest('root without no-new-privileges has exactly the bounding set', (t) => {
  const set: Process['capabilities']['bounding'] = ['CAP_CHOWN', 'CAP_KILL', 'CAP_BPF'];
  const {capabilities, noNewPrivileges} = statusOf(launchBox(t), {
    capabilities: {bounding: set, effective: set, ambient: []},
  });
  t.deepEqual(capabilities, {bounding: set, permitted: set, effective: set, inheritable: [], ambient: []});
  t.false(noNewPrivileges);
});

launchTest('root with no-new-privileges has exactly the effective set', (t) => {
  const {capabilities, noNewPrivileges} = statusOf(launchBox(t), {
    capabilities: {bounding: ['CAP_CHOWN', 'CAP_KILL'], effective: ['CAP_CHOWN'], ambient: []},
    noNewPrivileges: true,
  });
  t.deepEqual(capabilities, {
    bounding: ['CAP_CHOWN', 'CAP_KILL'],
    permitted: ['CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    inheritable: [],
    ambient: [],
  });
  t.true(noNewPrivileges);
});

launchTest('S16 another user has its ids and groups and no capability but ambient ones', (t) => {
  const box = launchBox(t);
  const user = {uid: 1000, gid: 1001, groups: [5, 4_000_000_000]};
  const bounding: Process['capabilities']['bounding'] = ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'];
  const plain = statusOf(box, {...user, capabilities: {bounding, effective: [], ambient: []}});
  t.deepEqual(plain.uids, [1000, 1000, 1000, 1000]);
  t.deepEqual(plain.gids, [1001, 1001, 1001, 1001]);
  t.deepEqual(plain.groups, [5, 4_000_000_000]);
  t.deepEqual(plain.capabilities, {bounding, permitted: [], effective: [], inheritable: [], ambient: []});
  const ambient: Process['capabilities']['ambient'] = ['CAP_NET_BIND_SERVICE'];
  const raised = statusOf(box, {...user, capabilities: {bounding, effective: ambient, ambient}, noNewPrivileges: true});
  t.deepEqual(raised.capabilities, {bounding, permitted: ambient, effective: ambient, inheritable: ambient, ambient});
});

launchTest("the caller's supplementary groups are gone", (t) => {
  t.deepEqual(statusOf(launchBox(t), {groups: []}).groups, []);
});

for (const user of [0, 1000]) {
  for (const noNewPrivileges of [true, false]) {
    launchTest(
      `a filter is in force for user ${user} ${noNewPrivileges ? 'with' : 'without'} no-new-privileges, and leaves no capability behind`,
      (t) => {
        const box = launchBox(t);
        const filtered: Partial<Process> = {
          uid: user,
          noNewPrivileges,
          capabilities: {bounding: ['CAP_CHOWN'], effective: user === 0 ? ['CAP_CHOWN'] : [], ambient: []},
          seccomp: {
            default: {action: 'allow'},
            rules: [{syscalls: ['mkdir', 'mkdirat'], outcome: {action: 'errno', errno: 95}}],
          },
        };
        const {seccomp, seccompFilters, capabilities, ...rest} = statusOf(box, filtered);
        t.is(seccomp, 'filter');
        // And those for leases and for terminals.
        t.is(seccompFilters, 3);
        t.is(rest.noNewPrivileges, noNewPrivileges);
        t.deepEqual(capabilities.effective, user === 0 ? ['CAP_CHOWN'] : []);
        t.deepEqual(capabilities.permitted, capabilities.effective);
        const {stderr, status} = box.run({process: {...filtered, argv: ['/bin/busybox', 'mkdir', '/tmp/x']}});
        t.regex(stderr, /not supported/);
        t.is(status, 1);
      },
    );
  }
}

launchTest('EX-39 a denied call kills the app by SIGSYS', (t) => {
  const seccomp: Process['seccomp'] = {
    default: {action: 'allow'},
    rules: [{syscalls: ['uname'], outcome: {action: 'kill'}}],
  };
  t.is(launchBox(t).run({process: {argv: ['/bin/busybox', 'uname'], seccomp}}).signal, 'SIGSYS');
});

/** All that a static busybox needs to do nothing, on both architectures. */
const LEAST = [
  ...['execve', 'arch_prctl', 'brk', 'exit_group', 'set_tid_address', 'set_robust_list', 'rseq', 'prlimit64'],
  ...['readlink', 'readlinkat', 'getrandom', 'mprotect', 'prctl', 'getuid', 'getgid', 'setuid', 'setgid'],
  ...['newfstatat', 'fstatat64'],
];

launchTest('a filter that kills for everything but what the app needs lets every start through', (t) => {
  const box = launchBox(t);
  const seccomp: Process['seccomp'] = {
    default: {action: 'kill'},
    rules: [{syscalls: LEAST, outcome: {action: 'allow'}}],
  };
  for (let start = 0; start < 12; start++) {
    const env = Array.from({length: start * 7}, (_, index) => ({name: `V${index}`, value: 'x'.repeat(start * 11)}));
    const {status, signal} = box.run({
      process: {argv: ['/bin/true'], seccomp, env, uid: start % 2 === 0 ? 0 : 1000, noNewPrivileges: start % 3 === 0},
    });
    t.deepEqual({status, signal}, {status: 0, signal: null});
  }
});

/** Of an ELF header, where its type is; what is to be linked yet is no program. */
const [E_TYPE, ET_REL] = [16, 1];

launchTest(
  'what execve itself refuses is an error with its name, and rlimits before it did not stand in the way',
  (t) => {
    const box = launchBox(t);
    const object = readFileSync(BUSYBOX);
    object.writeUInt16LE(ET_REL, E_TYPE);
    writeFileSync(join(box.image, 'bin/object'), object, {mode: 0o755});
    const rlimits: Process['rlimits'] = [{name: 'core', soft: 0, hard: 0}];
    const result = box.run({process: {argv: ['/bin/object'], rlimits}});
    const {code, fields, pastReturn} = LaunchBox.failure(result);
    t.deepEqual([code, fields.errno, pastReturn, result.status], ['RKT_EXEC_FAILED', 'ENOEXEC', true, 126]);
  },
);

launchTest('rlimits that Node itself could not live with hold in the app', (t) => {
  const rlimits: Process['rlimits'] = (
    [
      ['as', 300_000_000],
      ['data', 30_000_000],
      ['nofile', 20],
      ['nproc', 4000],
      ['core', 0],
      ['fsize', 1_000_000],
      ['stack', 4_194_304],
    ] satisfies [RlimitName, number][]
  ).map(([name, value]) => ({name, soft: value, hard: value}));
  const {limits} = probeOf(launchBox(t), {process: {rlimits, uid: 1000}});
  t.deepEqual(limits['Max address space'], ['300000000', '300000000']);
  t.deepEqual(limits['Max data size'], ['30000000', '30000000']);
  t.deepEqual(limits['Max open files'], ['20', '20']);
  t.deepEqual(limits['Max processes'], ['4000', '4000']);
  t.deepEqual(limits['Max core file size'], ['0', '0']);
  t.deepEqual(limits['Max file size'], ['1000000', '1000000']);
  t.deepEqual(limits['Max stack size'], ['4194304', '4194304']);
});

launchTest('the oom score is the one asked for', (t) => {
  t.is(probeOf(launchBox(t), {process: {oomScoreAdj: 321}}).oomScoreAdj, '321');
});

const withoutResource = testIf(
  lacks('root', 'overlay', 'program/busybox') ??
    (lacks('capability/24') === undefined ? 'CAP_SYS_RESOURCE is there, so everything is permitted' : undefined),
);

withoutResource("a hard limit above rkt's own is refused, and the pod is undone", (t) => {
  const box = launchBox(t);
  const result = box.run({process: {rlimits: [{name: 'nofile', soft: 1024, hard: 10_000_000}]}});
  const {code, fields, pastReturn, mounts} = LaunchBox.failure(result);
  t.is(code, 'RKT_RLIMIT_NOT_PERMITTED');
  t.is(fields.limit, 'nofile');
  t.is(fields.wanted, '10000000');
  t.deepEqual({pastReturn, mounts, status: result.status}, {pastReturn: false, mounts: 0, status: 254});
});

withoutResource("an oom score below rkt's own is refused", (t) => {
  const {code, fields} = LaunchBox.failure(launchBox(t).run({process: {oomScoreAdj: -500}}));
  t.is(code, 'RKT_OOM_SCORE_NOT_PERMITTED');
  t.is(fields.score, -500);
});

const refusal = (box: LaunchBox, process: Partial<Process>) => {
  const result = box.run({process});
  const {code, fields, pastReturn, mounts} = LaunchBox.failure(result);
  return {code, status: result.status, program: fields.program, pastReturn, mounts};
};

launchTest("IM-15 a program is looked up in the app's own PATH inside its rootfs", (t) => {
  const box = launchBox(t);
  mkdirSync(join(box.image, 'opt'));
  writeFileSync(join(box.image, 'opt/tool'), '#!/bin/sh\necho "$0" "$@"\n', {mode: 0o755});
  mkdirSync(join(box.image, 'first'));
  writeFileSync(join(box.image, 'first/tool'), 'no permission', {mode: 0o644});
  const env = [{name: 'PATH', value: '/nowhere:/first:/opt'}];
  t.is(box.run({process: {argv: ['tool', 'a', 'b c'], env}}).stdout, '/opt/tool a b c\n');
  t.is(box.run({process: {argv: ['./tool'], env, cwd: path('/opt')}}).stdout, './tool\n');
  t.is(
    box.run({process: {argv: ['tool'], env: [{name: 'PATH', value: ':/bin'}], cwd: path('/opt')}}).stdout,
    './tool\n',
  );
  t.is(box.run({process: {argv: ['echo', 'default'], env: []}}).stdout, 'default\n');
});

launchTest('IM-15 a program that is missing, and one that only the host has, are not found', (t) => {
  const box = launchBox(t);
  for (const argv of [['no-such-program'], ['/bin/no-such-program'], ['/usr/bin/env']]) {
    t.deepEqual(refusal(box, {argv}), {
      code: 'RKT_EXEC_NOT_FOUND',
      status: 127,
      program: argv[0],
      pastReturn: false,
      mounts: 0,
    });
  }
});

launchTest('a program without permission, of no format, or that is no file, is not executable', (t) => {
  const box = launchBox(t);
  writeFileSync(join(box.image, 'bin/plain'), '#!/bin/sh\n', {mode: 0o644});
  writeFileSync(join(box.image, 'bin/owner-only'), '#!/bin/sh\n', {mode: 0o700});
  writeFileSync(join(box.image, 'bin/text'), 'hello', {mode: 0o755});
  writeFileSync(join(box.image, 'bin/bang'), '#! \n', {mode: 0o755});
  const cases: [string, Partial<Process>][] = [
    ['/bin/plain', {}],
    ['plain', {}],
    ['/bin/owner-only', {uid: 1000, capabilities: {bounding: [], effective: [], ambient: []}}],
    ['/bin/text', {}],
    ['/bin/bang', {}],
    ['/bin', {}],
  ];
  for (const [program, changes] of cases) {
    const {code, status} = refusal(box, {...changes, argv: [program]});
    t.deepEqual([program, code, status], [program, 'RKT_EXEC_NOT_EXECUTABLE', 126]);
  }
});

launchTest('a program in a directory that the user may not search is refused before anything is lost', (t) => {
  const box = launchBox(t);
  mkdirSync(join(box.image, 'closed'));
  writeFileSync(join(box.image, 'closed/tool'), '#!/bin/sh\n', {mode: 0o755});
  chmodSync(join(box.image, 'closed'), 0o700);
  const process: Partial<Process> = {
    argv: ['/closed/tool'],
    uid: 1000,
    capabilities: {bounding: [], effective: [], ambient: []},
    seccomp: {default: {action: 'kill'}, rules: [{syscalls: ['execve'], outcome: {action: 'allow'}}]},
  };
  const {code, status, pastReturn} = refusal(box, process);
  t.deepEqual({code, status, pastReturn}, {code: 'RKT_EXEC_NOT_EXECUTABLE', status: 126, pastReturn: false});
});

const elf = (machine: number, interpreter?: string): Buffer => {
  const file = Buffer.alloc(256);
  file.writeUInt32BE(0x7f454c46, 0);
  file.set([2, 1, 1], 4);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(interpreter === undefined ? 0 : 1, 56);
  if (interpreter !== undefined) {
    file.writeUInt32LE(3, 64);
    file.writeBigUInt64LE(128n, 72);
    file.writeBigUInt64LE(BigInt(interpreter.length + 1), 96);
    file.write(interpreter, 128);
  }
  return file;
};
const NATIVE = process.arch === 'arm64' ? 183 : 62;

launchTest('a program for another machine is named as such', (t) => {
  const box = launchBox(t);
  writeFileSync(join(box.image, 'bin/other'), elf(21), {mode: 0o755});
  const {code, status} = refusal(box, {argv: ['other']});
  t.deepEqual([code, status], ['RKT_EXEC_WRONG_ARCHITECTURE', 126]);
});

launchTest('a missing loader or interpreter is named, not the program', (t) => {
  const box = launchBox(t);
  writeFileSync(join(box.image, 'bin/dynamic'), elf(NATIVE, '/lib/ld-none.so'), {mode: 0o755});
  writeFileSync(join(box.image, 'bin/script'), '#! /bin/no-shell -e\n', {mode: 0o755});
  writeFileSync(join(box.image, 'bin/loop'), '#!/bin/loop\n', {mode: 0o755});
  for (const [program, interpreter] of [
    ['dynamic', '/lib/ld-none.so'],
    ['script', '/bin/no-shell'],
    ['loop', '/bin/loop'],
  ]) {
    const result = box.run({process: {argv: [program ?? '']}});
    const {code, fields} = LaunchBox.failure(result);
    t.deepEqual([code, fields.interpreter, result.status], ['RKT_EXEC_INTERPRETER_MISSING', interpreter, 127]);
  }
});

launchTest('S03 neither a program nor what interprets it may be a link to the running process', (t) => {
  const box = launchBox(t);
  symlinkSync('/proc/self/exe', join(box.image, 'bin/self'));
  writeFileSync(join(box.image, 'bin/by-script'), '#!/proc/self/exe\n', {mode: 0o755});
  writeFileSync(join(box.image, 'bin/by-loader'), elf(NATIVE, '/proc/self/exe'), {mode: 0o755});
  t.is(refusal(box, {argv: ['/bin/self']}).code, 'RKT_EXEC_NOT_FOUND');
  t.is(refusal(box, {argv: ['/proc/self/exe']}).code, 'RKT_EXEC_NOT_FOUND');
  t.is(refusal(box, {argv: ['by-script']}).code, 'RKT_EXEC_INTERPRETER_MISSING');
  t.is(refusal(box, {argv: ['by-loader']}).code, 'RKT_EXEC_INTERPRETER_MISSING');
});

launchTest('S04 a working directory that leads out of the rootfs is refused', (t) => {
  const box = launchBox(t);
  symlinkSync('/proc/self/cwd', join(box.image, 'by-link'));
  const directories = [
    ...Array.from({length: 8}, (_, fd) => `/proc/self/fd/${fd * 9}`),
    '/proc/self/cwd',
    '/proc/self/root',
    '/by-link',
  ];
  for (const cwd of [...directories, '/nowhere', '/bin/busybox']) {
    const {code, fields} = LaunchBox.failure(box.run({process: {cwd: path(cwd)}}));
    t.deepEqual([code, fields.path], ['RKT_WORKING_DIRECTORY_MISSING', cwd]);
  }
});

launchTest('a symlink to a working directory stays inside the rootfs', (t) => {
  const box = launchBox(t);
  symlinkSync('/../../work', join(box.image, 'link'));
  t.is(box.run({process: {argv: ['pwd'], cwd: path('/link')}}).stdout, '/work\n');
});

launchTest("the host's root directory is gone: no mount of it is left", (t) => {
  const {mounts} = probeOf(launchBox(t), {});
  t.deepEqual(
    mounts.map(({target, type}) => [target, type]),
    [
      ['/', 'overlay'],
      ['/proc', 'proc'],
    ],
  );
});

launchTest('a program of the host keeps the lock open when it is to hold it', (t) => {
  const box = launchBox(t);
  const launch = {
    into: 'host',
    program: '/bin/busybox' as HostPath,
    keepLock: true,
    root: undefined,
  } as unknown as LaunchOptions['launch'];
  const script = 'echo "$RKT_LOCK_FD"; readlink /proc/$$/fd/$RKT_LOCK_FD; ls /proc/$$/fd; true';
  const {stdout, stderr} = box.run({launch, process: {argv: ['sh', '-c', script]}});
  t.is(stderr, '');
  const [lock = '', directory, ...open] = stdout.trim().split('\n');
  t.is(directory, box.box.directory);
  t.deepEqual(open.toSorted(), ['0', '1', '2', lock].toSorted());
});

launchTest('a program that the flavor launches and that the host has not is said so', (t) => {
  const box = launchBox(t);
  const launch = {
    into: 'host',
    program: '/usr/bin/not-on-this-host' as HostPath,
    keepLock: false,
    root: undefined,
  };
  const result = box.run({launch: launch as unknown as LaunchOptions['launch']});
  const {code, fields} = LaunchBox.failure(result);
  t.deepEqual([code, fields.program, result.status], ['RKT_LAUNCH_PROGRAM_MISSING', launch.program, 127]);
});

/** Starts the app as a service manager does, with a listening socket as descriptor 3. */
const activated = async (box: LaunchBox, pid: string, passSockets: boolean) => {
  const plan = box.plan({process: {argv: ['sh', '-c', 'env; ls -l /proc/$$/fd']}, launch: {passSockets}});
  const [program, args] = box.command(plan);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {fd} = (server as unknown as {_handle: {fd: number}})._handle;
  const script = `export LISTEN_FDS=1 LISTEN_FDNAMES=web LISTEN_PID=${pid}; exec "$@"`;
  const result = spawnSync('/bin/sh', ['-c', script, 'sh', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    encoding: 'utf8',
  });
  server.close();
  return {...result, passed: / 3 -> socket:/.test(result.stdout)};
};

launchTest('sockets that were passed to rkt reach an app that takes them', async (t) => {
  const box = launchBox(t);
  const {stdout, passed, pid} = await activated(box, '$$', true);
  t.true(passed);
  t.regex(stdout, /^LISTEN_FDS=1$/m);
  t.regex(stdout, /^LISTEN_FDNAMES=web$/m);
  t.regex(stdout, new RegExp(`^LISTEN_PID=${pid}$`, 'm'));
});

launchTest('S04 sockets that were passed to another process, or that the app does not take, stay behind', async (t) => {
  const box = launchBox(t);
  for (const {stdout, passed} of [await activated(box, '1', true), await activated(box, '$$', false)]) {
    t.false(passed);
    t.notRegex(stdout, /LISTEN_/);
  }
});

launchTest('S04 LISTEN_FDS that promises more than was passed is refused', (t) => {
  const box = launchBox(t);
  const [program, args] = box.command(box.plan({launch: {passSockets: true}}));
  const result = spawnSync('/bin/sh', ['-c', 'export LISTEN_FDS=4 LISTEN_PID=$$; exec "$@"', 'sh', program, ...args], {
    encoding: 'utf8',
  });
  t.is(LaunchBox.failure(result).code, 'RKT_LISTEN_FDS_INVALID');
});

launchTest('a failure at any point before the credentials leaves nothing, and after them only what gc removes', (t) => {
  const box = launchBox(t);
  for (const point of faultPoints(box.plan({})).slice(2)) {
    const result = box.run({environment: {RKT_FAULT: `${point}:error`}});
    const {code, fields, pastReturn, mounts} = LaunchBox.failure(result);
    t.deepEqual([code, fields.step], ['RKT_FAULT_INJECTED', point]);
    t.is(pastReturn, point === 'launch.exec');
    if (!pastReturn) t.is(mounts, 0);
    t.deepEqual(readdirSync(box.box.rootfs), []);
    t.is(box.run({environment: {RKT_FAULT: `${point}:kill`}}).signal, 'SIGKILL');
  }
});
