import {spawnSync} from 'node:child_process';
import {closeSync, existsSync, openSync, readFileSync, realpathSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {callImage, callsProgram} from '../helpers/call-image.ts';
import {rktEnvironment} from '../helpers/command.ts';
import {flavor, openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {release} from '../helpers/release.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';

/* S28, S30, S34, S35, S11: what reaches from a pod to the host by processes, terminals, streams and what a process inherits. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const MARK = path.join(host.directory, 'only-on-the-host');
writeFileSync(MARK, 'x');

/**
 * Looks at whatever process it sees, and tells when one has the host's files; ends when somebody has entered and said so. In fly it sees all of the host's, of which those of this test are known
 * by their working directory.
 */
const OURS = flavor === 'fly' ? `[ -e $p/cwd/${path.basename(MARK)} ] && ` : '';
const WATCH = `echo ready; until [ -e /tmp/over ]; do for p in /proc/[0-9]*; do
  ${OURS}[ -e $p/root${MARK} ] && echo "root of $p $(cat $p/cmdline)"
  for fd in 0 3 4 5 6 7 8 9 10 11 12 17 18 19 20 21 22 23 24; do ${OURS}[ -e $p/fd/$fd${MARK} ] && echo "descriptor $fd of $p"; done
done; done; echo over`;

const watchers: Readonly<Record<string, {pod?: string[]; app?: string[]}>> = {
  ...(flavor === 'fly' && {'beside pods of another flavor': {}}),
  // In fly the host's processes are there to be seen, and an app with it is as good as root.
  ...(flavor === 'nspawn' && {
    'with CAP_SYS_PTRACE': {
      pod: ['--allow-degraded=processes/closed'],
      app: ['--caps-retain=CAP_SYS_PTRACE,CAP_DAC_OVERRIDE,CAP_DAC_READ_SEARCH'],
    },
    'with CAP_SYS_PTRACE in a user namespace': {
      pod: ['--private-users'],
      app: ['--caps-retain=CAP_SYS_PTRACE,CAP_DAC_OVERRIDE,CAP_DAC_READ_SEARCH'],
    },
  }),
};
for (const [what, options] of Object.entries(watchers)) {
  kernelTest(`S28 an app ${what} reaches no process of rkt`, async (t) => {
    const pod = await host.start(WATCH, options);
    for (let round = 0; round < 3; round++) {
      t.is((await host.enter(pod.uuid, 'echo in')).stdout, 'in\n');
      const other = await host.sh('true', {
        ...(flavor === 'nspawn' || lacksPods('program/systemd-nspawn') !== undefined
          ? {}
          : {stage1: 'nspawn', pod: ['--private-users']}),
      });
      t.is(other.exitCode, 0, other.stderr);
      t.is((await host.rkt(['status', pod.uuid])).exitCode, 0);
    }
    const last = await host.start('echo ready; exec sleep 1000', {});
    t.is((await host.rkt(['stop', last.uuid])).exitCode, 0);
    await last.ended;
    await release(t, host, pod.uuid, '/tmp/over');
    t.is((await pod.ended).stdout, 'ready\nover\n');
  });
}

const USER = 54_321;
/** Becomes a user of the host, and looks through a link that only who may trace a process can follow. */
const lookingInto = (pid: number, user = 0) =>
  callImage([
    {name: 'setresgid', args: [user, user, user]},
    {name: 'setresuid', args: [user, user, user]},
    {name: 'faccessat2', args: [-100, Buffer.from(`/proc/${pid}/root/.\0`), 0, 0x200]},
  ]);
const assertApart = async (t: ExecutionContext, image: ImageSpec, app: string[] = []) => {
  t.is((await host.run(image, {app: [...app, '--exec=/calls']})).stderr, 'no\n');
  const pod = await host.start('echo ready; exec cat', {image, app});
  t.is((await host.rkt(['enter', pod.uuid, '/calls'])).stderr, 'no\n');
  await pod.end();
  if (flavor === 'nspawn') return;
  // The operator may have it otherwise.
  const traces = await host.run(image, {
    app: ['--caps-retain=CAP_SETUID,CAP_SETGID,CAP_SYS_PTRACE', '--exec=/calls'],
    pod: ['--allow-degraded=processes/closed'],
  });
  t.is(traces.stderr, 'yes\n');
};

kernelTest('S28 an app that becomes a user of the host looks into none of its processes', async (t) => {
  const theirs = execa('/usr/bin/setpriv', [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '/usr/bin/cat'], {
    stdin: 'pipe',
    reject: false,
  });
  const pid = theirs.pid ?? 0;
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'cat\n');
  await assertApart(t, lookingInto(pid, USER));
  theirs.stdin?.end();
  await theirs;
});

testIf(lacksPods('program/systemd-nspawn'))(
  'S24 S28 root looks into no process of a user namespace that rkt made for another pod',
  async (t) => {
    const other = await host.start('echo ready; exec cat', {stage1: 'nspawn', pod: ['--private-users']});
    const pid = await appProcess(other.uuid, 'test');
    await assertApart(t, lookingInto(pid), ['--caps-retain=CAP_SETUID,CAP_SETGID']);
    await host.rkt(['stop', '--force', other.uuid]);
    await other.ended;
  },
);

for (const capability of ['CAP_BPF', 'CAP_DAC_READ_SEARCH', 'CAP_PERFMON', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO']) {
  kernelTest(
    `S28 ${capability} without a user namespace is over the host: refused, unless it is said by name`,
    async (t) => {
      const plan = (...pod: string[]) =>
        host.rkt([
          ...['--format=json', 'plan', `--stage1=${flavor}`, ...pod],
          ...[buildImage(), `--caps-retain=CAP_KILL,${capability}`],
        ]);
      const refused = await plan();
      t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_FLAVOR_CANNOT']);
      t.like(refused.error?.fields, {problems: [{name: 'processes/closed'}]});
      const {exitCode, stdout} = await plan('--allow-degraded=processes/closed');
      t.is(exitCode, 0);
      // It has no more to do with processes than before.
      t.true(JSON.parse(stdout).pod.apps[0].process.apart);
    },
  );
}

/** linux/fcntl.h; F_GETLEASE is the next. */
const F_SETLEASE = 1024;
const F_WRLCK = 1;
/** Opens a file that the host has, too, as its descriptor 3, and asks for a lease on it, or whether it has one. */
const leasing = (command: number) => ({
  content: callsProgram([
    {name: 'openat2', args: [-100, Buffer.from('/sys/class/net/lo/ifalias\0'), Buffer.alloc(24), 24]},
    {name: 'fcntl', args: [3, command, F_WRLCK]},
  ]),
  mode: 0o755,
});

kernelTest(
  'S10 an app takes no lease on a file of the kernel, for which everybody on the host would wait',
  async (t) => {
    const files = {'/take': leasing(F_SETLEASE), '/ask': leasing(F_SETLEASE + 1)};
    for (const global of [[], ['--insecure-options=seccomp']]) {
      const pod = await host.start('{ /take; /ask; } 2>&1; echo ready; exec cat', {image: {files}, global});
      t.is((await host.enter(pod.uuid, '{ /take; /ask; } 2>&1')).stdout, 'no\nyes\n');
      t.is((await pod.end()).stdout, 'no\nyes\nready\n');
    }
  },
);

const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** The kernel looks at the lower half of a request only. */
const requests = [BigInt(TIOCSTI), BigInt(TIOCSTI) + 2n ** 32n, BigInt(TIOCLINUX)];
const typing = (request: bigint) =>
  callImage([...'injected'].map((letter) => ({name: 'ioctl', args: [0, request, Buffer.from(letter)]})));

const terminalTest = testIf(lacksPods('program/python3'));
const PROMPT = /[#$] /;
for (const request of requests) {
  const name = `0x${request.toString(16)}`;
  terminalTest(`S30 an app types nothing into the terminal of who enters: ${name}`, async (t) => {
    for (const more of [[], ['--insecure-options=seccomp']]) {
      const pod = await host.start('echo ready; exec sleep 1000', {image: typing(request), global: more});
      const terminal = openTerminal(host.command('enter', pod.uuid, '/calls'));
      const {text} = await terminal.ended;
      await pod.end();
      t.is(text, 'no\r\n');
    }
  });
  if (flavor === 'fly') {
    terminalTest(`S30 an app types nothing into the terminal of who runs it: ${name}`, async (t) => {
      const filters = [[], ['--insecure-options=seccomp'], ['--seccomp=mode=remove,mkdir']];
      for (const [pod, more] of [[], ['--interactive']].flatMap((pod) => filters.map((more) => [pod, more] as const))) {
        const global = more.filter((flag) => flag.startsWith('--insecure'));
        const app = more.filter((flag) => !flag.startsWith('--insecure'));
        const {text} = await openTerminal(
          host.command(
            ...['--insecure-options=image', ...global, 'run', '--stage1=fly', '--net=host', ...pod],
            ...[buildImage(typing(request)), ...app, '--exec=/calls'],
          ),
        ).ended;
        t.is(text, 'no\r\n');
      }
    });
  }
}

/** Reads what is typed at a terminal for as long as there is one. */
const READS = 'sh /reads';
const READERS = {
  files: {
    '/reads': 'sh -c "echo \\$\\$ >/reader; exec dd bs=1 of=/read" 2>/dev/null\necho over >/over\n',
    // Until it reads, or does so no more.
    '/awaits': `until [ -e /over ] || {
  read -r pid </reader && grep -q '^Name:.dd$' /proc/$pid/status && grep -q '^State:.S' /proc/$pid/status
} 2>/dev/null; do sleep 0.1; done\n`,
  },
};
/** A process may have gone when its terminal is opened: with `command` that is no end of the shell. */
const LOOKS_FOR_TERMINAL = `
  until for p in /proc/[0-9]*; do case $(readlink $p/fd/0) in /dev/pts/*) command exec 4<$p/fd/0 && break;; esac; done; [ -e /proc/self/fd/4 ]; do :; done
  echo found >/found`;

/** Starts a pod or a command from a shell, as somebody does, who has that shell again when it has ended. */
const endsAtShell = async (t: ExecutionContext, command: string) => {
  const shell = openTerminal(['/bin/bash', '--norc', '-i']);
  t.teardown(() => shell.close());
  await shell.see(PROMPT);
  shell.type(`${command}\n`);
  await shell.see(/entered\r\n/);
  await shell.see(PROMPT);
  return shell;
};

/** And types at it. */
const typesAtShell = async (t: ExecutionContext, command: string, uuid: () => string) => {
  const shell = await endsAtShell(t, command);
  t.is((await host.enter(uuid(), 'sh /awaits')).exitCode, 0);
  for (const word of ['one', 'two', 'three']) {
    shell.type(`echo ty''ped ${word}\n`);
    await shell.see(new RegExp(`typed ${word}`));
  }
};

/** What of the pod has had the terminal has no terminal any more. */
const hasReadNothing = async (t: ExecutionContext, uuid: string) => {
  const read = await host.enter(uuid, 'until [ -e /over ]; do sleep 0.1; done; cat /read');
  t.deepEqual([read.exitCode, read.stdout, read.stderr], [0, '', '']);
};

const typesAfterwards = async (t: ExecutionContext, uuid: string, command: string) => {
  await typesAtShell(t, host.command('enter', uuid, '/bin/sh', '-c', `'${command}'`).join(' '), () => uuid);
  await hasReadNothing(t, uuid);
};

terminalTest('S30 what outlives a command of enter does not read the terminal that it was entered from', async (t) => {
  const pod = await host.start('echo ready; exec cat', {image: READERS});
  const child = `echo there >/there; ${READS}`;
  // What a shell starts in the background has no input of the shell's.
  await typesAfterwards(
    t,
    pod.uuid,
    `exec 3<&0; setsid sh -c "${child}" <&3 & until [ -s /there ]; do sleep 0.1; done; echo en""tered`,
  );
  await pod.end();
});

// With nspawn nothing outlives its app.
if (flavor === 'fly') {
  /** What runs a pod that leaves a reader of its input behind, and where it says which pod that is. */
  const leavesReader = (...pod: readonly string[]) => {
    const file = path.join(host.directory, `outlived${pod.join('')}`);
    const child = `echo there >/there; ${READS}; exec sleep 1000`;
    const script = `exec 3<&0; setsid sh -c "${child}" <&3 >/dev/null 2>&1 & until [ -s /there ]; do sleep 0.1; done; echo en""tered`;
    const run = host.command(
      ...['--insecure-options=image', 'run', `--stage1=${flavor}`, ...pod, `--uuid-file-save=${file}`],
      ...[buildImage(READERS), '--exec=/bin/sh', '--', '-c', `'${script}'`],
    );
    return {command: run.join(' '), uuid: () => readFileSync(file, 'utf8').trim()};
  };

  terminalTest('S30 what outlives an interactive app does not read the terminal that it was run from', async (t) => {
    const {command, uuid} = leavesReader('--interactive');
    await typesAtShell(t, command, uuid);
    await hasReadNothing(t, uuid());
  });

  terminalTest(
    'S30 what outlives an app that is not interactive reads the terminal that it was run from',
    async (t) => {
      const {command, uuid} = leavesReader();
      const shell = await endsAtShell(t, command);
      await until(async () => {
        shell.type('typed\n');
        return (await host.enter(uuid(), 'cat /read')).stdout !== '';
      });
      t.is((await host.rkt(['stop', '--force', uuid()])).exitCode, 0);
    },
  );
}

if (flavor !== 'fly') {
  terminalTest(
    'S30 what looks into a command of enter does not read the terminal that it was entered from',
    async (t) => {
      const script = `echo ready; ${LOOKS_FOR_TERMINAL}; exec <&4; ${READS}; exec sleep 1000`;
      const pod = await host.start(script, {image: READERS});
      await typesAfterwards(t, pod.uuid, 'until [ -s /found ]; do sleep 0.1; done; echo en""tered');
      await pod.end();
    },
  );

  terminalTest('S30 what looks into a command of enter reads what is typed there as long as it runs', async (t) => {
    const script = `echo ready; ${LOOKS_FOR_TERMINAL}; exec <&4; ${READS}; exec sleep 1000`;
    const pod = await host.start(script, {image: READERS});
    const waits = (pattern: string, file: string) => `until grep -q ${pattern} ${file} 2>/dev/null; do sleep 0.1; done`;
    const inside = `${waits('found', '/found')}; echo en""tered; ${waits('secret', '/read')}; echo re""ad; exit 4`;
    const terminal = openTerminal(host.command('enter', pod.uuid, '/bin/sh', '-c', inside));
    t.teardown(terminal.close);
    await terminal.see(/entered\r\n/);
    terminal.type('secret\n');
    await terminal.see(/read\r\n/);
    t.is((await terminal.ended).status, 4);
    await pod.end();
  });
}

const TRIES_TERMINAL = '(exec 3</dev/tty) 2>/dev/null && echo has || echo none';

terminalTest(
  'S30 without a terminal as stream an app has none of who runs or enters, but Ctrl-C reaches it',
  async (t) => {
    const output = (name: string) => path.join(host.directory, name);
    const quoted = (command: readonly string[]) => command.map((word) => `'${word}'`).join(' ');
    const shell = openTerminal(['/bin/bash', '--norc', '-i']);
    t.teardown(() => shell.close());
    await shell.see(PROMPT);
    shell.type(`(${TRIES_TERMINAL}) | cat\n`);
    await shell.see(/\nhas\r\n/);
    await shell.see(PROMPT);
    const pod = await host.start('echo ready; exec cat');
    const entering = quoted(host.command('enter', pod.uuid, '/bin/sh', '-c', TRIES_TERMINAL));
    shell.type(`${entering} </dev/null >${output('entered')} 2>&1; echo en""tered\n`);
    await shell.see(/entered\r\n/);
    t.is(readFileSync(output('entered'), 'utf8'), 'none\n');
    await pod.end();
    const script = `${TRIES_TERMINAL}; trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done`;
    const running = quoted(host.command(...host.runArguments(script)));
    shell.type(`${running} </dev/null >${output('ran')} 2>&1; echo st""atus=$?\n`);
    await until(() => existsSync(output('ran')) && readFileSync(output('ran'), 'utf8').includes('ready'));
    shell.type('\x03');
    t.is((await shell.see(/status=(\d+)/))[1], '5');
    t.is(readFileSync(output('ran'), 'utf8'), 'none\nready\ncaught\n');
  },
);

/** KEYCTL_SEARCH in the session keyring. */
const looking = () =>
  callImage([{name: 'keyctl', args: [10, -3, Buffer.from('user\0'), Buffer.from('rkt-test-secret\0'), 0]}]);

/** Python that starts a program in a session keyring with a key that it may look for (keyctl_join_session_keyring(3), add_key(2)). */
const [KEYCTL, ADD_KEY] = process.arch === 'arm64' ? [219, 217] : [250, 248];
const WITH_KEY = [
  ...['/usr/bin/python3', '-c'],
  `import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(${KEYCTL}, 1, None) > 0
key = libc.syscall(${ADD_KEY}, b"user", b"rkt-test-secret", b"x", 1, -3)
assert key > 0 and libc.syscall(${KEYCTL}, 5, key, 0x3f3f3f3f) == 0
os.execv(sys.argv[1], sys.argv[1:])`,
];

terminalTest('S35 no key of the session keyring of who runs or enters is found by an app', async (t) => {
  const options = {image: looking(), global: ['--insecure-options=seccomp'], through: WITH_KEY};
  const found = await execa(WITH_KEY[0] ?? '', [...WITH_KEY.slice(1), ...(await outside())]);
  t.is(found.stderr, 'yes');
  const ran = await host.sh('/calls; :', options);
  t.is(ran.stderr, 'no\n');
  const pod = await host.start('echo ready; exec sleep 1000', {
    image: looking(),
    global: ['--insecure-options=seccomp'],
  });
  t.is((await host.enter(pod.uuid, '/calls; :', {through: WITH_KEY})).stderr, 'no\n');
  await pod.end();
});

/** The same program on the host. */
const outside = async (): Promise<string[]> => {
  const {callsProgram} = await import('../helpers/call-image.ts');
  const file = path.join(host.directory, 'calls');
  writeFileSync(
    file,
    callsProgram([{name: 'keyctl', args: [10, -3, Buffer.from('user\0'), Buffer.from('rkt-test-secret\0'), 0]}]),
    {mode: 0o755},
  );
  return [file];
};

/** Where the loader is on a host whose `/lib` is a link into `/usr`, which is all that a pod with this volume has of it. */
const LOADER = realpathSync(process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2');
const WITH_PYTHON = {
  pod: ['--volume=usr,kind=host,source=/usr,readOnly=true'],
  app: ['--mount=volume=usr,target=/usr'],
};

/**
 * What execve(2) keeps, and what an app gets of it: nothing, or what rkt's caller has, who starts commands by nice, taskset and the like (of an app that has a supervisor, the supervisor decides about that). Then how a caller
 * changes it, and how a process reads it. Signals, umask, keyrings, limits and the controlling terminal have tests of their own.
 */
const KEPT_BY_EXECVE: readonly [what: string, gets: 'nothing' | "the caller's", change: string, read: string][] = [
  ['personality', 'nothing', 'libc.personality(0x0040000)', 'text("personality")'],
  [
    'timers',
    'nothing',
    '[signal.setitimer(timer, 99999) for timer in range(3)]',
    '[signal.getitimer(timer)[0] > 0 for timer in range(3)]',
  ],
  // PF_MCE_PROCESS
  ['what is done when memory fails', 'nothing', 'prctl(33, 1, 1)', 'flags() & 0x80'],
  // PF_MEMALLOC_NOIO, PF_LOCAL_THROTTLE
  ['memory of who writes for others', 'nothing', 'prctl(57, 1)', 'flags() & 0x180000'],
  ['orphans', 'nothing', 'prctl(36, 1)', 'pointed(37)'],
  ['huge pages', 'nothing', 'prctl(41, 1)', 'prctl(42)'],
  ['merged pages', 'nothing', 'prctl(67, 1)', 'prctl(68)'],
  // SECBIT_NO_CAP_AMBIENT_RAISE: with the others rkt would not be root.
  ['securebits', 'nothing', 'prctl(28, 1 << 6)', 'prctl(27)'],
  ['nice value', "the caller's", 'os.setpriority(os.PRIO_PROCESS, 0, 7)', 'os.nice(0)'],
  [
    'scheduling',
    "the caller's",
    'os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))',
    'os.sched_getscheduler(0)',
  ],
  [
    'processors',
    "the caller's",
    'os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])',
    'sorted(os.sched_getaffinity(0))',
  ],
  [
    'I/O priority',
    "the caller's",
    `libc.syscall(${process.arch === 'arm64' ? 30 : 251}, 1, 0, 2 << 13 | 7)`,
    `libc.syscall(${process.arch === 'arm64' ? 31 : 252}, 1, 0)`,
  ],
  ['timer slack', "the caller's", 'prctl(29, 60000)', 'prctl(30)'],
  ['oom score', "the caller's", 'open("/proc/self/oom_score_adj", "w").write("300")', 'text("oom_score_adj")'],
  [
    'core dump filter',
    "the caller's",
    'open("/proc/self/coredump_filter", "w").write("0x3")',
    'text("coredump_filter")',
  ],
  ["signal at the parent's death", "the caller's", 'prctl(1, 10)', 'pointed(2)'],
];
/** Not every kernel merges pages, not every host has two processors, and one of them takes CAP_SYS_RESOURCE. */
const NOT_EVERYWHERE = new Set(['merged pages', 'processors', 'memory of who writes for others']);
const PRELUDE = `
import ctypes, json, os, signal, sys
libc = ctypes.CDLL(None)
def prctl(option, value=0, more=0): return libc.prctl(*map(ctypes.c_ulong, [option, value, more, 0, 0]))
def pointed(option):
    found = ctypes.c_int()
    prctl(option, ctypes.addressof(found))
    return found.value
def text(name): return open("/proc/self/" + name).read().strip()
def flags(): return int(text("stat").rsplit(")", 1)[1].split()[6])
`;
const READS_INHERITED = `${PRELUDE}
print(json.dumps([${KEPT_BY_EXECVE.map(([, , , read]) => read).join(',\n')}]))`;
const CHANGES_INHERITED = [
  ...['/usr/bin/python3', '-c'],
  `${PRELUDE}
${KEPT_BY_EXECVE.map(([, , change]) => change).join('\n')}
os.execv(sys.argv[1], sys.argv[1:])`,
];

terminalTest(
  'S35 what execve keeps of who runs or enters is forgotten, unless it is meant for a command',
  async (t) => {
    const image = {files: {'/probe.py': READS_INHERITED}};
    const probe = `${LOADER} /usr/bin/python3 -I /probe.py`;
    const read = (stdout: string) => {
      const values = JSON.parse(stdout) as unknown[];
      return new Map(KEPT_BY_EXECVE.map(([what], index) => [what, values[index]]));
    };
    const python = ['/usr/bin/python3', '-I', '-c', READS_INHERITED] as const;
    const [program, ...rest] = [...CHANGES_INHERITED, ...python];
    const unchanged = read((await execa(python[0], python.slice(1))).stdout);
    const changed = read((await execa(program ?? '', rest)).stdout);
    const outcomes = [await host.sh(probe, {...WITH_PYTHON, image, through: CHANGES_INHERITED})];
    const pod = await host.start('echo ready; exec cat', {...WITH_PYTHON, image});
    outcomes.push(await host.enter(pod.uuid, probe, {through: CHANGES_INHERITED}));
    await pod.end();
    for (const {exitCode, stdout, stderr} of outcomes) {
      t.is(exitCode, 0, stderr);
      const found = read(stdout);
      for (const [what, gets] of KEPT_BY_EXECVE) {
        if (!NOT_EVERYWHERE.has(what)) t.notDeepEqual(changed.get(what), unchanged.get(what), what);
        if (gets === 'nothing') t.deepEqual(found.get(what), unchanged.get(what), what);
        else if (flavor === 'fly') t.deepEqual(found.get(what), changed.get(what), what);
      }
    }
  },
);

const O_PATH = 0o10000000;
for (const fd of [0, 1, 2]) {
  kernelTest(`S35 a directory or a place as descriptor ${fd} is refused`, async (t) => {
    const alone = openHost();
    t.teardown(() => alone.close());
    const pod = await alone.start('echo ready; exec sleep 1000');
    const directories = alone.podDirectories();
    for (const flags of [0, O_PATH]) {
      const given = openSync(flags === O_PATH ? MARK : '/', flags);
      const stdio = [0, 1, 2].map((number) => (number === fd ? given : ('pipe' as const)));
      for (const args of [
        alone.runArguments('ls -l /proc/self/fd/'),
        ['--format=json', 'enter', pod.uuid, '/bin/sh', '-c', ':'],
      ]) {
        const [program, ...rest] = alone.command(...args);
        const {status, stderr} = spawnSync(program, rest, {env: rktEnvironment, stdio, encoding: 'utf8'});
        t.is(status, 254);
        if (fd !== 2) t.is((JSON.parse(stderr) as {code: string}).code, 'RKT_STDIO_REFUSED');
      }
      closeSync(given);
    }
    t.deepEqual(alone.podDirectories(), directories);
    await pod.end();
  });
}

kernelTest('S11 what an app can do to files among its streams is told by plan and status', async (t) => {
  const aci = buildImage();
  const {stdout} = await host.rkt([
    ...['--format=json', '--insecure-options=image', 'plan', `--stage1=${flavor}`],
    ...[aci, '--stdin=null'],
  ]);
  type Entry = Readonly<Record<'name' | 'verdict' | 'how', string> & {value: unknown}>;
  const told = ({entries}: {entries: Entry[]}) => entries.find(({name}) => name === 'stdio/inherited');
  const planned = told(JSON.parse(stdout).report);
  t.like(planned, {verdict: flavor === 'fly' ? 'modified' : 'enforced', value: ['stdout', 'stderr']});
  const pod = await host.start('echo ready; read line', {image: aci});
  t.like(told(host.podFile(pod.uuid, 'report.json') as {entries: Entry[]}), {
    verdict: planned?.verdict,
    how: planned?.how,
  });
  await pod.end();
  const all = ['--stdin=null', '--stdout=null', '--stderr=null'];
  const none = await host.rkt([
    ...['--format=json', '--insecure-options=image', 'plan', `--stage1=${flavor}`],
    ...[aci, ...all],
  ]);
  t.is(told(JSON.parse(none.stdout).report), undefined);
});

if (flavor === 'nspawn') {
  kernelTest('S11 an app does not change the mode of the file that its output goes to', async (t) => {
    const file = path.join(host.directory, 'output');
    writeFileSync(file, '', {mode: 0o644});
    const output = openSync(file, 'a');
    const [program, ...rest] = host.command(...host.runArguments('chmod 4755 /proc/self/fd/1; echo written'));
    spawnSync(program, rest, {env: rktEnvironment, stdio: ['ignore', output, 'ignore']});
    closeSync(output);
    await until(() => statSync(file).size > 0);
    t.is(statSync(file).mode & 0o7777, 0o644);
  });
}
