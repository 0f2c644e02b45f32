import {chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';

/* appc, "File system setup" and "Volume setup": EX-01 to EX-21, PO-02, PO-09 to PO-11, OS-01, OS-02. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

/** A directory of the host for a volume, with these files. */
let directories = 0;
const hostDirectory = (files: Readonly<Record<string, string>> = {}): string => {
  const directory = path.join(host.directory, `volume-${++directories}`);
  mkdirSync(directory, {mode: 0o755});
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(directory, name), content);
  return directory;
};
const volume = (name: string, source: string, more = '') => `--volume=${name},kind=host,source=${source}${more}`;
const mount = (name: string, target: string) => `--mount=volume=${name},target=${target}`;

/** Starts rkt where a shell script mounts something in a directory, `$1`: in a namespace of its own, so that nothing of it stays on the host. */
const withMounts = (script: string, directory: string) => [
  ...['/usr/bin/unshare', '--mount', '/bin/sh', '-c', `${script} || exit; shift; exec "$@"`],
  ...['sh', directory],
];

kernelTest('EX-01 an app is confined to its own rootfs', async (t) => {
  const secret = path.join(host.directory, 'secret');
  writeFileSync(secret, 'of the host');
  const {stdout, exitCode} = await host.sh(`
    ls -a / | tr '\\n' ' '; echo
    cat ${secret} 2>/dev/null; cat /../../../../${secret} 2>/dev/null
    cd /; cd ../../../..; pwd -P
    readlink /proc/$$/root
  `);
  t.is(exitCode, 0);
  const [entries = '', cwd, root] = stdout.split('\n');
  t.false(
    entries.split(' ').some((name) => ['boot', 'home', 'media'].includes(name)),
    entries,
  );
  t.is(cwd, '/');
  t.is(root, '/');
  t.false(stdout.includes('of the host'));
});

kernelTest('EX-01 nothing of the host is mounted in an app', async (t) => {
  const {stdout} = await host.sh(PROBE);
  const [rootfs, ...mounts] = parseProbe(stdout).mounts;
  t.is(rootfs?.target, '/');
  // Masked files are the null device; its file system is no matter.
  const foreign = mounts.filter(
    ({type, root, target}) =>
      !['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue'].includes(type) &&
      !(root === '/null' && /^.(proc|sys)./.test(target)),
  );
  t.deepEqual(foreign, []);
  t.false(mounts.some(({type}) => type.startsWith('cgroup')));
});

kernelTest('EX-02 readOnlyRootFS makes the rootfs read-only, and only then', async (t) => {
  const script = 'echo x > /file; echo $?; echo y > /bin/file; echo $?; echo z > /dev/shm/file; echo $?';
  const writable = await host.sh(script);
  t.deepEqual(writable.stdout.split('\n').slice(0, 3), ['0', '0', '0']);
  const readOnly = await host.sh(script, {app: ['--readonly-rootfs']});
  t.deepEqual(readOnly.stdout.split('\n').slice(0, 3), ['1', '1', '0']);
  t.regex(readOnly.stderr, /Read-only file system/);
});

kernelTest('EX-02 volumes stay writable in a read-only rootfs', async (t) => {
  const source = hostDirectory();
  const {exitCode} = await host.sh('echo x > /data/file', {
    pod: [volume('data', source)],
    app: ['--readonly-rootfs', mount('data', '/data')],
  });
  t.is(exitCode, 0);
  t.is(readFileSync(path.join(source, 'file'), 'utf8'), 'x\n');
});

kernelTest('EX-07 every execution starts from a clean copy', async (t) => {
  const script =
    'ls /left 2>/dev/null; cat /bin/note 2>/dev/null; mkdir /left; echo dirty > /bin/note; rm /bin/vi; echo done';
  t.is((await host.sh(script)).stdout, 'done\n');
  t.is((await host.sh(`${script}; ls /bin/vi`)).stdout, 'done\n');
  t.is((await host.sh('ls /bin/vi')).stdout, '/bin/vi\n');
});

kernelTest('EX-07 a prepared pod and a pod without overlay start from a clean copy too', async (t) => {
  const script = 'cat /bin/note 2>/dev/null; echo dirty > /bin/note; echo done';
  for (let round = 0; round < 2; round++) {
    t.is((await host.sh(script, {pod: ['--no-overlay']})).stdout, 'done\n');
  }
});

