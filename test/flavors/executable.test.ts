import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {said} from '../helpers/said.ts';
import {testIf} from '../helpers/skip.ts';
import {untilCollected} from '../helpers/until-collected.ts';
import {program} from '../runner/packages.ts';

/* A flavor that is a program: the contract as JSON over its standard streams. */

const host = openHost();
test.after.always(() => host.close());

const EXAMPLE = path.join(root, 'examples/python');
const source = readFileSync(path.join(EXAMPLE, 'flavor.py'), 'utf8');
const MAIN = '    question = json.load(sys.stdin)\n';
const pythonTest = testIf(lacksPods('program/python3'));

/** The example, with something that it does when it is asked for a hook. */
const flavorThat = (name: string, hook: string, does: string): string => {
  const file = path.join(host.directory, `${name.replaceAll(' ', '-')}.py`);
  const code = does
    .split('\n')
    .map((line) => `        ${line}\n`)
    .join('');
  writeFileSync(file, source.replace(MAIN, `${MAIN}    if question["hook"] == "${hook}":\n${code}`), {mode: 0o755});
  return file;
};

pythonTest('the example in Python runs pods: status, volumes, enter, verify, stop, gc', async (t) => {
  const volume = path.join(host.directory, 'volume');
  mkdirSync(volume);
  writeFileSync(path.join(volume, 'in'), 'from the host');
  const pod = [`--volume=data,kind=host,source=${volume}`];
  const options = {stage1: EXAMPLE, pod, app: ['--mount=volume=data,target=/data']};
  const ran = await host.sh('cat /data/in; echo written >/data/out; exit 7', options);
  t.like(ran, {exitCode: 7, stdout: 'from the host'}, ran.stderr);
  t.is(readFileSync(path.join(volume, 'out'), 'utf8'), 'written\n');

  const {uuid, ended} = await host.start('echo ready; cat', {stage1: EXAMPLE});
  const entered = await host.enter(uuid, 'readlink /proc/1/root; cat /proc/self/status | grep CapBnd; exit 3');
  t.is(entered.exitCode, 3, entered.stderr);
  t.regex(entered.stdout, /CapBnd:\t00000000a80425fb/);
  const verified = await host.rkt(['status', '--verify', uuid]);
  t.is(verified.exitCode, 0, verified.stdout + verified.stderr);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).signal, 'SIGTERM');
  await untilCollected(t, host, uuid);
});

pythonTest('a flavor that cannot tell whoever started rkt that a pod is ready runs it, and says so', async (t) => {
  const {exitCode, stderr} = await host.sh('exit 3', {stage1: EXAMPLE, env: {NOTIFY_SOCKET: '@rkt-test-nobody'}});
  t.is(exitCode, 3);
  t.regex(stderr, /@rkt-test-nobody \(NOTIFY_SOCKET\).*Type=exec/);
});

pythonTest('a flavor is found as a package and by its own name in the configured directory', async (t) => {
  const at = path.join(host.directory, 'flavors');
  mkdirSync(path.join(at, 'node_modules'), {recursive: true});
  mkdirSync(path.join(host.directory, 'etc/paths.d'));
  const config = {rktKind: 'paths', rktVersion: 'v1', 'stage1-images': at};
  writeFileSync(path.join(host.directory, 'etc/paths.d/flavors.json'), JSON.stringify(config));
  cpSync(EXAMPLE, path.join(at, 'node_modules/rkt-flavor-packed'), {recursive: true});
  cpSync(EXAMPLE, path.join(at, 'unpacked'), {recursive: true});
  writeFileSync(path.join(at, 'alone'), source, {mode: 0o755});
  writeFileSync(path.join(at, 'readme'), 'no flavor');
  const {stdout} = await host.rkt(['--format=json', 'flavor', 'list']);
  const found = (JSON.parse(stdout) as {name: string; source: string; status: string}[])
    .filter((each) => each.source.startsWith(at))
    .map((each) => `${each.name} ${each.status} ${path.relative(at, each.source)}`);
  t.deepEqual(found, [
    'jail ok alone',
    'jail ok node_modules/rkt-flavor-packed/flavor.py',
    'jail ok unpacked/flavor.py',
  ]);
  for (const stage1 of ['packed', 'unpacked', 'alone']) {
    t.is((await host.rkt(['flavor', 'show', stage1])).exitCode, 0, stage1);
  }
});

