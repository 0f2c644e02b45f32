import {once} from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {asNobody} from '../helpers/as-nobody.ts';
import {rktEnvironment, root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {childrenOf, parseStatus, stateOf} from '../helpers/proc.ts';
import {errorOf} from '../helpers/result.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {fetchHalf, openUser, USER} from '../helpers/user.ts';

/* What an ordinary user can do with rkt, and what root's rkt makes of it: S11, S28. */

const user = openUser();
test.after.always(() => user.close());
const userTest = testIf(lacksPods('program/setpriv', 'overlay'));

let fetched: Promise<string> | undefined;
const image = (): Promise<string> => {
  fetched ??= user.fetch();
  return fetched;
};
const run = async (script: string) =>
  user.rkt('run', '--stage1=fly', await image(), '--exec=/bin/sh', '--', '-c', script);

userTest('a user runs a pod, is its root, and has nothing else of the host', async (t) => {
  const {exitCode, stdout, stderr} = await run(`
    id -u
    cat /proc/self/uid_map | tr -s ' '
    grep CapBnd /proc/self/status
    touch /made && stat -c %u /made
    echo text > /dev/null && head -c 4 /dev/zero | wc -c
    ls ${user.home} 2>/dev/null
    ls /sys/fs/cgroup
    mkdir /tmp/a && rm -r /tmp && mkdir /tmp && ls /tmp
    exit 7`);
  t.is(exitCode, 7, stderr);
  const [uid, map, bounding, owner, zeros, ...rest] = stdout.trim().split('\n');
  t.deepEqual([uid, map?.trim(), owner, zeros], ['0', `0 ${USER} 1`, '0', '4']);
  t.true(bounding?.startsWith('CapBnd'));
  t.deepEqual(rest, []);
  // On the disk everything is the user's, and nobody else's to look into.
  t.is(statSync(user.data).mode & 0o777, 0o700);
  t.is(statSync(user.data).uid, USER);
  for (const name of readdirSync(user.data)) t.is(statSync(path.join(user.data, name)).uid, USER, name);
});

userTest(
  'the process of a call hands signals on to the app, whose first process it is not, and ends as it does',
  async (t) => {
    const child = user.start([
      ...['run', '--stage1=fly', await image(), '--exec=/bin/sh'],
      ...['--', '-c', 'trap "exit 9" TERM; echo $$ $PPID; echo ready; while :; do sleep 0.1; done'],
    ]);
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await until(() => seen.includes('ready'));
    // Node.js is not there any more.
    const {VmRSS = ''} = parseStatus(readFileSync(`/proc/${child.pid}/status`, 'latin1'));
    t.true(Number.parseInt(VmRSS, 10) < 256, VmRSS);
    child.kill('SIGTERM');
    const {exitCode, stdout, stderr} = await child;
    t.is(exitCode, 9, String(stderr));
    t.is(stdout, '2 0\nready\n');
    const ends = await user.rkt('run', '--stage1=fly', await image(), '--exec=/bin/sh', '--', '-c', 'kill -USR1 $$');
    t.is(ends.signal, 'SIGUSR1', ends.stderr);
  },
);

userTest('S28 a pod sees no other process of its user, and changes none: there is none with its number', async (t) => {
  const [program = '', ...args] = [...asNobody(), '/bin/sh', '-c', 'echo there; read line; ulimit -n'];
  const other = execa(program, args, {reject: false, env: {SECRET: 'of-the-user'}});
  let seen = '';
  other.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('there'));
  const {stdout, stderr} = await run(`
    ls -d /proc/${other.pid} 2>/dev/null; ls /proc/1/root/. 2>/dev/null; readlink /proc/1/fd/0
    ls /proc | grep -c '^[0-9]'
    renice -n 5 -p ${other.pid} 2>/dev/null && echo done
    kill -0 ${other.pid} 2>/dev/null && echo done`);
  const [processes, ...rest] = stdout.trim().split('\n');
  t.true(Number(processes) <= 5, stderr + stdout);
  t.deepEqual(rest, [], stderr);
  other.stdin.end('\n');
  t.is((await other).exitCode, 0);
});

