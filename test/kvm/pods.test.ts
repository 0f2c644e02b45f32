import {execFileSync, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {REVISION} from '../../flavors/kvm/src/revision.ts';
import {SHELL_CALLS} from '../../plugin-sdk/src/kit/cases/shell-calls.ts';
import {rktEnvironment, root} from '../helpers/command.ts';
import {type CallOptions, openHost, type Started} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksMachines} from '../helpers/kvm.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {lacksTaps, openNetwork} from '../helpers/network.ts';
import {credentials, PROBE, type Probe, parseProbe} from '../helpers/probe.ts';
import {said} from '../helpers/said.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';
import {untilCollected} from '../helpers/until-collected.ts';

/* Pods in virtual machines. Each takes seconds of a processor where there is no hardware support, so that one tells as much as it can. */

const host = openHost();
const kernelTest = serialTestIf(lacksMachines());
const options = {stage1: 'kvm', timeout: 600_000} as const;
/** It does nothing until the last test, and then says once more how many interrupts there have been, and in how many seconds. */
const SLEEPS =
  'look() { grep "^intr" /proc/stat | cut -d" " -f2; cut -d" " -f1 /proc/uptime; }; look; echo ready; cat; look';
let sleeper: Started | undefined;
/** Of the pod's QEMU, in MiB, once the app runs. */
let awake = 0;

test.before(async (t) => {
  if (lacksMachines() !== undefined) return;
  t.timeout(20 * 60_000);
  const before = await host.sh('true', options);
  t.is(before.error?.code, 'RKT_STAGE1_IMAGE_MISSING');
  const {exitCode, stderr} = await host.rkt(['flavor', 'build', 'kvm'], {timeout: 20 * 60_000});
  t.is(exitCode, 0, stderr);
  sleeper = await host.start(SLEEPS, options);
  awake = ownMemory(sleeper.uuid);
});
test.after.always(() => host.close());

const statuses = async (uuid: string): Promise<Record<string, number>> => {
  const {stdout} = await host.rkt(['status', uuid]);
  return Object.fromEntries([...stdout.matchAll(/^app-(.+)=(\d+)$/gm)].map(([, app, code]) => [app, Number(code)]));
};

/** Processes of a pod: QEMU and the monitor beside it. */
const processesOf = (uuid: string): {pid: number; name: string}[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(uuid)) return [];
        return [{pid: Number(entry), name: readFileSync(`/proc/${entry}/comm`, 'utf8').trim()}];
      } catch {
        return [];
      }
    });

/** What the pod's QEMU shares with nobody, in MiB. */
const ownMemory = (uuid: string): number => {
  const qemu = processesOf(uuid).find(({name}) => name.startsWith('qemu'));
  const [, kibibytes] = /^Pss_Anon: +(\d+) kB$/m.exec(readFileSync(`/proc/${qemu?.pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
};

/** Pods of other tests end well. */
const STATUSES: readonly (readonly [script: string, code: number])[] = [
  ['exit 255', 255],
  ['kill -KILL $$', 137],
];
const MORE_STATUSES: typeof STATUSES = [
  ['exit 0', 0],
  ['kill -TERM $$', 143],
];
for (const [script, code] of env.RKT_TEST_LONG === '1' ? [...STATUSES, ...MORE_STATUSES] : STATUSES) {
  kernelTest(`the exit status is the app's: ${script}`, async (t) => {
    const {exitCode, stderr} = await host.sh(script, options);
    t.deepEqual([exitCode, stderr], [code, '']);
  });
}

kernelTest('input reaches the app and ends, and what it writes comes apart and whole', async (t) => {
  const input = Buffer.alloc(3_000_000, 'abcdefg\n').toString();
  const {stdout, stderr, exitCode} = await host.sh('cat; echo end >&2', {...options, input});
  t.is(createHash('sha256').update(stdout).digest('hex'), createHash('sha256').update(input).digest('hex'));
  t.deepEqual([stderr, exitCode], ['end\n', 0]);
});

kernelTest('a pod that was prepared with copies of its files is not one for a machine', async (t) => {
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', '--stage1=fly', '--no-overlay', buildImage(), '--exec=/bin/true'],
  ]);
  const uuid = prepared.stdout.trim();
  const {error} = await host.rkt(['--format=json', 'run-prepared', '--stage1=kvm', uuid]);
  t.is(error?.code, 'RKT_POD_FLAVOR_FIXED', prepared.stderr);
  t.deepEqual(host.podDirectories().prepared, [uuid]);
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
});

/** Where programs are in memory is drawn anew for each, and nothing keeps those from it that it starts. */
const PLACES = 'cat /proc/self/personality; for try in 1 2; do grep stack /proc/self/maps; done';
const placesAreDrawn = (t: ExecutionContext, stdout: string): void => {
  t.regex(stdout, /^00000000$/m);
  const [one, other, ...more] = stdout.match(/^.*\[stack\]$/gm) ?? [];
  t.deepEqual([more, other], [[], other ?? 'another']);
  t.not(one, other);
};

const PARAMETERS = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/kernel/msgmax'];

kernelTest('isolators hold inside, by a kernel of its own', async (t) => {
  const before = PARAMETERS.map((file) => readFileSync(file, 'utf8'));
  const {stdout, stderr} = await host.sh(
    `${PROBE}grep . ${PARAMETERS.join(' ')}; uname -r; cat /sys/class/net/*/uevent; ls /sys/fs/cgroup; (ulimit -n); cat /proc/cmdline; reboot; echo $?; ${PLACES}`,
    {
      ...options,
      pod: ['--hostname=machine', '--sysctl=net.ipv4.ip_forward=1', '--sysctl=kernel.msgmax=4444'],
      app: [
        ...['--user=1000', '--group=1000', '--memory=48Mi', '--pids=33', '--cpu=500m', '--oom-score-adj=50'],
        ...['--caps-retain=CAP_NET_BIND_SERVICE', '--seccomp=mode=remove,errno=EPERM,reboot,mkdirat,mkdir'],
      ],
    },
  );
  const probe = parseProbe(stdout);
  const {status} = probe;
  t.is(status.Uid, '1000\t1000\t1000\t1000', stderr);
  t.is(status.Gid, '1000\t1000\t1000\t1000');
  t.is(status.CapBnd, '0000000000000400');
  t.is(status.Seccomp, '2');
  t.is(probe.oomScoreAdj, '50');
  t.true(probe.cgroup.some((line) => line.endsWith('/app') || line.includes('busybox') || line.length > 2));
  t.notRegex(stdout, new RegExp(`^${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}$`, 'm'));
  t.is(probe.mounts.findLast(({target}) => target === '/')?.type, 'overlay');
  t.true(stdout.includes(`${PARAMETERS[0]}:1\n${PARAMETERS[1]}:4444\n`), stdout);
  t.deepEqual(
    PARAMETERS.map((file) => readFileSync(file, 'utf8')),
    before,
  );
  placesAreDrawn(t, stdout);
});

