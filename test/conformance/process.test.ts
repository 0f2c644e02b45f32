import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {openSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {createServer} from 'node:net';
import path from 'node:path';
import test from 'ava';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';

/* Nothing of rkt stays: the caller's child is the app, with the caller's standard input and output, signals and exit status. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

/** Starts a pod by a shell that arranges descriptors and limits first; `"$@"` is the command. */
const through = (shell: string) => ({through: [program('bash') ?? '/bin/sh', '-c', shell, 'sh']});

for (const code of [0, 1, 7, 253, 254, 255]) {
  kernelTest(`EX-01 the exit code of the app is that of rkt: ${code}`, async (t) => {
    const {exitCode, stderr} = await host.sh(`exit ${code}`);
    t.is(exitCode, code);
    t.is(stderr, '');
  });
}

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGSEGV'] as const) {
  kernelTest(`an app that dies of ${signal} shows the caller just that`, async (t) => {
    const {signal: died} = await host.sh(`kill -${signal.slice(3)} $$`);
    t.is(died, signal);
  });
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
  kernelTest(`the caller's ${signal} reaches the app`, async (t) => {
    const pod = await host.start(
      `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; while read -r line; do :; done`,
    );
    const {stdout, exitCode} = await pod.end(signal);
    t.is(exitCode, 9);
    t.is(stdout, 'ready\ngot\n');
  });
}

kernelTest("the caller's child is the app: the same pid, and no process of rkt is left", async (t) => {
  const own = openHost();
  t.teardown(() => own.close());
  const pod = await own.start('echo pid $$; echo ready; exec cat');
  // The shell says that it is ready before it becomes something else.
  await until(() => commandOf(String(pid(pod))) === 'cat\0');
  const children = readFileSync(`/proc/${pid(pod)}/task/${pid(pod)}/children`, 'utf8');
  t.is(children, '');
  t.is(readdirSync(`/proc/${pid(pod)}/task`).length, 1);
  const ours = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => commandOf(entry).includes(own.data));
  t.deepEqual(ours, []);
  const {stdout} = await pod.end();
  t.true(stdout.startsWith(`pid ${pid(pod)}\n`));
});

kernelTest('S04 an app has descriptors 0, 1 and 2, and none of what its caller or rkt had open', async (t) => {
  const {stdout, exitCode} = await host.sh(PROBE, through(`exec 5</etc/passwd 9</etc 77>/dev/null; exec "$@"`));
  t.is(exitCode, 0);
  t.deepEqual(Object.keys(parseProbe(stdout).fds).sort(), ['0', '1', '2']);
});

kernelTest('S04 a closed standard input stays harmless', async (t) => {
  const {stdout, exitCode} = await host.sh(PROBE, through('exec 0<&-; exec "$@"'));
  t.is(exitCode, 0);
  const {fds} = parseProbe(stdout);
  t.deepEqual(
    Object.keys(fds).filter((fd) => Number(fd) > 2),
    [],
  );
  t.true(fds['0'] === undefined || fds['0'] === '/dev/null', fds['0']);
});

kernelTest('EX-24 standard input, output and error are the very ones of the caller', async (t) => {
  const {stdout, stderr, exitCode} = await host.sh('cat; echo to error >&2', {input: 'from the caller\n'});
  t.is(exitCode, 0);
  t.is(stdout, 'from the caller\n');
  t.is(stderr, 'to error\n');
  const file = path.join(host.directory, 'out');
  const [command, ...args] = host.command(...host.runArguments('readlink /proc/$$/fd/1'));
  const child = spawn(command, args, {env: rktEnvironment, stdio: ['ignore', openSync(file, 'a'), 'inherit']});
  await once(child, 'close');
  t.is(readFileSync(file, 'utf8'), `${file}\n`);
});

kernelTest('standard input is not read ahead', async (t) => {
  const {stdout} = await host.sh('echo app: $(cat)', {
    input: 'one\ntwo\nthree\n',
    ...through('read line; echo "caller: $line"; "$@"'),
  });
  t.is(stdout, 'caller: one\napp: two three\n');
});