kernelTest('EX-08 EX-13 a missing mount target is created with its parents, 0755 and root', async (t) => {
  const {stdout, exitCode} = await host.sh('stat -c "%a %u %g" /new /new/deeper; cat /new/deeper/data/file', {
    pod: [volume('data', hostDirectory({file: 'content\n'}))],
    app: [mount('data', '/new/deeper/data')],
  });
  t.is(exitCode, 0);
  t.is(stdout, '755 0 0\n755 0 0\ncontent\n');
});

kernelTest('EX-09 EX-11 a directory that is not empty is masked by the volume, with a warning', async (t) => {
  const {stdout, stderr, exitCode} = await host.sh('ls /data', {
    image: {files: {'/data/of-the-image': 'x'}},
    pod: [volume('data', hostDirectory({'of-the-host': 'x'}))],
    app: [mount('data', '/data')],
  });
  t.is(exitCode, 0);
  t.is(stdout, 'of-the-host\n');
  t.true(stderr.includes('/data'), `no warning about /data: ${stderr}`);
});

kernelTest('EX-10 EX-11 a file at the target of a directory is replaced, with a warning', async (t) => {
  const {stdout, stderr, exitCode} = await host.sh('ls /data', {
    image: {files: {'/data': 'a file'}},
    pod: [volume('data', hostDirectory({'of-the-host': 'x'}))],
    app: [mount('data', '/data')],
  });
  t.is(exitCode, 0);
  t.is(stdout, 'of-the-host\n');
  t.true(stderr.includes('/data'), `no warning about /data: ${stderr}`);
});

kernelTest('EX-11 an empty target gives no warning', async (t) => {
  const {stderr} = await host.sh('ls /data', {
    image: {files: {'/data': {directory: true}}},
    pod: [volume('data', hostDirectory())],
    app: [mount('data', '/data')],
  });
  t.is(stderr, '');
});

for (const [outer, inner] of [
  ['/data', '/data/inner'],
  ['/data/inner', '/data'],
  ['/data', '/data'],
  ['/data', '/data/./inner//'],
] as const) {
  kernelTest(`EX-12 overlapping targets are refused: ${outer} and ${inner}`, async (t) => {
    const {error, exitCode} = await host.sh('true', {
      pod: [volume('a', hostDirectory()), volume('b', hostDirectory())],
      app: [mount('a', outer), mount('b', inner)],
    });
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_POD_MOUNT_TARGET_REFUSED');
  });
}

kernelTest('EX-15 EX-16 a missing volume source is refused before anything is created', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  const source = path.join(host.directory, 'nowhere');
  const {error, exitCode} = await other.sh('true', {pod: [volume('data', source)], app: [mount('data', '/data')]});
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_VOLUME_SOURCE_MISSING');
  t.is(error?.fields.source, source);
  t.throws(() => statSync(source), {code: 'ENOENT'});
  t.deepEqual(other.podDirectories(), {});
});

kernelTest('EX-15 a run adds nothing to a volume of the host', async (t) => {
  const source = hostDirectory({file: 'x'});
  await host.sh('true', {pod: [volume('data', source)], app: [mount('data', '/data')]});
  t.deepEqual(readdirSync(source), ['file']);
});

kernelTest('EX-18 a volume may be a single file', async (t) => {
  const source = path.join(hostDirectory({file: 'before\n'}), 'file');
  const {stdout, exitCode} = await host.sh('cat /etc/one; echo after > /etc/one', {
    pod: [volume('one', source)],
    app: [mount('one', '/etc/one')],
  });
  t.is(exitCode, 0);
  t.is(stdout, 'before\n');
  t.is(readFileSync(source, 'utf8'), 'after\n');
});

kernelTest('EX-19 EX-20 a symlink as source, or on the way to it, is refused', async (t) => {
  const real = hostDirectory();
  mkdirSync(path.join(real, 'inner'));
  const link = path.join(host.directory, 'link');
  symlinkSync(real, link);
  for (const source of [link, `${link}/inner`]) {
    const {error, exitCode} = await host.sh('true', {pod: [volume('data', source)], app: [mount('data', '/data')]});
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_VOLUME_SOURCE_SYMLINK');
    t.is(error?.fields.link, link);
  }
});

kernelTest('EX-21 symlinks in sources can be allowed for one pod', async (t) => {
  const real = hostDirectory({file: 'through the link\n'});
  const link = path.join(host.directory, 'allowed');
  symlinkSync(real, link);
  const {stdout, exitCode} = await host.sh('cat /data/file', {
    pod: ['--allow-symlinks', volume('data', link)],
    app: [mount('data', '/data')],
  });
  t.is(exitCode, 0);
  t.is(stdout, 'through the link\n');
});