kernelTest('PO-01 apps of a pod share names and memory, and no files; the first that fails ends it', async (t) => {
  const app = (name: string, script: string): string[] => [
    buildImage(),
    `--name=${name}`,
    '--exec=/bin/sh',
    '--',
    '-c',
    script,
  ];
  const file = path.join(host.directory, 'two');
  const {exitCode, stdout, stderr} = await host.rkt(
    [
      ...['--format=json', '--insecure-options=image', 'run', '--stage1=kvm', `--uuid-file-save=${file}`],
      ...app(
        'a',
        'trap "echo stopped; exit 4" TERM; echo x >/only-a; echo y >/dev/shm/both; while :; do sleep 0.1; done',
      ),
      '---',
      ...app('b', 'until [ -s /dev/shm/both ]; do sleep 0.1; done; cat /dev/shm/both; cat /only-a; hostname; exit 3'),
    ],
    {timeout: 600_000},
  );
  const uuid = readFileSync(file, 'utf8').trim();
  t.is(exitCode, 3, stderr);
  t.deepEqual(stdout.trim().split('\n').sort(), [`rkt-${uuid}`, 'stopped', 'y']);
  t.regex(stderr, /only-a/);
  t.deepEqual(await statuses(uuid), {a: 4, b: 3});
});

kernelTest('S21 QEMU is nobody, with nothing of the host; a signal is the one that the app gets', async (t) => {
  const pod = await host.start('trap "exit 7" USR1; echo ready; while :; do sleep 0.1; done', options);
  const processes = processesOf(pod.uuid);
  t.deepEqual(processes.map(({name}) => name).sort(), ['monitor', 'qemu-system-x86']);
  for (const {pid} of processes) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const ids = field('Uid').split('\t').map(Number);
    t.true(ids.every((id) => id >= 0x7000_0000 && id === ids[0]));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.is(BigInt(`0x${field(set)}`), 0n);
    t.is(field('NoNewPrivs'), '1');
    for (const kind of ['mnt', 'net', 'ipc', 'uts'])
      t.not(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
    t.deepEqual(readdirSync(`/proc/${pid}/root/dev`).sort(), ['null', 'urandom']);
    t.false(existsSync(`/proc/${pid}/root/proc/self`));
    // Whose file its user cannot read, its memory is nobody's either.
    for (const own of ['monitor', 'enter'])
      t.is(lstatSync(`/proc/${pid}/root/usr/lib/rkt/${REVISION}/${own}`).mode & 0o7777, 0o711);
  }
  const qemu = processes.find(({name}) => name !== 'monitor')?.pid ?? 0;
  t.is(/^Seccomp:\s*(\d)/m.exec(readFileSync(`/proc/${qemu}/status`, 'utf8'))?.[1], '2');
  const {exitCode} = await pod.end('SIGUSR1');
  t.is(exitCode, 7);
  t.deepEqual(Object.values(await statuses(pod.uuid)), [7]);
});

/** What of a process one that enters has, too. */
const comparable = (probe: Probe) => {
  const {limits, namespaces, cgroup, mounts, env, cwd, umask, oomScoreAdj, fds} = probe;
  const descriptors = Object.keys(fds).sort();
  return {
    credentials: credentials(probe),
    limits,
    namespaces,
    cgroup,
    mounts,
    env,
    cwd,
    umask,
    oomScoreAdj,
    descriptors,
  };
};

const STAYS_ENTERED = 'trap "echo got; exit 6" USR1; echo there; : stays-entered; while :; do sleep 0.1; done';

/** A directory of the host for volumes, with a file that is not one. */
const volumeDirectory = (
  name: string,
  files: Readonly<Record<string, readonly [owner: number, mode: number]>>,
): string => {
  const directory = path.join(host.directory, `volume-${name}`);
  mkdirSync(directory);
  for (const [file, [owner, mode]] of Object.entries(files)) {
    writeFileSync(path.join(directory, file), `${file}\n`);
    chownSync(path.join(directory, file), owner, owner);
    chmodSync(path.join(directory, file), mode);
  }
  return directory;
};
const looks = (directory: string, file: string): string => {
  const {mode, uid, gid} = lstatSync(path.join(directory, file));
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
};
const ROOT_OF_GUEST = 'CAP_CHOWN,CAP_DAC_OVERRIDE,CAP_FOWNER,CAP_FSETID,CAP_MKNOD,CAP_SETUID,CAP_SETGID,CAP_SYS_ADMIN';

kernelTest(
  'PO-09 S21 S29 volumes have the owners of the host; what is read-only is so to root of the guest, too; no app opens a disk',
  async (t) => {
    const data = volumeDirectory('data', {secret: [0, 0o600], theirs: [1000, 0o640], file: [0, 0o644]});
    const fixed = volumeDirectory('fixed', {kept: [0, 0o666]});
    const outside = volumeDirectory('outside', {hidden: [0, 0o644]});
    mkdirSync(path.join(data, 'inner'));
    const pod = await host.start(
      `cd /data; stat -c '%n %a %u:%g' secret theirs; cat secret /one
    echo made >made; chown 70000 made && echo escaped; chown 1234:4321 made; chmod 4751 made; mkdir -m 2775 directory; chown 5:6 directory
    echo more >>theirs; mv file moved; ln moved linked; ln -s ${outside}/hidden out; cat out && echo escaped
    mkfifo fifo && echo escaped; mknod device c 1 3 && echo escaped
    echo changed >/one; stat -c '%a %u:%g' /scratch; echo in >inner/into; awk '$2 == "/scratch" || $2 == "/data" {print $3}' /proc/mounts
    mknod /disk b $(tr : ' ' </sys/block/vda/dev) && echo node; head -c 1 /disk && echo escaped
    mount -o remount,rw,bind x /fixed && mount -o remount,rw x /fixed && echo remounted
    for try in '>/fixed/new' '>/fixed/kept' 'rm -f /fixed/kept' 'chmod 777 /fixed/kept' 'mkdir /fixed/directory'; do
      sh -c "$try" && echo "escaped by $try"
    done
    echo ready; while :; do sleep 0.1; done`,
      {
        ...options,
        pod: [
          `--volume=data,kind=host,source=${data}`,
          `--volume=fixed,kind=host,source=${fixed},readOnly=true`,
          `--volume=inner,kind=host,source=${outside}`,
          `--volume=one,kind=host,source=${data}/theirs`,
          '--volume=scratch,kind=empty,mode=1770,uid=7,gid=8',
        ],
        app: [
          ...['data:/data', 'fixed:/fixed', 'inner:/data/inner', 'one:/one', 'scratch:/scratch'].map((mount) => {
            const [volume, target] = mount.split(':');
            return `--mount=volume=${volume},target=${target}`;
          }),
          ...[`--caps-retain=${ROOT_OF_GUEST}`, '--seccomp=mode=remove,errno=EPERM,reboot'],
        ],
      },
    );
    const {pid: qemu, goesOn} = qemuOf(pod.uuid);
    t.true(goesOn);
    const [status, map, mounts] = ['status', 'uid_map', 'mountinfo'].map((name) =>
      readFileSync(`/proc/${qemu}/${name}`, 'utf8'),
    );
    const seen = readdirSync(`/proc/${qemu}/root/pod/volumes`).sort();
    const {stdout, stderr} = await pod.end('SIGTERM');
    t.deepEqual(
      stdout.trim().split('\n'),
      [
        'secret 600 0:0',
        'theirs 640 1000:1000',
        'secret',
        'theirs',
        '1770 7:8',
        '9p',
        'tmpfs',
        'node',
        'remounted',
        'ready',
      ],
      stderr,
    );
    t.is(looks(data, 'made'), '4751 1234:4321');
    t.is(looks(data, 'directory'), '2775 5:6');
    t.is(looks(data, 'theirs'), '640 1000:1000');
    t.is(readFileSync(path.join(data, 'theirs'), 'utf8'), 'changed\n');
    t.is(lstatSync(path.join(data, 'linked')).ino, lstatSync(path.join(data, 'moved')).ino);
    t.is(readlinkSync(path.join(data, 'out')), `${outside}/hidden`);
    t.deepEqual(readdirSync(data).sort(), ['directory', 'inner', 'linked', 'made', 'moved', 'out', 'secret', 'theirs']);
    t.deepEqual(readdirSync(path.join(data, 'inner')), []);
    t.is(readFileSync(path.join(outside, 'into'), 'utf8'), 'in\n');
    t.deepEqual([readdirSync(fixed), looks(fixed, 'kept')], [['kept'], '666 0:0']);
    // Of a namespace whose ids nobody else has: chown, dac_override, fowner, fsetid.
    t.deepEqual(seen, ['ro', 'rw']);
    t.is(/^CapEff:\s*(\w+)$/m.exec(status ?? '')?.[1], '000000000000001b');
    t.is(/^CapBnd:\s*(\w+)$/m.exec(status ?? '')?.[1], '000000000000001b');
    t.regex(mounts ?? '', / \/proc .* proc proc .*hidepid=invisible,subset=pid$/m);
    t.regex(map ?? '', /^ +0 +18[7-9]\d{7} +65536\n$/);
  },
);

