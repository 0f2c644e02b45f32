import {strict as assert} from 'node:assert';
import {existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import path from 'node:path';
import type {Case} from '../case.ts';
import {ends, expectEnd, STAYS, stays, verify, withPod} from '../forms.ts';
import {tryTool} from '../image.ts';
import {link, read} from '../outside.ts';
import {type ProbedMount, parseMounts} from '../probe.ts';
import {hasOwnKernel, type PodSpec, takesCopies, type World} from '../world.ts';

/* What an app has around it: root file system, volumes, devices, names, namespaces. EX-01 to EX-30, PO-01 to PO-11, OS-01, OS-02, S17, S29. */

/** Two kernels give their first namespaces the same numbers: of another kernel they are no namespaces of the host. */
const ownNamespace = (world: World, kind: string, namespaces: Readonly<Record<string, string>>): void => {
  if (hasOwnKernel(world)) return;
  assert.notEqual(namespaces[kind], link(`/proc/self/ns/${kind}`), `the ${kind} namespace is the host's`);
};
const hostNamespace = (kind: string, namespaces: Readonly<Record<string, string>>): void =>
  assert.equal(namespaces[kind], link(`/proc/self/ns/${kind}`), `the ${kind} namespace is not the host's`);

const mountsOfHost = (): string[] => read('/proc/self/mountinfo').trim().split('\n');

/** With a volume of the host at /data. */
const withVolume = (
  id: string,
  title: string,
  flag: string,
  check: (world: World, place: string, run: (script: string) => ReturnType<World['run']>) => Promise<void>,
): Case => ({
  id,
  title,
  needs: ['volume/host'],
  attempt: async (world) => {
    const place = world.volume({file: 'of the host\n'});
    const pod = [`--volume=data,kind=host,source=${place}${flag}`];
    const app = ['--mount=volume=data,target=/data'];
    await check(world, place, (script) => world.run({script, pod, app}));
  },
});

const tool = (name: string, ...args: readonly string[]): void => assert.ok(tryTool(name, ...args), `${name} failed`);

/** With a volume of the host at /data which is a file system of its own, shared on the host. */
const propagating = (
  how: 'shared' | 'slave',
  title: string,
  spec: PodSpec,
  check: (place: string, inside: (script: string) => Promise<string>) => Promise<void>,
): Case => ({
  id: `PO-10/${how}`,
  title,
  needs: [`volume/${how}`, 'volume/host', 'enter'],
  // It mounts.
  root: true,
  attempt: async (world) => {
    const place = world.volume({});
    tool('mount', '-t', 'tmpfs', '--make-shared', 'kit', place);
    try {
      const pod = [...(spec.pod ?? []), `--volume=data,kind=host,source=${place},propagation=${how}`];
      const app = [...(spec.app ?? []), '--mount=volume=data,target=/data'];
      await withPod(world, {script: STAYS, ...spec, pod, app}, async ({uuid}) => {
        await check(place, async (script) => (await world.enter(uuid, script)).stdout);
        await verify(world, uuid, [`volume/${how}`]);
      });
    } finally {
      tool('umount', '-R', place);
    }
  },
});

/** What the host mounts below a volume of a running pod is there in the pod. */
const comesIn = async (place: string, inside: (script: string) => Promise<string>): Promise<void> => {
  mkdirSync(path.join(place, 'late'));
  tool('mount', '-t', 'tmpfs', 'kit', path.join(place, 'late'));
  writeFileSync(path.join(place, 'late/file'), 'late\n');
  assert.equal(await inside('cat /data/late/file'), 'late\n');
};

const propagation: readonly Case[] = [
  propagating('slave', 'what is mounted in a volume later is there in the app, too', {}, comesIn),
  propagating(
    'shared',
    'what is mounted in a volume later is there on the other side, too',
    {
      script: `mkdir /data/own && mount -t tmpfs kit /data/own && echo own >/data/own/file; ${STAYS}`,
      app: ['--caps-retain=CAP_SYS_ADMIN'],
      pod: ['--allow-degraded=processes/closed'],
    },
    async (place, inside) => {
      assert.equal(readFileSync(path.join(place, 'own/file'), 'utf8'), 'own\n');
      await comesIn(place, inside);
    },
  ),
];

/** Under what is mounted there, or above it, later. */
const isHidden = ({target}: ProbedMount, later: readonly ProbedMount[]): boolean =>
  later.some((mount) => target === mount.target || target.startsWith(`${mount.target}/`));

/** One of those that every app has, as the host has it. */
const isDevice = ({root, target}: ProbedMount): boolean =>
  Object.keys(DEVICES).some((name) => target === `/dev/${name}` && root === `/${name}`);

/** Who is not root of the host cannot take away what the host has mounted in its own /proc and /sys, nor make a device. */
const isKept = ({device, target}: ProbedMount, onHost: readonly ProbedMount[]): boolean =>
  process.geteuid?.() !== 0 &&
  /^\/(proc|sys)\//.test(target) &&
  onHost.some((mount) => mount.device === device && mount.target === target);

const files: readonly Case[] = [
  stays(
    'EX-01/rootfs',
    'an app is confined to its own rootfs, and nothing of the host is mounted in it',
    ['rootfs/overlay'],
    {},
    ({mounts}, {world}) => {
      const [rootfs, ...all] = mounts;
      assert.equal(rootfs?.target, '/');
      // With a kernel of its own numbers mean nothing.
      const onHost = world.declaration.properties.includes('own-kernel') ? [] : parseMounts(mountsOfHost());
      const others = all.filter(
        (mount, index) => !isHidden(mount, all.slice(index + 1)) && !isDevice(mount) && !isKept(mount, onHost),
      );
      const foreign = others.filter(
        ({type, root, target}) =>
          !['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue'].includes(type) &&
          !(root === '/null' && /^.(proc|sys)./.test(target)),
      );
      assert.deepEqual(foreign, [], `of the host: ${foreign.map(({target}) => target).join(' ')}`);
      // What is new with each mount is the host's if the host has it, too.
      const shared = others.filter(
        ({type, root, device}) =>
          ['tmpfs', 'devpts'].includes(type) && root !== '/null' && onHost.some((mount) => mount.device === device),
      );
      assert.deepEqual(shared, [], `of the host: ${shared.map(({target}) => target).join(' ')}`);
      assert.deepEqual(
        mounts.filter(({propagation}) => propagation.length > 0),
        [],
        'S17: a mount is not private',
      );
    },
  ),
  {
    id: 'EX-01/secret',
    title: 'a file of the host is not there, by whatever path',
    needs: ['run'],
    attempt: async (world) => {
      const secret = path.join(world.directory, 'secret');
      writeFileSync(secret, 'of the host');
      const script = `for f in ${secret} /../../..${secret} /proc/1/root${secret} /proc/self/root${secret}; do
        cat $f 2>/dev/null; done; cd /; cd ../../..; pwd -P; readlink /proc/$$/root`;
      expectEnd(await world.run({script}), {stdout: '/\n/\n'});
    },
  },
  stays(
    'EX-02/read-only',
    'a read-only rootfs cannot be written',
    ['rootfs/read-only'],
    {
      script: 'for d in / /bin /dev/shm; do { echo x >$d/file; } 2>/dev/null && echo wrote $d; done',
      app: ['--readonly-rootfs'],
    },
    (_probe, {printed}) => assert.equal(printed, 'wrote /dev/shm\n'),
  ),
  ends(
    'EX-02/writable',
    'a rootfs that is not read-only can be written',
    ['run'],
    {script: 'for d in / /bin /etc /dev/shm; do echo x >$d/file || exit; done'},
    {},
  ),
  {
    id: 'EX-07/clean',
    title: 'every execution starts from a clean copy, with an overlay or without',
    needs: ['run'],
    attempt: async (world) => {
      const script = 'cat /bin/note 2>/dev/null; echo dirty >/bin/note; rm /bin/dd && echo done';
      const copies = takesCopies(world) ? [['--no-overlay'], ['--no-overlay']] : [];
      for (const pod of [[], [], ...copies]) expectEnd(await world.run({script, pod}), {stdout: 'done\n'});
    },
  },
  {
    id: 'IM-04/exported',
    title: 'an image that is made of an exited app has what the app has written, and not what it has removed',
    needs: ['run'],
    attempt: async (world) => {
      const script =
        'rm /bin/dd && rm -r /data && mkdir /data && echo own >/data/own && echo note >/bin/note && chmod 700 /bin/cat';
      const image = {files: {'data/old': 'of the image\n'}};
      const prepared = await world.rkt(await world.arguments('prepare', {script, image}));
      expectEnd(prepared, {});
      const {uuid} = JSON.parse(prepared.stdout) as {readonly uuid: string};
      expectEnd(await world.rkt(['run-prepared', uuid]), {});
      const file = path.join(world.directory, `${uuid}.aci`);
      expectEnd(await world.rkt(['export', uuid, file]), {});
      const fetched = await world.rkt(['fetch', '--full', file]);
      expectEnd(fetched, {});
      const place = path.join(world.directory, uuid);
      expectEnd(await world.rkt(['image', 'extract', '--rootfs-only', fetched.stdout.trim(), place]), {});
      assert.deepEqual(readdirSync(path.join(place, 'data')), ['own']);
      assert.equal(read(path.join(place, 'bin/note')), 'note\n');
      assert.equal(lstatSync(path.join(place, 'bin/cat')).mode & 0o777, 0o700);
      assert.equal(existsSync(path.join(place, 'bin/dd')), false, 'what the app has removed is there');
    },
  },
  withVolume(
    'PO-02/both-ways',
    'a volume reaches the app and shows what it writes on the host',
    '',
    async (_world, place, run) => {
      expectEnd(await run('cat /data/file; echo of the app >/data/new'), {stdout: 'of the host\n'});
      assert.equal(readFileSync(path.join(place, 'new'), 'utf8'), 'of the app\n');
    },
  ),
  withVolume('PO-09/read-only', 'a read-only volume is read-only', ',readOnly=true', async (_world, place, run) => {
    const ended = await run(
      'cat /data/file; { echo x >/data/file; } 2>/dev/null || echo no; mount -o remount,rw /data 2>/dev/null || echo no; { echo x >/data/file; } 2>/dev/null || echo no',
    );
    expectEnd(ended, {stdout: 'of the host\nno\nno\nno\n'});
    assert.equal(readFileSync(path.join(place, 'file'), 'utf8'), 'of the host\n');
  }),
  {
    id: 'PO-09/verified',
    title: 'the kernel shows volumes as they were asked for',
    needs: ['volume/host', 'volume/empty'],
    attempt: async (world) => {
      const place = world.volume();
      const flags = ['--volume=a,kind=empty', `--volume=b,kind=host,source=${place},readOnly=true`];
      const app = ['--mount=volume=a,target=/a', '--mount=volume=b,target=/b'];
      await stays('PO-09/pod', '', ['volume/host', 'volume/empty'], {pod: flags, app}, ({mounts}) => {
        const [a, b] = ['/a', '/b'].map((place) => mounts.find(({target}) => target === place)?.flags);
        assert.ok(a !== undefined, '/a is not there');
        assert.ok(b !== undefined, '/b is not there');
        assert.ok(b.includes('ro'), '/b can be written');
        assert.ok(a.includes('rw'), '/a cannot be written');
      }).attempt(world);
    },
  },
  ends(
    'PO-11/empty',
    "an empty volume is 0755 and root's, or of the mode that is asked for, and can be written",
    ['volume/empty'],
    {
      script: 'stat -c "%a %u:%g" /a /b; ls -A /a /b | grep -v : ; touch /a/x /b/x',
      pod: ['--volume=a,kind=empty', '--volume=b,kind=empty,mode=1770'],
      app: ['--mount=volume=a,target=/a', '--mount=volume=b,target=/b'],
    },
    {stdout: /^755 0:0\n1770 0:0\n\s*$/},
  ),
  ends(
    'PO-11/owner',
    'an empty volume is of the user and group that are asked for',
    ['volume/empty', 'user'],
    {
      script: 'stat -c "%a %u:%g" /a; touch /a/x',
      pod: ['--volume=a,kind=empty,mode=1770,uid=12,gid=34'],
      app: ['--mount=volume=a,target=/a'],
    },
    {stdout: '1770 12:34\n'},
  ),
  {
    id: 'S07/sys',
    title: 'a volume below /sys is there, and shows nothing else of what is hidden',
    needs: ['volume/sys', 'volume/host', 'kernel-paths/masked'],
    attempt: async (world) => {
      const pod = [`--volume=data,kind=host,source=${world.volume({file: 'of the host\n'})}`];
      const app = ['--mount=volume=data,target=/sys/fs/given'];
      const script = 'cat /sys/fs/given/file; ls -A /sys/fs; { echo x >/sys/fs/new; } 2>/dev/null || echo no';
      expectEnd(await world.run({script, pod, app}), {stdout: 'of the host\ngiven\nno\n'});
    },
  },
  ends(
    'EX-18/device',
    'a volume may be a device, which the app can use',
    ['volume/device'],
    {
      script: 'stat -c "%F %t:%T" /given; head -c 4 /given | wc -c; echo x >/given && echo written',
      pod: ['--volume=given,kind=host,source=/dev/zero'],
      app: ['--mount=volume=given,target=/given'],
    },
    {stdout: /^character special file 1:5\n\s*4\nwritten\n$/},
  ),
];

const DEVICES = {full: '1:7', null: '1:3', random: '1:8', tty: '5:0', urandom: '1:9', zero: '1:5'} as const;
const MOUNTED = {'/proc': 'proc', '/sys': 'sysfs', '/dev/pts': 'devpts', '/dev/shm': 'tmpfs'} as const;

const kernel: readonly Case[] = [
  stays(
    'OS-01/devices',
    'every app has the devices and file systems of the specification',
    ['run'],
    {
      script: `for n in ${Object.keys(DEVICES).join(' ')}; do stat -L -c "$n %F %t:%T %a" /dev/$n; done
        for n in console pts ptmx shm; do [ -e /dev/$n ] || [ -L /dev/$n ] || echo no $n; done
        head -c 4 /dev/zero | wc -c | tr -d ' '; echo x >/dev/null && echo written; { echo x >/dev/full; } 2>/dev/null || echo full
        head -c 8 /dev/urandom | wc -c | tr -d ' '`,
    },
    ({mounts}, {printed}) => {
      const nodes = Object.entries(DEVICES).map(([name, number]) => `${name} character special file ${number} 666`);
      assert.deepEqual(printed.trim().split('\n'), [...nodes, '4', 'written', 'full', '8']);
      for (const [place, type] of Object.entries(MOUNTED))
        assert.equal(mounts.findLast(({target}) => target === place)?.type, type, place);
    },
  ),
  ends(
    'OS-01/no-other',
    'an app sees no block device, and no device of the host beyond these',
    ['run'],
    {
      script:
        'find /dev -type b; find /dev -type c ! -path "/dev/pts/*" | grep -vE "^/dev/(console|full|null|ptmx|random|tty|urandom|zero)$"; :',
    },
    {stdout: ''},
  ),
  {
    id: 'S29/nodes',
    title: 'an app opens no device of the host by a node that it makes',
    needs: ['devices/policy'],
    attempt: async (world) => {
      // Disks, mem, kmsg, console, loop-control, fuse, tun, kvm: to open none of them does anything to this host.
      const numbers = [
        ...readdirSync('/sys/dev/block').map((number) => `b ${number}`),
        ...['c 1:1', 'c 1:11', 'c 5:1', 'c 10:237', 'c 10:229', 'c 10:200', 'c 10:232'],
      ].map((number) => number.replace(':', ' '));
      const script = `${numbers
        .map(
          (number) => `for p in /tmp /dev /dev/shm; do mknod $p/node ${number} 2>/dev/null
            [ -e $p/node ] && (exec <$p/node) 2>/dev/null && echo "opened ${number} in $p"; rm -f $p/node; done`,
        )
        .join('\n')}
        mknod /dev/own c 1 5 && head -c 1 /dev/own | wc -c`;
      expectEnd(await world.run({script}), {stdout: /^\s*1\n$/});
    },
  },
  stays('S29/verified', 'the policy of devices is in the kernel', ['devices/policy'], {}, () => {}),
  ends(
    'S07/nothing-written',
    'nothing below /proc/sys and /sys can be written, remounted or mounted anew',
    ['kernel-paths/masked'],
    {
      script: `find /proc/sys /sys -type f 2>/dev/null | while read f; do { true >>$f; } 2>/dev/null && echo "$f"; done | head -5
        for m in /proc /sys; do mount -o remount,rw $m 2>/dev/null && echo "remounted $m"; done
        mkdir /tmp/m
        for t in cgroup2 proc sysfs tmpfs; do mount -t $t none /tmp/m 2>/dev/null && echo "mounted $t"; done
        echo end`,
    },
    {stdout: 'end\n'},
  ),
  stays('S06/verified', 'kernel paths are masked and read-only', ['kernel-paths/masked'], {}, () => {}),
];

const names: readonly Case[] = [
  stays(
    'OS-02/resolv',
    'resolv.conf and hosts are as asked for',
    ['dns'],
    {
      script: 'cat /etc/resolv.conf; grep kit-host /etc/hosts',
      pod: ['--dns=192.0.2.9', '--dns-search=kit.example', '--hosts-entry=192.0.2.8=kit-host'],
    },
    (_probe, {printed}) =>
      assert.match(printed, /^(?=.*nameserver 192\.0\.2\.9)(?=.*kit\.example).*192\.0\.2\.8\s+kit-host\n$/s),
  ),
  ends(
    'OS-02/hostname',
    'what is in /etc/hostname is the name that the kernel tells',
    ['dns'],
    {script: 'read own </proc/sys/kernel/hostname; [ ! -e /etc/hostname ] || [ "$(cat /etc/hostname)" = "$own" ]'},
    {stdout: ''},
  ),
  {
    id: 'PO-01/hostname',
    title: 'the pod has the host name that was asked for, and the host keeps its own',
    needs: ['hostname'],
    attempt: async (world) => {
      const before = hostname();
      const ended = await world.run({script: 'cat /proc/sys/kernel/hostname', pod: ['--hostname=kit-pod']});
      expectEnd(ended, {stdout: 'kit-pod\n'});
      assert.equal(hostname(), before);
    },
  },
  stays(
    'EX-25/environment',
    'EX-26, EX-28, EX-29: an app has PATH, AC_APP_NAME, container, and nothing of its caller',
    ['run'],
    {
      env: {OF_THE_CALLER: 'x'},
    },
    ({env}) => {
      assert.equal(env.PATH, '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
      assert.ok(env.AC_APP_NAME !== undefined && env.container !== undefined);
      assert.ok(!('OF_THE_CALLER' in env));
    },
  ),
  stays(
    'IM-16/user',
    'IM-17: user, group and supplementary groups are as asked for, and the umask is 0022',
    ['run', 'user'],
    {app: ['--user=12', '--group=34', '--supplementary-gids=56,78']},
    ({status, umask}) => {
      assert.deepEqual([status.Uid, status.Gid, umask], ['12\t12\t12\t12', '34\t34\t34\t34', '0022']);
      assert.deepEqual(
        status.Groups?.trim()
          .split(' ')
          .filter((group) => group !== '34'),
        ['56', '78'],
      );
    },
  ),
  ends(
    'IM-20/literal',
    'variables and arguments are literal',
    ['run'],
    {
      app: [
        '--environment=A=b $PATH %n %% "c" \\d \'e\' ~ #f',
        '--exec=/bin/sh',
        '--',
        '-c',
        'printf "%s|" "$A" "$@"',
        'sh',
        '$HOME',
        '%i',
        '',
        'a  b',
        '"',
        "'",
        '\\',
      ],
    },
    {stdout: 'b $PATH %n %% "c" \\d \'e\' ~ #f|$HOME|%i||a  b|"|\'|\\|'},
  ),
];

const namespaces: readonly Case[] = [
  stays('PO-01/mounts', 'an app has mounts of its own', ['run'], {}, ({namespaces}, {world}) =>
    ownNamespace(world, 'mnt', namespaces),
  ),
  stays(
    'PO-01/ipc-private',
    '--ipc=private: an ipc namespace of its own',
    ['ipc/private'],
    {pod: ['--ipc=private']},
    ({namespaces}, {world}) => ownNamespace(world, 'ipc', namespaces),
  ),
  stays(
    'PO-01/ipc-host',
    "--ipc=parent: the host's ipc namespace",
    ['ipc/host'],
    {pod: ['--ipc=parent']},
    ({namespaces}) => hostNamespace('ipc', namespaces),
  ),
  stays('EX-22/host', "the host's network namespace by default", ['network/host'], {}, ({namespaces}) =>
    hostNamespace('net', namespaces),
  ),
  stays(
    'EX-22/none',
    '--net=none: a network with nothing but loopback, which is up',
    ['network/none'],
    {script: 'cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " "; cat /sys/class/net/lo/flags', pod: ['--net=none']},
    ({namespaces}, {world, printed}) => {
      ownNamespace(world, 'net', namespaces);
      const [devices, flags] = [printed.split('\n').slice(0, -2), printed.split('\n').at(-2)];
      // Modules add tunnels of their own to every namespace.
      assert.ok(devices.includes('lo') && !devices.some((name) => /^(eth|en|wl|veth)/.test(name)), devices.join(' '));
      assert.equal(Number(flags) & 1, 1, 'loopback is down');
    },
  ),
  stays(
    'PO-01/pid',
    'a pid namespace of its own, in which no process of the host is seen',
    ['pid/private'],
    {
      script: 'ls /proc | grep -cE "^[0-9]+$"',
    },
    ({namespaces}, {world, printed}) => {
      ownNamespace(world, 'pid', namespaces);
      // A kernel of its own has threads, which are seen.
      assert.ok(Number(printed) < 20 || hasOwnKernel(world), `${printed.trim()} processes`);
    },
  ),
  stays(
    'S24/ids',
    "a user namespace: root of the pod is none of the host's users, and has no right over the host's files",
    ['user-namespace'],
    {script: 'cat /proc/self/uid_map', pod: ['--private-users']},
    ({namespaces}, {world, printed}) => {
      ownNamespace(world, 'user', namespaces);
      const [inside, outside, count] = printed.trim().split(/\s+/).map(Number);
      assert.equal(inside, 0);
      assert.ok((outside ?? 0) > 65_535 && (count ?? 0) >= 65_536, printed);
    },
  ),
  {
    id: 'PO-01/apps',
    title: 'several apps each have a rootfs of their own, and share what a pod shares',
    needs: ['apps/many'],
    attempt: async (world) => {
      const script = 'ls /of-two 2>/dev/null; for n in net ipc pid uts; do readlink /proc/self/ns/$n; done';
      const {stdout, stderr} = await world.run({
        script,
        app: ['--name=one'],
        more: [{name: 'two', script: `touch /of-two; ${script}`}],
      });
      const lines = stdout.trim().split('\n').sort();
      assert.equal(lines.filter((line) => line === '/of-two').length, 1, stderr);
      assert.equal(new Set(lines.filter((line) => line.includes(':'))).size, 4, 'apps share no namespace');
    },
  },
];

export const surroundingCases: readonly Case[] = [...files, ...propagation, ...kernel, ...names, ...namespaces];