pythonTest(
  'pods do not change with a flavor that is a program, neither one that runs nor one that is prepared',
  async (t) => {
    const file = flavorThat('pinned', 'none', 'pass');
    const prepared = await host.rkt(['prepare', `--stage1=${file}`, await host.fetch(), '--exec=/bin/true']);
    t.is(prepared.exitCode, 0, prepared.stderr);
    const {uuid, end} = await host.start('echo ready; cat', {stage1: file});
    writeFileSync(file, `${source}\n# changed\n`);
    t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
    writeFileSync(file, '#!/bin/sh\nexit 1\n');
    t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
    await end();
    rmSync(file);
    t.is((await host.rkt(['run-prepared', '--dns=192.0.2.1', prepared.stdout.trim()])).exitCode, 0);
  },
);

const CODE: readonly [what: string, hook: string, does: string, code: string][] = [
  ['answers nothing', 'launch', 'sys.exit(0)', 'RKT_FLAVOR_ANSWER_INVALID'],
  ['answers garbage', 'filesystem', 'print("[}"); sys.exit(0)', 'RKT_FLAVOR_ANSWER_INVALID'],
  ['answers what is no text', 'launch', 'sys.stdout.buffer.write(b"\\xff"); sys.exit(0)', 'RKT_FLAVOR_ANSWER_INVALID'],
  ['answers twice', 'probe', 'print("[]")', 'RKT_FLAVOR_ANSWER_INVALID'],
  ['answers another type', 'environment', 'print("42"); sys.exit(0)', 'RKT_FLAVOR_PLAN_INVALID'],
  ['finds what is no finding', 'probe', 'print("[{}]"); sys.exit(0)', 'RKT_FLAVOR_PLAN_INVALID'],
  ['fails', 'launch', 'sys.exit("because")', 'RKT_FLAVOR_FAILED'],
  ['ends by a signal', 'environment', 'import os; os.abort()', 'RKT_FLAVOR_FAILED'],
  ['declares nothing', 'declaration', 'print("{}"); sys.exit(0)', 'RKT_FLAVOR_ANSWER_INVALID'],
  ['takes all memory', 'filesystem', 'b"x" * 2**32', 'RKT_FLAVOR_FAILED'],
  ['answers 100 MB', 'launch', 'print("x" * 100_000_000); sys.exit(0)', 'RKT_FLAVOR_PLAN_TOO_LARGE'],
  [
    'writes a long file',
    'filesystem',
    'print(json.dumps([step("write", {"in": "pod", "path": "x"}, content="x" * (2**20 + 1), mode=0, uid=0, gid=0)])); sys.exit(0)',
    'RKT_FLAVOR_PLAN_TOO_LARGE',
  ],
  ['has too many steps', 'filesystem', 'print(json.dumps([0] * 20001)); sys.exit(0)', 'RKT_FLAVOR_PLAN_TOO_LARGE'],
  [
    'leaves it to chance',
    'filesystem',
    'import os; print(json.dumps([step("mkdir", {"in": "pod", "path": os.urandom(8).hex()}, mode=0, uid=0, gid=0)])); sys.exit(0)',
    'RKT_FLAVOR_IMPURE',
  ],
  ['never answers', 'environment', 'import signal; signal.pause()', 'RKT_FLAVOR_TIMED_OUT'],
];