kernelTest(
  'PO-11 apps share volumes, each with the rights of its user; an empty one is gone with the pod',
  async (t) => {
    const data = volumeDirectory('shared', {secret: [0, 0o600], theirs: [1000, 0o640]});
    chmodSync(data, 0o777);
    const image = buildImage({
      files: {'/filled/of-image': {content: 'of the image\n', uid: 1000, gid: 1000}},
      manifest: {annotations: [{name: 'appc.io/docker/repository', value: 'test'}]},
    });
    const mounts = ['data', 'scratch', 'filled'].map((name) => `--mount=volume=${name},target=/${name}`);
    const {exitCode, stdout, stderr} = await host.rkt(
      [
        ...['--format=json', '--insecure-options=image', 'run', '--stage1=kvm'],
        ...[`--volume=data,kind=host,source=${data}`, '--volume=filled,kind=empty'],
        '--volume=scratch,kind=empty,mode=0777',
        ...[image, '--name=a', '--exec=/bin/sh', ...mounts, '--', '-c'],
        'umask 0; mkfifo /scratch/fifo; echo from-a >/scratch/fifo; cat /scratch/answer; stat -c %u /filled/of-image',
        '---',
        ...[image, '--name=b', '--user=1000', '--group=1000', '--exec=/bin/sh', ...mounts, '--', '-c'],
        `until [ -p /scratch/fifo ]; do sleep 0.1; done; cat /data/secret && echo escaped; cat /data/theirs /filled/of-image
      echo x >/data/from-b; echo answer >/scratch/answer; cat /scratch/fifo`,
      ],
      {timeout: 600_000},
    );
    t.is(exitCode, 0, stderr);
    t.deepEqual(stdout.trim().split('\n').sort(), ['1000', 'answer', 'from-a', 'of the image', 'theirs'], stderr);
    t.regex(stderr, /secret.*Permission denied/);
    t.is(looks(data, 'from-b'), '644 1000:1000');
  },
);

kernelTest(
  'S01 what enters has what its app has; its status, signals and streams are those of the command',
  async (t) => {
    const pod = await host.start(`${PROBE}echo ready; cat; exit 9`, {
      ...options,
      app: [
        ...[
          '--user=1000',
          '--group=1000',
          '--memory=48Mi',
          '--pids=99',
          '--oom-score-adj=50',
          '--environment=SECRET=x',
        ],
        ...['--caps-retain=CAP_NET_BIND_SERVICE', '--seccomp=mode=remove,errno=EPERM,reboot,mkdirat,mkdir'],
      ],
    });
    const call = {timeout: 600_000};
    const enter = (script: string, more: CallOptions = {}) => host.enter(pod.uuid, script, {...call, ...more});
    const {stdout: seen, stderr} = await enter(`${PROBE}${PLACES}`);
    t.is(stderr, '');
    placesAreDrawn(t, seen);

    const input = Buffer.alloc(1_000_000, 'abcdefg\n').toString();
    const [ended, killed, copied, apart, unknown, unexecutable, endless] = await Promise.all([
      enter('exit 11'),
      enter('kill -TERM $$'),
      enter('cat', {input}),
      enter('echo out; echo err >&2; mkdir /tmp/x'),
      host.rkt(['enter', pod.uuid, '/bin/nowhere'], call),
      host.rkt(['enter', pod.uuid, '/etc/hosts'], call),
      host.rkt(['enter', pod.uuid, '/bin/cat', '/dev/zero'], {
        ...call,
        through: ['/bin/bash', '-c', '"$@" | head -c 100000 | wc -c; echo $PIPESTATUS', 'bash'],
      }),
    ]);
    t.is(ended.exitCode, 11);
    t.is(killed.signal, 'SIGTERM');
    t.is(copied.stdout, input);
    t.deepEqual([apart.stdout, apart.exitCode], ['out\n', 1]);
    t.regex(apart.stderr, /^err\nmkdir: .*not permitted\n$/);
    t.deepEqual([unknown.exitCode, unknown.stdout], [127, '']);
    t.regex(unknown.stderr, /RKT_EXEC_NOT_FOUND: \/bin\/nowhere is not in/);
    t.deepEqual([unexecutable.exitCode, unexecutable.stdout], [126, '']);
    t.regex(unexecutable.stderr, /RKT_EXEC_NOT_EXECUTABLE: .*Permission denied/);
    // Its reader has gone: it finds that out.
    t.is(endless.stdout, '100000\n141\n');

    const stays = async () => {
      const [program, ...rest] = host.command('enter', pod.uuid, '/bin/sh', '-c', STAYS_ENTERED);
      const child = spawn(program, rest, {env: rktEnvironment, stdio: ['ignore', 'pipe', 'inherit']});
      await said(child);
      return child;
    };
    const entered = await stays();
    let printed = '';
    entered.stdout.on('data', (bytes: Buffer) => {
      printed += bytes;
    });
    entered.kill('SIGUSR1');
    const [code] = await once(entered, 'close');
    t.deepEqual([code, printed], [6, 'got\n']);

    // Whoever has entered goes with the caller, and with the pod.
    (await stays()).kill('SIGKILL');
    await until(async () => (await enter("grep -q 'st[a]ys-entered' /proc/[0-9]*/cmdline")).exitCode === 1, 180_000);
    const last = await stays();
    pod.child.stdin?.end();
    const [[, signal], {exitCode, stdout}] = await Promise.all([once(last, 'close'), pod.ended]);
    t.deepEqual([signal, exitCode], ['SIGKILL', 9]);
    t.is((await enter('true')).error?.code, 'RKT_POD_STATE');

    const [inside, app] = [seen, stdout].map((text) => comparable(parseProbe(text)));
    t.deepEqual(inside, app);
    t.deepEqual(
      [app?.credentials.CapBnd, app?.credentials.Seccomp, app?.oomScoreAdj, app?.env.SECRET, app?.descriptors],
      ['0000000000000400', '2', '50', 'x', ['0', '1', '2']],
    );
  },
);