userTest('what a user cannot have is refused, each by its name', async (t) => {
  const limited = await user.rkt('run', '--stage1=fly', await image(), '--memory=64M', '--exec=/bin/true');
  t.is(limited.exitCode, 254);
  t.is(limited.error?.code, 'RKT_FLAVOR_CANNOT');
  const ids = await user.rkt(
    ...['run', '--stage1=fly', await image(), '--user=1000', '--group=1000', '--exec=/bin/true'],
  );
  t.is(ids.error?.code, 'RKT_FLAVOR_CANNOT', ids.stderr);
  t.regex(ids.error?.message ?? '', /user 1000/);
  const supervised = await user.rkt('run', '--stage1=nspawn', await image());
  t.is(supervised.error?.code, 'RKT_FLAVOR_HOST_LACKS', supervised.stderr);
  t.is((supervised.error?.fields.findings as unknown[] | undefined)?.length, 1, supervised.stderr);
  // Before an image is made for nothing.
  for (const line of [
    ['run', '--stage1=kvm', await image()],
    ['flavor', 'build', 'kvm'],
  ]) {
    const {error, stderr} = await user.rkt(...line);
    t.is(error?.code, 'RKT_FLAVOR_HOST_LACKS', stderr);
  }
  await t.throwsAsync(user.fetch({files: {'/etc/other': {content: 'x', uid: 7}}}), {
    message: /RKT_IMAGE_OWNER_MISSING/,
  });
  await t.throwsAsync(user.fetch({files: {'/dev/null': {device: ['c', 1, 3]}}}), {
    message: /RKT_IMAGE_DEVICE_ROOTLESS/,
  });
  // Nothing of them stays.
  t.deepEqual(readdirSync(path.join(user.data, 'cas/tmp')), []);
});

userTest(
  'rules that let nothing share pids or ipc with the host let a user run a pod, which has both of its own',
  async (t) => {
    const config = path.join(user.home, 'config');
    mkdirSync(path.join(config, 'policy.d'), {recursive: true});
    const rules = [{name: 'apart', require: ['no-shared-pid', 'no-shared-ipc']}];
    writeFileSync(path.join(config, 'policy.d/a.json'), JSON.stringify({rktVersion: 'v1', rktKind: 'policy', rules}));
    const ruled = async (...flags: string[]) =>
      user.rkt(`--user-config=${config}`, 'run', '--stage1=fly', ...flags, await image(), '--exec=/bin/true');
    const {exitCode, stderr} = await ruled();
    t.is(exitCode, 0, stderr);
    // Of the other flavors, each of which takes root, it is said why they do not run it instead.
    const sharing = await ruled('--ipc=parent');
    t.is(sharing.error?.code, 'RKT_POLICY_FLAVOR_REFUSED', sharing.stderr);
  },
);

userTest('a data directory of root is for root, and one of a user for that user', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const roots = path.join(user.home, 'of-root');
  mkdirSync(roots);
  const asUser = await user.rkt(`--dir=${roots}`, 'gc');
  t.is(asUser.error?.code, 'RKT_ROOT_NEEDED', asUser.stderr);
  const nowhere = await user.rkt(`--dir=${roots}/deeper`, 'gc');
  t.is(nowhere.error?.code, 'RKT_DATA_DIRECTORY_UNUSABLE', nowhere.stderr);
  await image();
  for (const command of [['list'], ['image', 'list'], ['gc'], ['run', buildImage()]]) {
    const {exitCode, error} = await host.rkt([`--dir=${user.data}`, '--format=json', ...command]);
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_DATA_DIRECTORY_OF_ANOTHER', command.join(' '));
  }
  // Nor is what root of a pod's user namespace would make for somebody else.
  const others = path.join(user.home, 'of-others');
  mkdirSync(others);
  chownSync(others, 1, 1);
  t.is((await user.rkt(`--dir=${others}`, 'gc')).error?.code, 'RKT_ROOT_NEEDED');
});

/** Two processes, one that ignores what it may, and one in a session of its own besides. */
const LEAVES = `for how in '' setsid; do $how sh -c 'trap "" TERM HUP; exec sleep 100 >/dev/null 2>&1' </dev/null & done`;