kernelTest(
  "what Node changed is put back: signals, O_NONBLOCK; the soft limit of open files is 1024, whatever the caller's",
  async (t) => {
    const {stdout} = await host.sh(
      `${PROBE}\nfor f in 0 1 2; do grep flags /proc/$$/fdinfo/$f; done`,
      through('ulimit -Sn 777; exec "$@"'),
    );
    const {limits} = parseProbe(stdout);
    t.is(limits['Max open files']?.[0], '1024');
    const flags = stdout.split('\n').filter((line) => line.startsWith('flags:'));
    t.is(flags.length, 3);
    for (const line of flags) {
      const bits = Number.parseInt(line.split(/\s+/)[1] ?? '', 8);
      t.is(bits & 0o4000, 0, `O_NONBLOCK in ${line}`);
      t.is(bits & 0o2000000, 0, `O_CLOEXEC in ${line}`);
    }
  },
);

kernelTest('no signal is ignored or blocked in an app', async (t) => {
  // Not by the shell, which ignores some for itself.
  const {stdout} = await host.run({app: {exec: ['/bin/grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status']}});
  t.is(stdout, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
});

kernelTest('a broken pipe ends the app as it would any program', async (t) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands it
  const {stdout} = await host.sh('while :; do echo y; done', through('"$@" | head -n 1; echo "${PIPESTATUS[0]}"'));
  t.is(stdout, `y\n${128 + 13}\n`);
});

kernelTest("the umask of the app is 0022, whatever the caller's", async (t) => {
  const {stdout} = await host.sh(PROBE, through('umask 0077; exec "$@"'));
  t.is(parseProbe(stdout).umask, '0022');
});

kernelTest('IM-24 sockets passed by LISTEN_FDS reach the app, numbered from 3, and nothing else does', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {fd} = (server as unknown as {_handle: {fd: number}})._handle;
  const script = `echo LISTEN_FDS=$LISTEN_FDS; [ "$LISTEN_PID" = $$ ] && echo mine; ${PROBE}`;
  const [command, ...args] = host.command(...host.runArguments(script));
  // LISTEN_PID has to be that of the process that becomes rkt.
  const child = spawn(
    program('bash') ?? '/bin/sh',
    ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', command, ...args],
    {
      env: rktEnvironment,
      stdio: ['ignore', 'pipe', 'inherit', fd, 'pipe'],
    },
  );
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  await once(child, 'close');
  server.close();
  t.true(stdout.startsWith('LISTEN_FDS=1\nmine\n'), stdout.slice(0, 200));
  const {fds} = parseProbe(stdout);
  t.deepEqual(Object.keys(fds).sort(), ['0', '1', '2', '3']);
  t.regex(fds['3'] ?? '', /^socket:/);
});

kernelTest('an app runs in the namespaces of the host, but for mounts', async (t) => {
  const {stdout} = await host.sh(PROBE);
  const {namespaces} = parseProbe(stdout);
  for (const kind of ['net', 'pid', 'user', 'uts', 'ipc']) {
    t.is(namespaces[kind], readlinkSync(`/proc/self/ns/${kind}`), kind);
  }
  t.not(namespaces.mnt, readlinkSync('/proc/self/ns/mnt'));
});

kernelTest(
  'EX-01 a program that the kernel refuses in the end is told, with its exit code, under any filter',
  async (t) => {
    // An ELF file of this machine without a single segment.
    const header = Buffer.alloc(64);
    readFileSync('/proc/self/exe').copy(header, 0, 0, 64);
    header.writeUInt16LE(0, 56);
    const image = {files: {'/empty': {content: header, mode: 0o755}}, app: {exec: ['/empty']}};
    const {exitCode, error} = await host.run(image, {stage1: 'fly'});
    t.deepEqual([exitCode, error?.code], [126, 'RKT_EXEC_FAILED']);
  },
);

kernelTest('--ipc=private gives an ipc namespace of its own', async (t) => {
  const {stdout} = await host.sh(PROBE, {pod: ['--ipc=private']});
  t.not(parseProbe(stdout).namespaces.ipc, readlinkSync('/proc/self/ns/ipc'));
});

testIf(lacksPods('cgroups'))('a pod has a cgroup of its own, the same in every hierarchy that it uses', async (t) => {
  const pod = await host.start('echo ready; cat');
  const own = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const lines = readFileSync(`/proc/${pid(pod)}/cgroup`, 'utf8')
    .trim()
    .split('\n');
  await pod.end();
  const changed = lines.filter((line) => !own.includes(line)).map((line) => line.split(':').slice(2).join(':'));
  t.true(changed.length > 0);
  for (const name of changed) t.true(name.includes(pod.uuid), name);
});

const pid = ({pid}: {pid: number}) => pid;
const commandOf = (entry: string) => {
  try {
    return readFileSync(`/proc/${entry}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};