serialTestIf(lacksMachines() ?? lacksPods('program/python3'))(
  'an app has a terminal of the machine, and so has what enters it on one: size, keys, jobs and modes',
  async (t) => {
    const file = path.join(host.directory, 'terminal');
    const open = (...command: readonly string[]) => {
      const terminal = openTerminal(command);
      t.teardown(terminal.close);
      return terminal;
    };
    const app = open(
      ...host.command('--insecure-options=image', 'run', '--stage1=kvm', '--interactive', `--uuid-file-save=${file}`),
      ...[buildImage(), '--exec=/bin/sh', '--', '-c'],
      `trap "stty size" WINCH; trap "echo caught; exit 3" INT; stty size; tty; for n in 0 1 2; do test -t $n && echo "$n is"; done
      echo there; while :; do sleep 0.1; done`,
    );
    await app.see(/24 80\r\n\/dev\/pts\/0\r\n0 is\r\n1 is\r\n2 is\r\nthere\r\n/);
    app.resize(33, 99);
    await app.see(/33 99\r\n/);

    const uuid = readFileSync(file, 'utf8').trim();
    t.true(qemuOf(uuid).goesOn);
    const shell = open('/usr/bin/env', 'TERM=vt220', ...host.command('enter', uuid, '/bin/sh'));
    const prompt = /[#$] /;
    await shell.see(prompt);
    shell.type('echo kind=$TERM; sh -c \'trap "echo go""ing" CONT; echo start""ed; while :; do sleep 0.1; done\'\n');
    await shell.see(/kind=vt220\r\n[\s\S]*started\r\n/);
    shell.type('\x1a');
    await shell.see(/Stopped/);
    await shell.see(prompt);
    shell.type('fg\n');
    await shell.see(/going/);
    shell.type('\x03');
    await shell.see(prompt);
    shell.resize(40, 100);
    shell.type(
      "until [ \"$(stty size)\" = '40 100' ]; do :; done; echo resi''zed=$$,; until [ -e /over ]; do sleep 0.1; done; exit 7\n",
    );
    const [, pid] = await shell.see(/resized=(\d+),/);
    // Who may look into it reads what is typed there.
    const reads = host.enter(uuid, `read -r line </proc/${pid}/fd/0; echo "<$line>"; touch /over`, options);
    shell.type('secret\n');
    t.is((await reads).stdout, '<secret>\n');
    t.like(await shell.ended, {status: 7, restored: true});

    const enter = host.command('enter', uuid, '/bin/sh', '-c', 'cat; test -t 1 || echo pipe; exit 5');
    const piped = open('/bin/sh', '-c', 'echo piped | "$@"', 'sh', ...enter);
    await piped.see(/^piped\r\npipe\r\n$/);
    t.like(await piped.ended, {status: 5, restored: true});

    app.type('\x03');
    await app.see(/caught\r\n/);
    t.like(await app.ended, {status: 3, restored: true});
  },
);

kernelTest(
  'S14 S15 an image may have anything where the kernel’s directories are, and any name inside of a volume',
  async (t) => {
    const odd = 'a\tb\nstart\t0';
    const [outer, inner] = [volumeDirectory('odd-outer', {}), volumeDirectory('odd-inner', {file: [0, 0o644]})];
    mkdirSync(path.join(outer, odd));
    const {stdout, stderr, exitCode} = await host.sh('cat /data/a*/file; ls -d /proc/self/fd/ /sys/fs/ /dev/pts/', {
      ...options,
      image: {
        files: {'/dev': {symlink: 'bin'}, '/proc': {symlink: '/tmp'}, '/sys': 'x'},
        app: {
          mountPoints: [
            {name: 'outer', path: '/data'},
            {name: 'inner', path: `/data/${odd}`},
          ],
        },
      },
      pod: [`--volume=outer,kind=host,source=${outer}`, `--volume=inner,kind=host,source=${inner}`],
    });
    t.deepEqual([exitCode, stdout], [0, 'file\n/dev/pts/\n/proc/self/fd/\n/sys/fs/\n'], stderr);
  },
);

kernelTest('stop asks the app; logs are kept; gc leaves nothing', async (t) => {
  const file = path.join(host.directory, 'stopped');
  const ended = host.sh('trap "echo asked; exit 5" TERM; echo here; while :; do sleep 0.1; done', {
    ...options,
    pod: [`--uuid-file-save=${file}`],
    app: ['--stdout=log'],
  });
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 180_000);
  const uuid = readFileSync(file, 'utf8').trim();
  const {exitCode: ready} = await host.rkt(['status', '--wait-ready', uuid], {timeout: 600_000});
  t.is(ready, 0);
  // By then it says what it does about a signal.
  await until(async () => (await host.rkt(['logs', uuid])).stdout === 'here\n');
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  const {exitCode} = await ended;
  t.is(exitCode, 5);
  t.is((await host.rkt(['logs', uuid])).stdout, 'here\nasked\n');
  await untilCollected(t, host, uuid);
  t.deepEqual(processesOf(uuid), []);
});

/** Where the kernel of the guest keeps what apps write has no order, no disk and no other limits than memory. */
const WRITES = [
  'cd /tmp; ln -s nowhere a; ln a b; mkfifo p; touch -d @-5 old; dd if=/dev/null of=lastlog bs=1 seek=100G',
  'printf begin >database; dd if=/dev/null of=database bs=1 seek=50M; printf end >>database; ln database again',
  'rm /bin/wc; rm -r /of-image; mkdir /of-image; echo own >/of-image/own; chmod 711 /of-image',
  'chmod 4711 /bin/busybox; mkdir -p /deep/er; chown -R 1234:5678 /deep; echo new >/etc/new; mkdir /etc/dir',
];
const LOOKS =
  'cd /tmp; stat -c "%h %F" b p again; stat -c %Y old; stat -c %s lastlog database; head -c 5 database; tail -c 3 again; echo; ls /bin/wc; cat /etc/new; ' +
  'stat -c "%a %u %g" /bin/busybox /of-image /deep/er; ls /of-image; ls -d /etc/dir';