/** Numbers of all in the pid namespace of a pod, whose process outside is this one; of programs that come and go, none. */
const inside = (outside: number | undefined): number[] => {
  const links = childrenOf(outside ?? 0).map((pid) => linkOf(pid, 'pid'));
  return readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) && links.includes(linkOf(name, 'pid')) ? [Number(name)] : [],
  );
};

const linkOf = (pid: number | string, namespace: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/${namespace}`);
  } catch {
    return 'gone';
  }
};

const areGone = (pids: readonly number[]): boolean => pids.every((pid) => ['', 'Z'].includes(stateOf(pid)));

userTest('a user prepares, runs, looks at, enters, stops and removes pods', async (t) => {
  const prepared = await user.rkt(
    ...['prepare', '--quiet', '--stage1=fly', await image(), '--exec=/bin/sh'],
    ...['--', '-c', `${LEAVES}; echo ready; read line; echo over`],
  );
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(prepared.stdout)?.[0] ?? '';
  t.not(uuid, '', prepared.stderr);
  const child = user.start(['run-prepared', uuid]);
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('ready') && inside(child.pid).length === 4);
  const listed = await user.rkt('list');
  t.true(
    (JSON.parse(listed.stdout) as {name: string; state: string}[]).some(
      ({name, state}) => name === uuid && state === 'running',
    ),
    listed.stdout,
  );
  const entered = await user.rkt(
    'enter',
    uuid,
    '/bin/sh',
    '-c',
    'id -u; for n in user pid ipc; do readlink /proc/self/ns/$n; done',
  );
  const [uid, ...namespaces] = entered.stdout.trim().split('\n');
  t.is(uid, '0', entered.stderr);
  const [first = 0] = childrenOf(child.pid ?? 0);
  t.deepEqual(
    namespaces,
    ['user', 'pid', 'ipc'].map((name) => linkOf(first, name)),
  );
  for (const name of ['user', 'pid', 'ipc']) t.not(linkOf(first, name), linkOf('self', name));
  const status = await user.rkt('status', '--verify', uuid);
  t.is(status.exitCode, 0, status.stderr);
  t.is((JSON.parse(status.stdout) as {state: string}).state, 'running');
  const left = inside(child.pid);
  t.is(left.length, 4);
  const stopped = await user.rkt('stop', '--force', uuid);
  t.is(stopped.exitCode, 0, stopped.stderr);
  t.is(stopped.stderr, '');
  t.true(areGone(left));
  await child;
  t.is((await user.rkt('enter', uuid, '/bin/true')).error?.code, 'RKT_POD_STATE');
  const removed = await user.rkt('rm', uuid);
  t.is(removed.exitCode, 0, removed.stderr);
  t.false(user.pods().includes(uuid));
  const images = await user.rkt('image', 'list');
  t.is((JSON.parse(images.stdout) as unknown[]).length, 1);
  const manifest = await user.rkt('image', 'cat-manifest', await image());
  t.is((JSON.parse(manifest.stdout) as {name: string}).name, 'example.com/test');
  t.false(existsSync(path.join(user.data, 'pods/run', uuid)));
});

/** Makes standard output what systemd calls its journal, which nobody can open: a program of the host carries what is written there. */
const TO_JOURNAL = 'exec 3>&1; export JOURNAL_STREAM="$(stat -Lc %d:%i /proc/self/fd/3)"; exec "$@" 3>&-';

userTest('what carries the streams of an app is not taken for the app', async (t) => {
  const [program = '', ...args] = [
    ...['/bin/sh', '-c', TO_JOURNAL, 'sh'],
    ...user.command('run', '--stage1=fly', '--uuid-file-save=carried', await image(), '--exec=/bin/sh'),
    ...['--', '-c', 'echo ready; read line'],
  ];
  const child = execa(program, args, {reject: false, extendEnv: false, env: rktEnvironment, cwd: user.home});
  const early = await Promise.race([child, once(child.stdout, 'data').then(() => undefined)]);
  t.is(early, undefined, early?.stderr);
  const names = childrenOf(child.pid ?? 0).map((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1').trim());
  t.deepEqual(names.toSorted(), ['cat', 'rkt', 'sh']);
  const entered = await user.rkt('enter', uuidIn('carried'), '/bin/sh', '-c', 'cat /proc/1/comm; cat /proc/2/comm');
  t.is(entered.stdout, 'rkt\nsh\n', entered.stderr);
  child.stdin.end('\n');
  t.is((await child).exitCode, 0);
});

const uuidIn = (file: string): string => readFileSync(path.join(user.home, file), 'utf8').trim();

const stateIn = async (of: string): Promise<string | undefined> =>
  (JSON.parse((await user.rkt('list')).stdout) as {name: string; state: string}[]).find(({name}) => name === of)?.state;

/** Runs a pod that stays, and waits until it says `ready`. */
const starts = async (script: string, file: string, ...flags: readonly string[]) => {
  const child = user.start([
    ...['--insecure-options=seccomp,capabilities', 'run', '--stage1=fly', `--uuid-file-save=${file}`, await image()],
    ...['--exec=/bin/sh', ...flags, '--', '-c', script],
  ]);
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('ready'));
  // In an object: by itself it would be waited for.
  return {child};
};

userTest(
  'S05 what an app leaves behind ends with it, and with the process of the call, however that ends',
  async (t) => {
    const ran = await user.rkt(
      ...['run', '--stage1=fly', '--uuid-file-save=left', await image(), '--exec=/bin/sh', '--', '-c', LEAVES],
    );
    t.is(ran.exitCode, 0, ran.stderr);
    t.is(await stateIn(uuidIn('left')), 'exited');
    t.is((await user.rkt('rm', uuidIn('left'))).exitCode, 0);
    const {child} = await starts(`${LEAVES}; echo ready; read line`, 'killed');
    await until(() => inside(child.pid).length === 4);
    const left = inside(child.pid);
    const uuid = uuidIn('killed');
    t.is(await stateIn(uuid), 'running');
    t.is((await user.rkt('status', '--wait=10ms', uuid)).error?.code, 'RKT_WAIT_EXPIRED');
    t.is((await user.rkt('rm', uuid)).error?.code, 'RKT_POD_STATE');
    t.is((await user.rkt('export', uuid, 'x.aci')).error?.code, 'RKT_POD_STATE');
    t.is((await user.rkt('gc')).exitCode, 0);
    t.true(existsSync(path.join(user.data, 'pods/run', uuid, 'overlay')));
    child.kill('SIGKILL');
    await child;
    await until(() => areGone(left));
    t.is(await stateIn(uuid), 'exited');
    t.is((await user.rkt('rm', uuid)).exitCode, 0);
  },
);

userTest('S05 an app that may look into the first process does not get what tells that one to end', async (t) => {
  const {exitCode, stdout, stderr} = await user.rkt(
    ...['run', '--stage1=fly', '--allow-degraded=processes/closed', await image(), '--caps-retain=CAP_SYS_PTRACE'],
    ...['--exec=/bin/sh', '--', '-c', 'readlink /proc/1/fd/0; (exec 9>/proc/1/fd/0) 2>/dev/null || echo closed'],
  );
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^\S+\nclosed\n$/);
});

/** Comes from under its root directory first: who is below one that is not that of its mounts has no user namespace. */
const HIDES = `busybox unshare -m busybox sh -c '
  mkdir /tmp/r && mount -t tmpfs none /tmp/r && cp -a /bin /tmp/r/ && mkdir /tmp/r/old && cd /tmp/r && busybox pivot_root . old &&
  cd / && umount -l /old && exec busybox unshare -U busybox setsid sh -c "echo ready; exec sleep 100 >&4"
' 4>/dev/null </dev/null 2>/dev/null &`;
/** Never has a process the same number for long: each that is looked for has given way to the next. */
const RUNS_AWAY = `busybox setsid busybox sh -c 'f() { [ $1 -gt 0 ] || echo ready; f $(($1 - 1)) & exit; }; f 20' &`;
const CAPABILITIES = ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_CHOWN'].join();

for (const [what, file, script] of [
  ['hides in a user namespace below that of the pod', 'hidden', HIDES],
  ['has another number before it is looked at', 'run-away', RUNS_AWAY],
] as const)
  userTest(`S05 a pod runs, and is stopped, whoever of it ${what}`, async (t) => {
    const {child} = await starts(`${script} read line`, file, `--caps-retain=${CAPABILITIES}`);
    const uuid = uuidIn(file);
    const [first = 0] = childrenOf(child.pid ?? 0);
    t.is(await stateIn(uuid), 'running');
    t.is((await user.rkt('rm', uuid)).error?.code, 'RKT_POD_STATE');
    t.is((await user.rkt('gc')).exitCode, 0);
    t.true(existsSync(path.join(user.data, 'pods/run', uuid)));
    const stopped = await user.rkt('stop', '--force', uuid);
    t.is(stopped.exitCode, 0, stopped.stderr);
    t.is(stopped.stderr, '');
    // What is outside has reaped it.
    t.is(stateOf(first), '');
    await child;
    t.is((await user.rkt('rm', uuid)).exitCode, 0);
  });

/** What another user of the host can make the kernel show of a process of its own: that of a pod is known by none of it. */
const FORGES =
  'set -- "$1" $(cat "/proc/$1/projid_map") 7; echo "$2 $2 1" >/proc/self/projid_map && echo ready && read line';

userTest('S10 no other user keeps a pod from being stopped and removed', async (t) => {
  const {child: pod} = await starts('echo ready; read line', 'forged');
  const [program = 'unshare', ...args] = [
    ...['unshare', '--user', '--map-root-user', '--setuid=0', '/bin/sh', '-c', FORGES, 'sh', String(pod.pid)],
  ];
  const forger = execa(program, args, {reject: false, uid: USER - 1, gid: USER - 1});
  const early = await Promise.race([forger, once(forger.stdout, 'data').then(() => undefined)]);
  t.is(early, undefined, early?.stderr);
  const uuid = uuidIn('forged');
  const stopped = await user.rkt('stop', '--force', uuid);
  t.is(stopped.exitCode, 0, stopped.stderr);
  await pod;
  t.is((await user.rkt('rm', uuid)).exitCode, 0);
  t.is(stateOf(forger.pid ?? 0), 'S');
  forger.stdin.end('\n');
  await forger;
});

/** As a host has it that shows nobody the processes of others. */
const HIDING = 'mount -t proc -o hidepid=1 proc /proc && exec "$@"';

userTest(
  'a user runs, looks at, enters, stops and removes pods where /proc hides the processes of others',
  async (t) => {
    const call = (...args: string[]) =>
      execa('unshare', ['--mount', '--propagation=private', '/bin/sh', '-c', HIDING, 'sh', ...user.command(...args)], {
        reject: false,
        extendEnv: false,
        env: {...rktEnvironment, HOME: user.home},
        cwd: user.home,
      });
    const script = 'echo ready; read line';
    const pod = call(
      'run',
      '--stage1=fly',
      '--uuid-file-save=hiding',
      await image(),
      '--exec=/bin/sh',
      '--',
      '-c',
      script,
    );
    const ended = once(pod.stdout, 'data');
    await Promise.race([ended, pod]);
    const uuid = uuidIn('hiding');
    t.regex((await call('list', '--full', '--no-legend')).stdout, new RegExp(`${uuid}.*running`));
    t.regex((await call('rm', uuid)).stderr, /RKT_POD_STATE/);
    const entered = await call('enter', uuid, '/bin/sh', '-c', 'exit 3');
    t.is(entered.exitCode, 3, entered.stderr);
    const stopped = await call('stop', '--force', uuid);
    t.is(stopped.exitCode, 0, stopped.stderr);
    await pod;
    // Which takes none from the tests beside.
    const collected = await call('gc');
    t.is(collected.exitCode, 0, collected.stderr);
    const removed = await call('rm', uuid);
    t.is(removed.exitCode, 0, removed.stderr);
    t.false(user.pods().includes(uuid));
  },
);

userTest('S28 nothing is run where a /proc of the pod would show what is hidden from rkt', async (t) => {
  const hiding = 'mount -t tmpfs none /proc/irq && exec "$@"';
  const [program = '', ...args] = [
    ...['unshare', '--mount', '--propagation=private', '/bin/sh', '-c', hiding, 'sh'],
    ...user.command(
      '--format=json',
      'run',
      '--stage1=fly',
      '--uuid-file-save=refused',
      await image(),
      '--exec=/bin/true',
    ),
  ];
  const {exitCode, stderr} = await execa(program, args, {reject: false, extendEnv: false, env: rktEnvironment});
  t.is(exitCode, 254);
  const error = errorOf(stderr);
  t.is(error?.code, 'RKT_FLAVOR_HOST_LACKS', stderr);
  t.regex(error?.message ?? '', /\/proc/);
});

userTest('doctor says what a user lacks', async (t) => {
  const {exitCode, stdout, stderr} = await user.rkt('flavor', 'doctor', 'fly');
  t.is(exitCode, 0, stderr);
  const [fly] = JSON.parse(stdout) as [{usable: boolean; findings: {what: string}[]}];
  t.true(fly.usable);
  t.true(fly.findings.some(({what}) => what.includes('ordinary user has no cgroups')));
});

userTest(
  'what a user exports is what the app has left, and images of the user are looked into, checked and removed',
  async (t) => {
    // Of others' pods and images nothing is to be seen here.
    const own = openUser();
    t.teardown(() => own.close());
    const other = await own.fetch({
      name: 'example.com/other',
      files: {'/gone/a': 'of the image', '/b': 'of the image'},
    });
    const ran = await own.rkt(
      ...['run', '--stage1=fly', '--uuid-file-save=other', other, '--exec=/bin/sh'],
      ...['--', '-c', 'rm /b; rm -r /gone; mkdir /gone; echo of the app >/gone/new'],
    );
    t.is(ran.exitCode, 0, ran.stderr);
    const uuid = readFileSync(path.join(own.home, 'other'), 'utf8').trim();
    const done = async (...args: string[]) => {
      const {exitCode, stderr, stdout} = await own.rkt('--insecure-options=image', ...args);
      t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    await done('export', uuid, 'app.aci');
    const exported = /sha512-[0-9a-f]{128}/.exec(await done('fetch', './app.aci'))?.[0] ?? '';
    await done('image', 'extract', exported, 'extracted');
    t.deepEqual(readdirSync(path.join(own.home, 'extracted/rootfs/gone')), ['new']);
    t.false(existsSync(path.join(own.home, 'extracted/rootfs/b')));
    await done('image', 'render', other, 'rendered');
    // What an image may have setuid would be so as the user.
    for (const name of ['extracted', 'rendered']) t.is(statSync(path.join(own.home, name)).mode & 0o777, 0o700, name);
    t.deepEqual(readdirSync(path.join(own.home, 'rendered/rootfs/gone')), ['a']);
    t.is(statSync(path.join(own.home, 'rendered/rootfs/gone/a')).uid, USER);
    await done('image', 'export', other, 'other.aci');
    await done('image', 'verify', other, exported);
    await done('image', 'rm', other, exported);
    await done('image', 'gc', '--grace-period=1h');
    await done('rm', uuid);
  },
);

userTest('S27 what unpacks an image for a user has no network and sees nobody else', async (t) => {
  const own = openUser();
  t.teardown(() => own.close());
  const {helpers, finish} = await fetchHalf(own);
  for (const {status, shared} of helpers) {
    for (const name of ['user', 'mnt', 'net', 'ipc', 'pid']) t.false(shared.includes(name), name);
    // All capabilities that unpacking takes, and no more.
    t.is(status('CapBnd'), '000000008804001b');
    // Nor does it reach the keys of the user, who it is (S35).
    t.is(status('Seccomp'), '2');
    t.is(status('Uid'), `${USER} ${USER} ${USER} ${USER}`);
  }
  const {exitCode, stderr} = await finish();
  t.is(exitCode, 0, String(stderr));
});

testIf(lacksPods('program/setpriv', 'program/python3'))(
  "a stranger's flavor has no network, and sees no process of the user",
  async (t) => {
    const server = createServer((socket) => void socket.end()).listen(0, '127.0.0.1');
    t.teardown(() => void server.close());
    await once(server, 'listening');
    const {port} = server.address() as AddressInfo;
    const [program = '', ...args] = [...asNobody(), '/bin/sh', '-c', 'echo there; read line'];
    const other = execa(program, args, {reject: false});
    t.teardown(() => void other.kill());
    const flavor = path.join(user.home, 'flavor.py');
    const source = readFileSync(path.join(root, 'examples/python/flavor.py'), 'utf8');
    const looks = `def probe(host):
    import os, signal, socket
    def tried(does, *args):
        try:
            does(*args)
            return "done"
        except OSError as error:
            return type(error).__name__
    seen = [tried(socket.create_connection, ("127.0.0.1", ${port}), 5), tried(os.kill, ${other.pid}, 0), os.getuid()]
    return [{"severity": "note", "what": str(seen)}]
`;
    writeFileSync(flavor, source.replace('def probe(host):\n    return []\n', looks), {mode: 0o755});
    const {stdout, stderr} = await user.rkt('flavor', 'doctor', flavor);
    const [{findings} = {findings: []}] = JSON.parse(stdout || '[]') as {findings: {what: string}[]}[];
    t.deepEqual(
      findings.map(({what}) => what),
      ["['OSError', 'ProcessLookupError', 0]"],
      stdout + stderr,
    );
  },
);

testIf(lacksPods('program/setpriv', 'program/python3'))(
  "S10 a stranger's flavor is never asked as the user, and its pod is stopped without",
  async (t) => {
    const flavor = path.join(user.home, 'asked.py');
    const trace = path.join(user.home, 'asked');
    const source = readFileSync(path.join(root, 'examples/python/flavor.py'), 'utf8');
    const leavesTrace = `if __name__ == "__main__":
    try:
        open(${JSON.stringify(trace)}, "w").close()
    except OSError:
        pass
`;
    const changed = source
      .replace('if __name__ == "__main__":\n', leavesTrace)
      .replace('"unshare": ["mount"]', '"unshare": ["mount", "pid"]')
      // A user makes no such file systems.
      .replaceAll(/^ +\*(mounted|\(step\("(device|symlink)|\(\{"id": do).*\n/gm, '');
    writeFileSync(flavor, changed, {mode: 0o755});
    const child = user.start([
      ...['run', `--stage1=${flavor}`, '--uuid-file-save=strangers', await image(), '--exec=/bin/sh'],
      ...['--', '-c', 'echo ready; read line'],
    ]);
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    const early = await Promise.race([child, until(() => seen.includes('ready'))]);
    t.is(early, undefined, String((early as {stderr?: unknown} | undefined)?.stderr));
    const uuid = uuidIn('strangers');
    // As root of the pod's user namespace, where it is apart. Its pod has less than it promises: the rest is not of interest here.
    const status = await user.rkt('status', '--verify', uuid);
    const {verification} = JSON.parse(status.stdout || '{"verification":[]}') as {
      verification: {name: string; holds: boolean}[];
    };
    t.is(verification.find(({name}) => name === 'plan')?.holds, true, status.stderr);
    const stopped = await user.rkt('stop', uuid);
    t.is(stopped.exitCode, 0, stopped.stderr);
    await child;
    t.false(existsSync(trace));
  },
);

userTest('S10 a stopped call of enter does not keep a pod from being stopped by force', async (t) => {
  const file = path.join(user.home, 'entered');
  const child = user.start([
    ...['run', '--stage1=fly', `--uuid-file-save=${file}`, await image(), '--exec=/bin/sh'],
    ...['--', '-c', 'echo ready; cat'],
  ]);
  const says = async (call: ReturnType<typeof user.start>) => {
    let seen = '';
    call.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await until(() => seen.includes('ready'));
  };
  await says(child);
  const uuid = readFileSync(file, 'utf8').trim();
  const entering = user.start(['enter', uuid, '/bin/sh', '-c', 'echo ready; cat']);
  await says(entering);
  entering.kill('SIGSTOP');
  const {exitCode, stderr} = await user.rkt('stop', '--force', uuid);
  t.is(exitCode, 0, stderr);
  t.deepEqual([(await child).signal, (await entering).signal], ['SIGKILL', 'SIGKILL']);
});