kernelTest('PO-02 a volume reaches the app and shows what it writes on the host', async (t) => {
  const source = hostDirectory({in: 'from the host\n'});
  const {stdout} = await host.sh('cat /data/in; echo from the app > /data/out', {
    pod: [volume('data', source)],
    app: [mount('data', '/data')],
  });
  t.is(stdout, 'from the host\n');
  t.is(readFileSync(path.join(source, 'out'), 'utf8'), 'from the app\n');
});

kernelTest('PO-09 a read-only volume is read-only', async (t) => {
  const source = hostDirectory({file: 'x'});
  const {stdout} = await host.sh(
    'echo y > /data/file; echo $?; mount -o remount,rw /data; echo $?; echo y > /data/file; echo $?',
    {
      pod: [volume('data', source, ',readOnly=true')],
      app: [mount('data', '/data')],
    },
  );
  t.deepEqual(
    stdout
      .split('\n')
      .map((line) => line === '0')
      .slice(0, 3),
    [false, false, false],
  );
  t.is(readFileSync(path.join(source, 'file'), 'utf8'), 'x');
});

kernelTest(
  'IM-22 PO-03 a mount point of the image takes the volume of its name; without one it gets an empty volume',
  async (t) => {
    const image = {
      app: {
        mountPoints: [
          {name: 'work', path: '/work'},
          {name: 'cache', path: '/cache'},
        ],
      },
    };
    const source = hostDirectory({file: 'mine\n'});
    const {stdout, exitCode} = await host.sh(
      'cat /work/file; echo x > /cache/file && cat /cache/file; stat -c "%a %u %g" /cache',
      {
        image,
        pod: [volume('work', source)],
      },
    );
    t.is(exitCode, 0);
    t.is(stdout, 'mine\nx\n755 0 0\n');
  },
);

kernelTest('IM-22 a read-only mount point makes the volume read-only for the app', async (t) => {
  const source = hostDirectory({file: 'x'});
  const {stdout} = await host.sh('echo y > /work/file; echo $?', {
    image: {app: {mountPoints: [{name: 'work', path: '/work', readOnly: true}]}},
    pod: [volume('work', source)],
  });
  t.is(stdout, '1\n');
  t.is(readFileSync(path.join(source, 'file'), 'utf8'), 'x');
});

kernelTest('PO-10 volumes of the host are recursive by default, and not with recursive=false', async (t) => {
  const source = hostDirectory();
  const through = withMounts(
    `mkdir -p "$1/a" && mount -t tmpfs none "$1/a" && mkdir "$1/a/b" && mount -t tmpfs none "$1/a/b"`,
    source,
  );
  const below = async (more: string) => {
    const {stdout} = await host.sh(`awk '$5 ~ "^/data/" {print $5}' /proc/self/mountinfo`, {
      through,
      pod: [volume('data', source, more)],
      app: [mount('data', '/data')],
    });
    return stdout.trim().split('\n').filter(Boolean).sort();
  };
  t.deepEqual(await below(',recursive=false'), []);
  t.deepEqual(await below(''), ['/data/a', '/data/a/b']);
  t.deepEqual(await below(',recursive=true'), ['/data/a', '/data/a/b']);
});

kernelTest('PO-10 read-only and recursive reaches every mount below', async (t) => {
  const {stdout} = await host.sh('awk \'$5 ~ "^/data" {print $6}\' /proc/self/mountinfo', {
    pod: [volume('data', '/dev', ',readOnly=true')],
    app: [mount('data', '/data')],
  });
  const flags = stdout.trim().split('\n');
  t.true(flags.length > 0);
  t.deepEqual(
    flags.filter((entry) => !entry.split(',').includes('ro')),
    [],
  );
});

kernelTest('PO-10 a mount below a volume is written to, hidden or read-only, as the volume is', async (t) => {
  const source = hostDirectory();
  mkdirSync(path.join(source, 'below'));
  const through = withMounts('mount -t tmpfs none "$1" && echo x >"$1/file"', path.join(source, 'below'));
  const look = async (more: string) => {
    const script =
      'ls /data/below; echo y >/data/below/new; echo $?; mount -o remount,rw /data/below; echo y >/data/below/new; echo $?';
    const {stdout} = await host.sh(script, {
      through,
      pod: [volume('data', source, more)],
      app: [mount('data', '/data')],
    });
    return stdout.trim().split('\n');
  };
  t.deepEqual(await look(''), ['file', '0', '0']);
  t.deepEqual(await look(',readOnly=true'), ['file', '1', '1']);
  t.deepEqual(await look(',recursive=false'), ['0', '0']);
  t.deepEqual(readdirSync(path.join(source, 'below')), ['new']);
});