kernelTest('IM-04 export makes an image of what an app left, by the others of its pod, too', async (t) => {
  const file = path.join(host.directory, 'exported');
  const image = buildImage({
    files: {'/of-image/old': {content: 'of the image\n'}, '/': {directory: true, mode: 0o1711, uid: 5, gid: 6}},
  });
  const app = (name: string, script: string): string[] => [
    image,
    `--name=${name}`,
    '--exec=/bin/sh',
    '--',
    '-c',
    script,
  ];
  // What goes on when its app has ended changes nothing any more.
  const leaves = `${WRITES.join(' && ')}; (while :; do echo more >>/tmp/grows; done) >/dev/null 2>&1 & exit 0`;
  const ran = await host.rkt(
    [
      ...['--insecure-options=image', 'run', '--stage1=kvm', `--uuid-file-save=${file}`],
      ...[
        ...app('a', leaves),
        '---',
        ...app('b', 'sleep 1; stat -c "%a %u %g" /; exit 0'),
        '---',
        ...app('c', 'echo x >/only-c; exit 0'),
      ],
    ],
    {timeout: 600_000},
  );
  // Of the image is the root directory, too.
  t.deepEqual([ran.exitCode, ran.stdout], [0, '1711 5 6\n'], ran.stderr);
  const uuid = readFileSync(file, 'utf8').trim();
  const exported = async (name: string): Promise<string> => {
    const output = path.join(host.directory, `exported-${name}.aci`);
    const {exitCode, stderr} = await host.rkt(['export', `--app=${name}`, uuid, output]);
    t.is(exitCode, 0, stderr);
    return output;
  };
  const [a, b, c] = [await exported('a'), await exported('b'), await exported('c')];
  const again = await host.sh(LOOKS, {image: a, stage1: 'fly'});
  const sizes = `${100 * 2 ** 30}\n${50 * 2 ** 20 + 3}`;
  t.is(
    again.stdout,
    `2 symbolic link\n1 fifo\n2 regular file\n-5\n${sizes}\nbeginend\nnew\n4711 0 0\n711 0 0\n755 1234 5678\nown\n/etc/dir\n`,
    again.stderr,
  );
  // It has written nothing, which is found without an archive.
  const changes = path.join(host.data, 'pods/run', uuid, 'stage1/rootfs/rkt/changes');
  t.deepEqual(readdirSync(changes).sort(), ['a', 'b', 'c']);
  t.is(lstatSync(path.join(changes, 'b')).size, 0);
  t.is((await host.sh('cat /of-image/old; ls /only-c', {image: b, stage1: 'fly'})).stdout, 'of the image\n');
  t.is(
    (await host.sh('cat /of-image/old /only-c; stat -c %a /', {image: c, stage1: 'fly'})).stdout,
    'of the image\nx\n1711\n',
  );
});

kernelTest('S20 what the app of a pod that was killed had written is not there, and is not said to be', async (t) => {
  const pod = await host.start('echo x >/etc/new; echo ready; cat', options);
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await pod.ended;
  const output = path.join(host.directory, 'killed.aci');
  const {error, exitCode} = await host.rkt(['--format=json', 'export', pod.uuid, output]);
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_CHANGES_NOT_KEPT']);
  t.false(existsSync(output));
});

kernelTest('when QEMU or its monitor is killed, both end, and the pod has', async (t) => {
  for (const [victim, code] of [
    ['qemu-system-x86', 254],
    ['monitor', 137],
  ] as const) {
    const pod = await host.start('echo ready; while :; do sleep 0.1; done', options);
    const found = processesOf(pod.uuid).find(({name}) => name === victim);
    if (found === undefined) throw new Error(`there is no ${victim}`);
    process.kill(found.pid, 'SIGKILL');
    const {exitCode, stderr} = await pod.ended;
    t.is(exitCode, code);
    if (victim !== 'monitor') t.regex(stderr, /RKT_MACHINE_KILLED/);
    await until(() => processesOf(pod.uuid).length === 0);
    await until(async () => (await host.pods()).some(({name, state}) => name === pod.uuid && state === 'exited'));
  }
});

/** What QEMU was started with, of a pod that runs. */
const qemuOf = (uuid: string): {readonly pid: number; readonly goesOn: boolean} => {
  const pid = processesOf(uuid).find(({name}) => name !== 'monitor')?.pid ?? 0;
  return {pid, goesOn: readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\0-incoming\0')};
};

const UNIQUE = ['boot_id', 'uuid'].map((name) => `cat /proc/sys/kernel/random/${name};`).join(' ');
const RANDOM = `${UNIQUE} head -c 32 /dev/urandom | md5sum; head -c 32 /dev/random | md5sum; hostname`;
const STAYS = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done';

kernelTest('S32 machines go on from one that was booted once, and have nothing random in common', async (t) => {
  const before = Math.floor(Date.now() / 1000);
  const pods = await Promise.all([1, 2].map(() => host.start(`${RANDOM}; date +%s; ${STAYS}`, options)));
  const files = readdirSync(path.join(host.data, 'cas/templates'), {recursive: true, encoding: 'utf8'});
  const names = files
    .map((name) => path.basename(name))
    .filter((name) => /^[a-z]/.test(name) && !/^[0-9a-f]{14}$/.test(name));
  t.deepEqual([...new Set(names)].sort(), ['files', 'memory', 'record.json', 'state']);
  for (const {uuid} of pods) {
    const {pid, goesOn} = qemuOf(uuid);
    t.true(goesOn);
    const map = readFileSync(`/proc/${pid}/maps`, 'utf8').match(/^.* (rw-p) .*\/pod\/template\/memory$/m);
    t.truthy(map);
    t.regex(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), / \/pod\/template ro,nosuid,nodev,noexec[ ,]/);
  }
  const said = await Promise.all(
    pods.map(async (pod) => {
      const {exitCode, stdout, stderr} = await pod.end('SIGTERM');
      t.deepEqual([exitCode, stderr], [7, '']);
      return stdout.trim().split('\n').slice(0, -1);
    }),
  );
  const [one = [], two = []] = said;
  t.is(one.length, 6);
  for (const [index, value] of one.slice(0, 5).entries()) t.not(value, two[index]);
  for (const lines of said) {
    const now = Number(lines[5]);
    t.true(now >= before && now <= Date.now() / 1000, `${now}`);
  }
});