pythonTest('S10 a program that misbehaves is one coded error, and there is no pod', async (t) => {
  const apart = openHost();
  t.teardown(() => apart.close());
  await Promise.all(
    CODE.map(async ([what, hook, does, code]) => {
      const {exitCode, error, stderr} = await apart.sh('true', {stage1: flavorThat(what, hook, does)});
      t.like({exitCode, code: error?.code}, {exitCode: 254, code}, `${what}: ${stderr}`);
      t.is(error?.fields.hook ?? hook, hook, `${what}: ${stderr}`);
    }),
  );
  t.deepEqual(apart.podDirectories(), {});
});

testIf(lacksPods('program/python3', 'program/setpriv'))(
  'a program can start another, however many of other flavors run on the host at once',
  async (t) => {
    const crowd = spawn(
      program('setpriv') ?? 'setpriv',
      [
        ...['--reuid=65533', '--regid=65533', '--clear-groups', '--', '/usr/bin/python3', '-c'],
        `import sys, threading
threading.stack_size(65536)
for _ in range(300): threading.Thread(target=threading.Event().wait, daemon=True).start()
print("there", flush=True)
sys.stdin.read()`,
      ],
      {stdio: ['pipe', 'pipe', 'inherit']},
    );
    const gone = once(crowd, 'close');
    t.teardown(async () => {
      crowd.stdin.end();
      await gone;
    });
    await said(crowd);
    const forks = 'import subprocess; subprocess.run(["/bin/true"], check=True)';
    const {exitCode, stderr} = await host.rkt(['flavor', 'show', flavorThat('forks', 'declaration', forks)]);
    t.is(exitCode, 0, stderr);
  },
);

pythonTest('S10 a program sees and reaches nothing of the host but its programs', async (t) => {
  const secret = path.join(host.directory, 'secret');
  writeFileSync(secret, 'secret', {mode: 0o644});
  const tries = `import os, socket
def tried(action):
    try:
        return str(action())
    except OSError as error:
        return "no"
seen = {
    "ids": f"{os.getresuid()} {os.getgroups()}",
    "pid": os.getpid(),
    "root": sorted(os.listdir("/")),
    "secret": tried(lambda: open("${secret}").read()),
    "shadow": tried(lambda: open("/etc/shadow").read()),
    "write": [tried(lambda: open(name, "w")) for name in ("/x", "/tmp/x", "/flavor/x", "/usr/x", "/dev/shm/x")],
    "keeper": tried(lambda: os.kill(1, 0)),
    "init": tried(lambda: os.kill(${process.pid}, 0)),
    "net": [name for _, name in socket.if_nameindex()],
    "mount": tried(lambda: os.chroot("/usr")),
    "environment": sorted(os.environ),
    "open": [fd for fd in range(3, 256) if tried(lambda: os.fstat(fd)) != "no"],
}
print(json.dumps([{"severity": "note", "what": json.dumps(seen)}]))
sys.exit(0)`;
  const {stdout, stderr} = await host.rkt(['--format=json', 'flavor', 'doctor', flavorThat('spy', 'probe', tries)], {
    env: {SECRET: 'x'},
  });
  t.is(stderr, '');
  const [{findings = []} = {}] = JSON.parse(stdout) as {findings?: {what: string}[]}[];
  const seen = JSON.parse(findings[0]?.what ?? '{}') as Record<string, unknown>;
  t.like(seen, {pid: 2, secret: 'no', shadow: 'no', keeper: 'no', init: 'no', mount: 'no', net: ['lo']});
  t.deepEqual(seen.write, ['no', 'no', 'no', 'no', 'no']);
  t.deepEqual(seen.open, []);
  t.is(seen.ids, '(65533, 65534, 65534) []');
  t.deepEqual(seen.environment, ['LC_ALL', 'PATH']);
  const root = (seen.root as string[]).filter((name) => !/^(bin|lib\w*|sbin|usr|etc)$/.test(name));
  t.deepEqual(root, ['flavor']);
  t.false(existsSync('/x'));
});