kernelTest('EX-18 a volume may be a device, which the app can use', async (t) => {
  const {stdout, exitCode, stderr} = await host.sh(
    'stat -c "%F %t:%T" /mine; head -c 4 /mine | od -An -tx1; echo x >/mine; echo $?',
    {pod: [volume('zero', '/dev/zero')], app: [mount('zero', '/mine')]},
  );
  t.deepEqual([exitCode, stdout], [0, 'character special file 1:5\n 00 00 00 00\n0\n'], stderr);
});

kernelTest('PO-11 an empty volume is 0755 and root by default, or as asked for', async (t) => {
  const {stdout, exitCode} = await host.sh('stat -c "%a %u %g" /a /b; ls -A /a /b; touch /a/x /b/x', {
    pod: ['--volume=a,kind=empty', '--volume=b,kind=empty,mode=1770,uid=12,gid=34'],
    app: [mount('a', '/a'), mount('b', '/b')],
  });
  t.is(exitCode, 0);
  t.is(stdout, '755 0 0\n1770 12 34\n/a:\n\n/b:\n');
});

const DOCKER = {annotations: [{name: 'appc.io/docker/repository', value: 'library/test'}]};
const FILLED = {
  '/data': {directory: true, mode: 0o1750, uid: 7, gid: 8},
  '/data/file': {content: 'of the image\n', mode: 0o4711, uid: 5, gid: 6},
  '/data/sub/link': {symlink: '/etc/passwd'},
  '/data/pipe': {fifo: true, mode: 0o600},
} as const;
const LOOK = 'stat -c "%n %a %u %g %F" /data /data/* /data/sub/link; readlink /data/sub/link';
const LOOKED = `/data 1750 7 8 directory
/data/file 4711 5 6 regular file
/data/pipe 600 0 0 fifo
/data/sub 755 0 0 directory
/data/sub/link 777 0 0 symbolic link
/etc/passwd
`;

kernelTest('PO-11 an empty volume of a docker image begins with what the image has there', async (t) => {
  const mountPoint = {mountPoints: [{name: 'data', path: '/data'}]};
  const image = {files: FILLED, manifest: DOCKER, app: mountPoint};
  for (const pod of [[], ['--volume=data,kind=empty'], ['--no-overlay']]) {
    const {stdout, stderr, exitCode} = await host.sh(`${LOOK}; rm -r /data/*`, {image, pod});
    t.deepEqual([exitCode, stdout, stderr], [0, LOOKED, ''], pod.join());
  }
  const {stdout} = await host.sh('stat -c "%a %u %g" /data; cat /data/file', {
    image,
    pod: ['--volume=data,kind=empty,mode=0711,uid=3'],
  });
  t.is(stdout, '711 3 8\nof the image\n');
});

kernelTest('PO-11 the volume of a docker image is filled from all of its layers', async (t) => {
  await host.fetch({name: 'example.com/below', files: {'/data/below': 'x', '/data/both': 'below\n'}});
  const {stdout, exitCode, stderr} = await host.sh('ls /data; cat /data/both', {
    image: {
      bare: true,
      files: {'/data/above': 'x', '/data/both': 'above\n'},
      manifest: {...DOCKER, dependencies: [{imageName: 'example.com/below'}]},
      app: {mountPoints: [{name: 'data', path: '/data'}]},
    },
  });
  t.deepEqual([exitCode, stdout], [0, 'above\nbelow\nboth\nabove\n'], stderr);
});

kernelTest('PO-11 a volume of the host, or of another image, is not filled', async (t) => {
  const source = hostDirectory();
  const ofHost = await host.sh('ls -A /data', {
    image: {files: FILLED, manifest: DOCKER},
    pod: [volume('data', source)],
    app: [mount('data', '/data')],
  });
  t.is(ofHost.stdout, '');
  t.deepEqual(readdirSync(source), []);
  const other = await host.sh('ls -A /data', {
    image: {files: FILLED, app: {mountPoints: [{name: 'd', path: '/data'}]}},
  });
  t.is(other.stdout, '');
  t.true(other.stderr.includes('/data'), other.stderr);
});

kernelTest('S05 EX-15 a volume never becomes the root directory by a symlink of the image', async (t) => {
  const names = ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var'];
  for (const to of ['/', '/bin/..', '../..']) {
    const source = hostDirectory(Object.fromEntries(names.map((name) => [name, 'precious'])));
    for (const [flags, why] of [
      [[volume('data', source)], to],
      [['--volume=data,kind=empty'], `${to}, empty`],
    ] as const) {
      const {exitCode, error} = await host.sh('true', {
        image: {files: {'/data': {symlink: to}}},
        pod: ['--dns=1.1.1.1', ...flags],
        app: ['--mount=volume=data,target=/data'],
      });
      t.is(exitCode, 254, why);
      t.is(error?.code, 'RKT_MOUNT_TARGET_ROOT', why);
    }
    t.deepEqual(readdirSync(source).sort(), names);
    t.deepEqual(new Set(names.map((name) => readFileSync(path.join(source, name), 'utf8'))), new Set(['precious']));
  }
});

