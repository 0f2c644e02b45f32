import {type ChildProcess, spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {asNobody} from '../helpers/as-nobody.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';
import {openUser} from '../helpers/user.ts';

/* What is the user's, and not for the user's pods: S28, S35. */

const user = openUser();
test.after.always(() => user.close());
const userTest = testIf(lacksPods('program/setpriv', 'program/python3', 'overlay', 'seccomp'));

let fetched: Promise<string> | undefined;
/** With room for the python of the host. */
const image = (): Promise<string> => {
  const links = ['lib', 'lib64'].filter((name) => existsSync(`/usr/${name}`));
  fetched ??= user.fetch({
    files: {
      '/usr': {directory: true},
      ...Object.fromEntries(links.map((name) => [`/${name}`, {symlink: `usr/${name}`}])),
    },
  });
  return fetched;
};
const runsPython = async (script: string): Promise<string[]> => [
  ...['run', '--stage1=fly', '--volume=usr,kind=host,source=/usr,readOnly=true'],
  ...[await image(), '--mount=volume=usr,target=/usr', '--exec=/bin/sh', '--', '-c', script],
];

const CONNECT = (name: string) => `/usr/bin/python3 -c '
import socket
try:
    socket.socket(socket.AF_UNIX).connect(chr(0) + "${name}")
    print("connected")
except OSError as error:
    print(type(error).__name__)
'`;

/** A program of the user's that says when it is there. */
const startOfUser = async (t: ExecutionContext, ...command: readonly string[]): Promise<ChildProcess> => {
  const [program = '', ...args] = [...asNobody(), ...command];
  const child = spawn(program, args, {stdio: ['pipe', 'pipe', 'inherit']});
  t.teardown(() => child.kill());
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  return child;
};

/** A pod that stays, and enters it. */
const withPod = async (script: string, use: (enter: (script: string) => Promise<string>) => unknown) => {
  const file = path.join(user.home, `uuid-${randomUUID()}`);
  const [command = '', ...args] = await runsPython(script);
  const child = user.start([command, `--uuid-file-save=${file}`, ...args]);
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => /^ready$/m.test(seen));
  const uuid = readFileSync(file, 'utf8').trim();
  await use(async (entered) => (await user.rkt('enter', uuid, '/bin/sh', '-c', entered)).stdout);
  child.stdin?.end();
  await child;
  return seen;
};

/** What `flavor doctor` says where it is not so. */
const isConfined = async (): Promise<boolean> =>
  !(await user.rkt('flavor', 'doctor', 'fly')).stdout.includes('abstract sockets');

userTest("S28 a pod reaches no abstract socket of its user, and signals none of the user's processes", async (t) => {
  await image();
  if (!(await isConfined())) return t.pass('Landlock of this kernel cannot do that, and doctor says so');
  const name = `rkt-test-${path.basename(user.home)}`;
  const server = await startOfUser(
    t,
    '/usr/bin/python3',
    '-c',
    `import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + "${name}"); s.listen(); print("there", flush=True); sys.stdin.read()`,
  );
  const seen = await withPod(
    `${CONNECT(name)}; kill -TERM ${server.pid} && echo signalled; trap 'echo told' USR1; echo $$ >/pid; echo ready; until [ -e /over ]; do sleep 0.1; done`,
    async (enter) => {
      t.is(await enter(CONNECT(name)), 'PermissionError\n', 'what enters reaches it');
      // It is to have what the app has, and it is somebody who asks for it: the app can be signalled.
      t.is(await enter('read -r pid </pid; kill -USR1 $pid && echo done; touch /over'), 'done\n');
    },
  );
  t.is(seen, 'PermissionError\nready\ntold\n');
  t.is(server.exitCode ?? server.signalCode, null);
  server.stdin?.end();
});

userTest("S28 a pod changes no limit, priority or oom score of its user's processes", async (t) => {
  const other = await startOfUser(t, '/bin/sh', '-c', 'echo there; read line');
  const script = `/usr/bin/python3 -c '
import os, resource
def tried(does, *args):
    try:
        does(*args)
        return "done"
    except OSError as error:
        return type(error).__name__
pid = ${other.pid}
print(tried(resource.prlimit, pid, resource.RLIMIT_NOFILE, (0, 0)))
print(tried(os.setpriority, os.PRIO_PROCESS, pid, 19))
print(tried(os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0)))
print(tried(open, "/proc/%d/oom_score_adj" % pid, "w"))
'`;
  const {stdout, stderr} = await user.rkt('--insecure-options=seccomp', ...(await runsPython(script)));
  t.deepEqual(
    stdout.trim().split('\n'),
    ['ProcessLookupError', 'ProcessLookupError', 'ProcessLookupError', 'FileNotFoundError'],
    stderr,
  );
  other.stdin?.end();
});

userTest('S35 no key of the user is within reach of a pod whose filter has been lifted', async (t) => {
  // add_key, request_key, keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING)
  const script = `/usr/bin/python3 -c '
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
first = 248 if platform.machine() == "x86_64" else 217
for number, args in ((first, (b"user", b"rkt", b"x", 1, -4)), (first + 1, (b"user", b"rkt", 0, -4)), (first + 2, (0, -4, 0))):
    print(libc.syscall(number, *args), ctypes.get_errno())
'`;
  const {stdout, stderr} = await user.rkt('--insecure-options=seccomp', ...(await runsPython(script)));
  t.is(stdout, '-1 1\n-1 1\n-1 1\n', stderr);
});

/** Process groups are known by where they are, whatever the pid namespace. */
const GROUP = `/usr/bin/python3 -c '
import ctypes, os
for does in (lambda: os.setpriority(os.PRIO_PGRP, 0, 19), lambda: open("/dev/tty")):
    try:
        does()
        print("done")
    except OSError as error:
        print(type(error).__name__)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall({"x86_64": 251, "aarch64": 30}[os.uname().machine], 2, 0, (3 << 13) | 7))
'`;

userTest(
  "S28 S30 a pod has neither the process group of its user's call nor, without it as a stream, its terminal",
  async (t) => {
    const through = asNobody();
    /** A shell of the user's starts it. */
    const runBy = async (script: string) => {
      const call = user.command(...(await runsPython(GROUP))).slice(through.length);
      const terminal = openTerminal([...through, '/bin/sh', '-c', script, 'sh', ...call]);
      t.teardown(terminal.close);
      return (await terminal.ended).text.replaceAll('\r', '');
    };
    const output = path.join(user.home, 'said');
    const apart = await runBy(
      `nice=$(nice); "$@" </dev/null >${output} 2>&1; test "$(nice)" = "$nice" && cat ${output}`,
    );
    t.is(apart, 'done\nOSError\n0\n');
    t.regex(
      await runBy('nice=$(nice); "$@"; test "$(nice)" = "$nice" && echo same'),
      /^PermissionError\ndone\n-1\nsame$/m,
    );
  },
);

/** clone(2) and its flags, as Python does not have them. */
const CLONE_PARENT = `/usr/bin/python3 -c '
import ctypes, os, time
clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
for _ in range(3):
    if ctypes.CDLL(None).syscall(clone, 0x8000 | 17, 0, 0, 0, 0) == 0:
        time.sleep(1000)
os._exit(7)
'`;

userTest(
  'S10 whom an app makes a child of its parent does not outlive it, and does not keep the call from ending',
  async (t) => {
    const {exitCode, stderr} = await user.rkt(...(await runsPython(CLONE_PARENT)));
    t.is(exitCode, 7, stderr);
  },
);