kernelTest('the configuration has machines booted, and so has --no-template', async (t) => {
  mkdirSync(path.join(host.directory, 'etc/stage1.d'), {recursive: true});
  const configuration = path.join(host.directory, 'etc/stage1.d/templates.json');
  t.teardown(() => rmSync(configuration, {force: true}));
  writeFileSync(configuration, JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', templates: false}));
  const configured = await host.start(STAYS, options);
  rmSync(configuration);
  const asked = await host.start(STAYS, {...options, pod: ['--no-template']});
  for (const pod of [configured, asked]) {
    t.false(qemuOf(pod.uuid).goesOn);
    t.is((await pod.end('SIGTERM')).exitCode, 7);
  }
});

kernelTest('the accelerator is proved; a verdict that is wrong costs time, and no pod', async (t) => {
  const file = path.join(host.data, 'cas/flavors/accelerator');
  await host.rkt(['flavor', 'doctor', 'kvm']);
  if (!existsSync('/dev/kvm')) {
    t.false(existsSync(file));
    return;
  }
  const verdict = readFileSync(file, 'utf8');
  const isProved = verdict.includes('"works":true');
  writeFileSync(file, verdict.replace('"works":false', '"works":true'));
  const {exitCode, stderr} = await host.sh('exit 9', options);
  t.is(exitCode, 9, stderr);
  if (!isProved) t.regex(stderr, /^rkt: with the accelerator kvm .*; it is started with tcg$/m);
  const planned = readFileSync(file, 'utf8');
  t.is((await host.rkt(['--insecure-options=image', 'plan', '--stage1=kvm', buildImage()], options)).exitCode, 0);
  t.is(readFileSync(file, 'utf8'), planned);
  const next = await host.sh('exit 9', options);
  t.deepEqual([next.exitCode, next.stderr], [9, '']);
  t.is(readFileSync(file, 'utf8').includes('"works":true'), isProved);
  const {stdout} = await host.rkt(['--format=json', 'flavor', 'doctor', 'kvm']);
  t.regex(stdout, isProved ? /run on the processor itself/ : /machines are emulated \(tcg\): \/dev\/kvm does not work/);
  t.is(readFileSync(file, 'utf8').includes('"works":true'), isProved);

  mkdirSync(path.join(host.directory, 'etc/stage1.d'), {recursive: true});
  const configuration = path.join(host.directory, 'etc/stage1.d/accelerator.json');
  t.teardown(() => rmSync(configuration));
  const wants = (accelerator: string) =>
    writeFileSync(configuration, JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', accelerator}));
  wants('kvm');
  const forced = await host.sh('exit 9', options);
  t.is(forced.exitCode, isProved ? 9 : 254, forced.stderr);
  if (!isProved) t.regex(forced.stderr, /RKT_MACHINE_NOT_STARTED/);
  wants('fast');
  t.is((await host.sh('exit 9', options)).error?.code, 'RKT_CONFIG_FIELD_INVALID');
});

kernelTest(
  'IM-18 event handlers run before and after the app, which has the input, and the status is its own',
  async (t) => {
    const handler = (name: string, script: string) => ({name, exec: ['/bin/sh', '-c', script]});
    const image = (before: string) => ({
      app: {
        user: '1000',
        group: '1000',
        eventHandlers: [handler('pre-start', before), handler('post-stop', 'echo after; echo err >&2; exit 9')],
      },
    });
    const whole = await host.sh('cat; exit 4', {
      ...options,
      input: 'typed\n',
      image: image('cat; echo before $(id -u); exec >&2; echo err'),
    });
    t.deepEqual([whole.stdout, whole.stderr, whole.exitCode], ['before 1000\ntyped\nafter\n', 'err\nerr\n', 4]);
    const failed = await host.sh('echo main', {...options, image: image('echo before; exit 9')});
    t.deepEqual([failed.stdout, failed.exitCode], ['before\n', 9]);
  },
);

const restartsOf = async (uuid: string): Promise<string[]> => {
  const {stdout} = await host.rkt(['status', uuid]);
  return stdout.match(/^(restarts|last-exit)-.*$/gm) ?? [];
};

kernelTest('an app is started again until it ends well, with what it has not read; handlers run once', async (t) => {
  const handler = (name: string) => ({name, exec: ['/bin/sh', '-c', `echo ${name}`]});
  const file = path.join(host.directory, 'on-failure');
  const {exitCode, stdout, stderr} = await host.sh(
    'echo x >>/runs; read line; echo $line; test $(wc -l </runs) -eq 3 || exit 7',
    {
      ...options,
      pod: [`--uuid-file-save=${file}`],
      app: ['--restart=on-failure'],
      image: {app: {eventHandlers: [handler('pre-start'), handler('post-stop')]}},
      input: 'one\ntwo\nthree\nfour\n',
    },
  );
  t.deepEqual([exitCode, stdout, stderr], [0, 'pre-start\none\ntwo\nthree\npost-stop\n', '']);
  const uuid = readFileSync(file, 'utf8').trim();
  t.deepEqual([await restartsOf(uuid), await statuses(uuid)], [['restarts-test=2'], {test: 0}]);
});

kernelTest(
  'what cannot be started again has ended by that; nor is a handler that cannot be the end of a machine',
  async (t) => {
    const file = path.join(host.directory, 'limited');
    const {exitCode, stdout, stderr} = await host.sh('echo ran; rm /bin/sh', {
      ...options,
      pod: [`--uuid-file-save=${file}`],
      app: ['--restart=always', '--restart-limit=1/10m'],
      image: {app: {eventHandlers: [{name: 'post-stop', exec: ['/bin/sh', '-c', 'echo after']}]}},
    });
    t.deepEqual([exitCode, stdout], [126, 'ran\n'], stderr);
    t.regex(stderr, /^(rkt: \S*crun: .*`\/bin\/sh`.*\n){2}$/);
    const uuid = readFileSync(file, 'utf8').trim();
    t.deepEqual([await restartsOf(uuid), await statuses(uuid)], [['restarts-test=1'], {test: 126}]);
  },
);

/** Of `rkt enter`: more of them would take all descriptors of the agent, if each left behind what it could not use. */
const ENTERED = env.RKT_TEST_LONG === '1' ? 200 : 1;

kernelTest(
  'apps that take all processes of a machine keep others from a start, and not the pod from going on',
  async (t) => {
    t.timeout(20 * 60_000);
    const pod = await host.start(
      `most() { echo $1 >/own/sys/kernel/threads-max; }
    mkdir /own; mount -t proc proc /own
    most 1; echo ready; read line; most 5000; echo more; read line; most 1; exit 5`,
      {
        ...options,
        app: [
          ...['--restart=always', '--restart-limit=1/10m', '--caps-retain=CAP_SYS_ADMIN'],
          '--seccomp=mode=remove,errno=EPERM,reboot',
        ],
      },
    );
    for (let count = 0; count < ENTERED; count++) {
      const {stderr} = await host.enter(pod.uuid, 'true', {timeout: 600_000});
      t.regex(stderr, /RKT_MACHINE_ENTER_FAILED: .*crun cannot be started: Resource temporarily unavailable/);
    }
    let seen = '';
    pod.child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    pod.child.stdin?.write('\n');
    await until(() => /^more$/m.test(seen));
    const {stdout, stderr} = await host.enter(pod.uuid, 'echo entered', {timeout: 600_000});
    t.is(stdout, 'entered\n', stderr);
    pod.child.stdin?.write('\n');
    const ended = await pod.ended;
    t.is(ended.exitCode, 126, ended.stderr);
    // Nothing can be started there any more, and so nobody reads what the app has written.
    t.regex(
      ended.stderr,
      /^rkt: \S*crun cannot be started: Resource temporarily unavailable\nrkt: RKT_MACHINE_CHANGES_LOST: .* could not read all of it\n$/,
    );
    t.deepEqual(await restartsOf(pod.uuid), ['restarts-test=1']);
  },
);

kernelTest('one that is always started again is entered, and ends when the pod is stopped', async (t) => {
  const pod = await host.start(
    `sleep 1000 & echo x >>/runs; test $(wc -l </runs) -lt 3 || { echo ready; trap 'exit 3' TERM; wait; }; exit 5`,
    {...options, app: ['--restart=always']},
  );
  t.deepEqual(await restartsOf(pod.uuid), ['restarts-test=2', 'last-exit-test=5']);
  // What an earlier one has left behind is gone.
  const {stdout, stderr} = await host.enter(pod.uuid, "grep -l '^sl[e]ep' /proc/[0-9]*/cmdline | wc -l", options);
  t.is(stdout, '1\n', stderr);
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  t.is((await pod.ended).exitCode, 3);
});

kernelTest('one that is not started again is not entered, while another goes on', async (t) => {
  const file = path.join(host.directory, 'for-good');
  const app = (name: string, script: string, ...flags: string[]) => [
    ...[buildImage(), `--name=${name}`, ...flags, '--exec=/bin/sh'],
    ...['--', '-c', script],
  ];
  const ended = host.rkt(
    [
      ...['--insecure-options=image', 'run', '--stage1=kvm', `--uuid-file-save=${file}`],
      ...[...app('a', 'exit 0', '--restart=on-failure'), '---', ...app('b', STAYS)],
    ],
    {timeout: 600_000},
  );
  const uuid = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  const hasEnded = async () => (await restartsOf(uuid())).includes('last-exit-a=0');
  await until(async () => uuid() !== '' && (await hasEnded()));
  // What the monitor knows it has written a moment later.
  await until(async () => {
    const {error} = await host.rkt(['--format=json', 'enter', '--app=a', uuid(), '/bin/true']);
    return error?.code === 'RKT_POD_APP_NOT_RUNNING';
  });
  t.is((await host.rkt(['stop', uuid()])).exitCode, 0);
  t.is((await ended).exitCode, 7);
});

kernelTest(
  'a program that is not there, and a copy of the files, are refused before a machine is started',
  async (t) => {
    for (const [app, pod, status, code] of [
      [['--exec=/nowhere'], [], 127, 'RKT_EXEC_NOT_FOUND'],
      [['--exec=/bin'], [], 126, 'RKT_EXEC_NOT_EXECUTABLE'],
      [['--working-dir=/nowhere'], [], 254, 'RKT_WORKING_DIRECTORY_MISSING'],
      [[], ['--no-overlay'], 254, 'RKT_FLAVOR_CANNOT'],
    ] as const) {
      const {exitCode, error} = await host.rkt([
        ...['--format=json', '--insecure-options=image', 'run', '--stage1=kvm', ...pod, buildImage()],
        ...(app[0]?.startsWith('--exec') ? app : [...app, '--exec=/bin/true']),
      ]);
      t.deepEqual([exitCode, error?.code], [status, code], [...app, ...pod].join());
    }
  },
);

if (env.RKT_TEST_LONG === '1') {
  kernelTest('a template that nothing can go on from costs time, and no pod', async (t) => {
    await host.sh('true', options);
    const templates = path.join(host.data, 'cas/templates');
    const recordOf = (name: string) => path.join(templates, name, 'record.json');
    // The other one is of machines with volumes.
    const name = readdirSync(templates).find((one) => !readFileSync(recordOf(one), 'utf8').includes('-fsdev')) ?? '';
    const [state, record] = [path.join(templates, name, 'files/state'), recordOf(name)];
    // As if it had been saved so.
    const harmed = readFileSync(state).fill(0, 100, 4000);
    writeFileSync(state, harmed);
    const known = JSON.parse(readFileSync(record, 'utf8')) as {files: Record<string, {digest: string}>};
    const digest = createHash('sha256').update(harmed).digest('hex');
    writeFileSync(record, JSON.stringify({...known, files: {...known.files, state: {stamp: '', digest}}}));
    const {exitCode, stderr} = await host.sh('exit 9', options);
    t.is(exitCode, 9, stderr);
    t.regex(stderr, /^rkt: from its template .*; it is booted$/m);

    const remade = await host.sh('exit 9', options);
    t.is(remade.exitCode, 9, remade.stderr);
    t.regex(remade.stderr, / machines do not go on from the template .*: it is made again$/m);
    const pod = await host.start(STAYS, options);
    t.true(qemuOf(pod.uuid).goesOn);
    t.is((await pod.end('SIGTERM')).stderr, '');

    writeFileSync(state, 'x');
    const again = await host.sh('exit 9', options);
    t.is(again.exitCode, 9, again.stderr);
    t.regex(again.stderr, /template .* is damaged: it is made again$/m);
  });

  kernelTest(
    'S21 an app that stops what starts another holds the pod for half a minute, and then it has ended',
    async (t) => {
      const app = (name: string, script: string) => [
        buildImage(),
        `--name=${name}`,
        '--exec=/bin/sh',
        '--',
        '-c',
        script,
      ];
      const stops = 'while :; do killall -STOP crun 2>/dev/null; done';
      const {exitCode, stderr} = await host.rkt(
        [...['--insecure-options=image', 'run', '--stage1=kvm'], ...app('a', stops), '---', ...app('b', 'echo ran')],
        {timeout: 600_000},
      );
      t.is(exitCode, 254, stderr);
      t.regex(stderr, /RKT_MACHINE_REFUSED: .*crun: has not ended in time/);
    },
  );
}

/** A bridge with a tap, and somebody at its other end who repeats what is said. */
const BRIDGE = `ip link set lo up; ip link add bridge0 type bridge; ip link set bridge0 up
  for tap in tap0 tap1; do ip tuntap add dev $tap mode tap; ip link set $tap master bridge0 up; done
  ip link add peer0 type veth peer name port0; ip link set port0 master bridge0 up; ip link set peer0 up
  ip addr add 10.99.0.1/24 dev peer0; ip addr add fd99::1/64 dev peer0 nodad
  busybox nc -ll -p 7 -e /bin/cat >/dev/null &`;

const RUN_ON_NETWORK = path.join(root, 'core/test/kernel/pod/support/run-on-network.ts');

serialTestIf(lacksMachines() ?? lacksTaps())(
  'S21 taps of a prepared network are cards of the machine; QEMU has them, and nothing else of that network',
  async (t) => {
    const {namespace, close} = await openNetwork(BRIDGE);
    t.teardown(close);
    const card = {
      ...{tap: 'tap0', name: 'net0', mtu: 1400, addresses: ['10.99.0.2/24', 'fd99::2/64']},
      routes: [{to: '0.0.0.0/0', via: '10.99.0.1'}, {to: '::/0', via: 'fd99::1'}, {to: '10.77.0.0/16'}],
    };
    const other = {tap: 'tap1', name: 'eth0', mac: '02:00:00:00:00:99', addresses: ['10.98.0.2/24'], routes: []};
    const [, ...global] = host.command();
    const run = (interfaces: readonly object[], stage1: string, script: string, ...flags: string[]) => {
      const network = JSON.stringify({namespace, interfaces});
      const words = ['--insecure-options=image', `--stage1=${stage1}`, ...flags, buildImage(), '--exec=/bin/sh', '--'];
      const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', RUN_ON_NETWORK, network];
      return spawn(process.execPath, [...node, ...global, ...words, '-c', script], {
        env: rktEnvironment,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    };
    const file = path.join(host.directory, 'networked');
    const child = run(
      [card, other],
      'kvm',
      `cat /sys/class/net/net0/address /sys/class/net/net0/mtu /sys/class/net/eth0/address; busybox ip -o addr; busybox ip route; busybox ip -6 route
       for peer in 10.99.0.1 fd99::1; do echo "to $peer" | nc $peer 7; done; echo there; read end; exit 6`,
      `--uuid-file-save=${file}`,
    );
    t.teardown(() => child.kill('SIGKILL'));
    let [printed, errors] = ['', ''];
    child.stderr.on('data', (bytes: Buffer) => {
      errors += bytes;
    });
    const ended = once(child, 'close');
    child.stdout.on('data', (bytes: Buffer) => {
      printed += bytes;
    });
    await until(() => /^there$/m.test(printed) || child.exitCode !== null, 300_000);
    const uuid = readFileSync(file, 'utf8').trim();
    const {pid} = qemuOf(uuid);
    t.not(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync(namespace), errors);
    t.deepEqual(readdirSync(`/proc/${pid}/root/dev`).sort(), ['null', 'urandom']);
    const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    t.is(descriptors.filter((target) => target.endsWith('/net/tun')).length, 2);
    child.stdin.end('x\n');
    t.is((await ended)[0], 6, errors);
    const ofPod = uuid.slice(-10).match(/../g)?.join(':');
    t.regex(printed, new RegExp(`^[048c]2:${ofPod}\n1400\n${other.mac}\n`));
    for (const address of [/ 10\.99\.0\.2\/24 /, / fd99::2\/64 /, / eth0 .* 10\.98\.0\.2\/24 /])
      t.regex(printed, address);
    t.regex(printed, /^default via 10\.99\.0\.1 dev net0/m);
    t.regex(printed, /^10\.77\.0\.0\/16 dev net0/m);
    t.regex(printed, /^default via fd99::1 dev net0/m);
    t.regex(printed, /^to 10\.99\.0\.1\nto fd99::1\nthere$/m);

    for (const [interfaces, stage1, code] of [
      [[{...card, tap: 'tap2'}], 'kvm', 'RKT_TAP_UNUSABLE'],
      [[card], 'fly', 'RKT_FLAVOR_CANNOT'],
      [[{...card, mac: `${other.mac},romfile=/pod/script`}], 'kvm', 'RKT_POD_NETWORK_PREPARED_INVALID'],
    ] as const) {
      const refused = run(interfaces, stage1, 'true');
      let said = '';
      refused.stderr.on('data', (bytes: Buffer) => {
        said += bytes;
      });
      t.is((await once(refused, 'close'))[0], 254, said);
      t.true(said.includes(code), said);
    }
  },
);

/** What an app makes of the calls that are left to crun: errors of groups that are not its own, and of making a file its own that is not. */
const BEYOND = `#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
	int none = setgroups(0, NULL) < 0 ? errno : 0, other = setgroups(1, (gid_t[]){4242}) < 0 ? errno : 0;
	close(0);
	int fd = open("/theirs", O_RDWR), file = fchown(fd, 0, 0) < 0 ? errno : 0;
	struct stat owner;
	printf("%d %d %d %d %d\\n", none, other, fd, file, fstat(fd, &owner) < 0 ? -1 : (int)owner.st_uid);
}
`;

serialTestIf(lacksMachines() ?? lacks('program/cc'))(
  'EX-38 by what its retain-set leaves to crun an app gets neither groups nor files, and is entered',
  async (t) => {
    const [source, program] = ['beyond.c', 'beyond'].map((name) => path.join(host.directory, name));
    if (source === undefined || program === undefined) throw new Error('two names');
    writeFileSync(source, BEYOND);
    execFileSync('cc', ['-static', '-o', program, source]);
    const files = {
      '/beyond': {content: readFileSync(program), mode: 0o755},
      '/theirs': {content: '', uid: 4321, gid: 4321},
    };
    for (const outcome of ['errno=EPERM,', '']) {
      const seccomp = `--seccomp=mode=retain,${outcome}${SHELL_CALLS.join(',')}`;
      const pod = await host.start('echo ready; cat', {...options, image: {files}, app: [seccomp]});
      const {stdout, stderr} = await host.enter(pod.uuid, 'echo entered; /beyond', {timeout: 600_000});
      if (outcome === '') t.is(stdout, 'entered\n', stderr);
      else t.is(stdout, 'entered\n0 1 0 1 4321\n', stderr);
      pod.child.stdin?.end();
      t.is((await pod.ended).exitCode, 0);
    }
  },
);

kernelTest('what the flavor cannot do is refused by name', async (t) => {
  for (const flag of ['--net=host', '--volume=data,kind=host,source=/dev/null', '--ipc=parent']) {
    const {error, exitCode} = await host.sh('true', {...options, pod: [flag]});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAVOR_CANNOT'], flag);
  }
  const {exitCode, stderr} = await host.sh('true', {...options, pod: ['--sysctl=net.ipv4.no_such_parameter=1']});
  t.is(exitCode, 254);
  t.regex(stderr, /RKT_MACHINE_REFUSED: in the machine: \/proc\/sys\/net\/ipv4\/no_such_parameter: /);
});

kernelTest('a machine that sleeps gives memory back, and is woken up by nothing, not even a clock', async (t) => {
  if (sleeper === undefined) return t.fail();
  const {uuid, child, ended} = sleeper;
  await until(() => ownMemory(uuid) < awake - 8);
  child.stdin?.end();
  const {stdout, exitCode} = await ended;
  const [before = 0, from = 0, , after = 0, to = 0] = stdout.split('\n').map(Number);
  // The clock of a kernel ticks 100 times in a second, or 250 times.
  t.true(after - before < 80 * (to - from), stdout);
  t.is(exitCode, 0);
});