kernelTest('S16 a volume is filled with nothing of the host, wherever symlinks of the image lead', async (t) => {
  const secret = hostDirectory({secret: 'of the host'});
  for (const to of [secret, `../../../../../../../../..${secret}`, '/proc/self/root/etc', 'data']) {
    const {stdout} = await host.sh('ls -A /data 2>/dev/null; echo end', {
      image: {
        files: {'/data': {symlink: to}},
        manifest: DOCKER,
        app: {mountPoints: [{name: 'data', path: '/data'}]},
      },
    });
    t.false(stdout.includes('secret') || stdout.includes('passwd'), `${to}: ${stdout}`);
  }
  const inside = await host.sh('ls -A /real', {
    image: {
      files: {'/data': {symlink: '/real'}, '/real/mine': 'x'},
      manifest: DOCKER,
      app: {mountPoints: [{name: 'data', path: '/data'}]},
    },
  });
  t.is(inside.stdout, 'mine\n');
});

kernelTest('OS-01 every app has the devices and file systems of the specification', async (t) => {
  const {stdout, exitCode} = await host.sh(`
    for n in null zero full random urandom tty; do stat -L -c "$n %F %t:%T %a" /dev/$n; done
    for n in console pts ptmx shm; do [ -e /dev/$n ] || [ -L /dev/$n ] && echo "$n there"; done
    for d in /proc /sys /dev/pts /dev/shm; do awk -v d=$d '$5 == d {split($0, a, " - "); split(a[2], b, " "); print d, b[1]}' /proc/self/mountinfo; done
    head -c 4 /dev/zero | od -An -tx1; echo x > /dev/null && echo written; echo x > /dev/full || echo full
    head -c 8 /dev/urandom | wc -c
  `);
  t.is(exitCode, 0);
  t.deepEqual(stdout.trim().split('\n'), [
    'null character special file 1:3 666',
    'zero character special file 1:5 666',
    'full character special file 1:7 666',
    'random character special file 1:8 666',
    'urandom character special file 1:9 666',
    'tty character special file 5:0 666',
    'console there',
    'pts there',
    'ptmx there',
    'shm there',
    '/proc proc',
    '/sys sysfs',
    '/dev/pts devpts',
    '/dev/shm tmpfs',
    ' 00 00 00 00',
    'written',
    'full',
    '8',
  ]);
});

kernelTest('OS-01 an app sees no device of the host beyond these', async (t) => {
  const {stdout} = await host.sh('find /dev -type b; find /dev -type c | sort | tr "\\n" " "');
  t.is(stdout.trim(), '/dev/full /dev/null /dev/pts/ptmx /dev/random /dev/tty /dev/urandom /dev/zero');
});

kernelTest('OS-02 an app gets an /etc/hosts with localhost, unless its image has one', async (t) => {
  const without = await host.sh('cat /etc/hosts');
  t.regex(without.stdout, /^127\.0\.0\.1\s+(\S+\s+)*localhost\b/m);
  const files = {'/etc/hosts': '192.0.2.1 mine\n'};
  t.is((await host.sh('cat /etc/hosts', {image: {files}})).stdout, '192.0.2.1 mine\n');
  const asked = await host.sh('cat /etc/hosts', {image: {files}, pod: ['--hosts-entry=192.0.2.7=seven']});
  t.regex(asked.stdout, /^192\.0\.2\.7\s+seven$/m);
});

kernelTest('OS-02 resolv.conf is as asked for, and never written through a symlink of the image', async (t) => {
  const decoy = path.join(host.directory, 'decoy');
  writeFileSync(decoy, 'untouched');
  chmodSync(decoy, 0o666);
  const {stdout, exitCode} = await host.sh('cat /etc/resolv.conf', {
    image: {files: {'/etc/resolv.conf': {symlink: decoy}}},
    pod: ['--dns=192.0.2.53', '--dns-search=example.com', '--dns-opt=ndots:2'],
  });
  t.is(exitCode, 0);
  t.deepEqual(stdout.trim().split('\n').sort(), ['nameserver 192.0.2.53', 'options ndots:2', 'search example.com']);
  t.is(readFileSync(decoy, 'utf8'), 'untouched');
});
