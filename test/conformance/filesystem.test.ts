import {chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
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

kernelTest('EX-02 volumes stay writable in a read-only rootfs', async (t) => {
  const source = hostDirectory();
  const {exitCode} = await host.sh('echo x > /data/file', {
    pod: [volume('data', source)],
    app: ['--readonly-rootfs', mount('data', '/data')],
  });
  t.is(exitCode, 0);
  t.is(readFileSync(path.join(source, 'file'), 'utf8'), 'x\n');
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
  ['/data', '/data'],
  ['/data', '/data/./x/..//'],
] as const) {
  kernelTest(`EX-12 two volumes at one place are refused: ${outer} and ${inner}`, async (t) => {
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

kernelTest(
  'PO-10 S17 what a volume could not be, or would do to the host, is refused before anything is there',
  async (t) => {
    const source = hostDirectory({file: 'x'});
    mkdirSync(path.join(source, 'below'));
    const run = async (pod: readonly string[], app: readonly string[], how: string) => {
      const through = withMounts(`mount -t tmpfs none "$1" && mkdir "$1/below" && mount --make-${how} "$1"`, source);
      const {exitCode, error} = await host.sh('true', {through, pod: [...pod], app: [...app]});
      return [exitCode, error?.code];
    };
    const slave = [volume('data', source, ',propagation=slave')];
    const at = [mount('data', '/data')];
    t.deepEqual(await run(slave, at, 'private'), [254, 'RKT_BIND_NOT_SHARED']);
    t.deepEqual(await run(slave, at, 'shared'), [0, undefined]);
    const other = [volume('data', path.join(source, 'file'), ',propagation=slave')];
    const {exitCode, error} = await host.sh('true', {pod: other, app: at});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_VOLUME_SOURCE_UNUSABLE']);
    const nested = [volume('data', source, ',propagation=shared'), '--volume=empty,kind=empty'];
    t.deepEqual(await run(nested, [...at, mount('empty', '/data/below')], 'shared'), [
      254,
      'RKT_POD_MOUNT_TARGET_REFUSED',
    ]);
  },
);

kernelTest(
  'PO-10 S17 a symlink of the image leads no volume into one that is shared, where the host would have it, too',
  async (t) => {
    const source = hostDirectory();
    const script = 'mount -t tmpfs none "$1" && mkdir "$1/below" && mount --make-shared "$1"';
    const {exitCode, error} = await host.sh('true', {
      image: {files: {'/link': {symlink: '/data'}}},
      through: withMounts(script, source),
      pod: [volume('data', source, ',propagation=shared'), '--volume=empty,kind=empty'],
      app: [mount('data', '/data'), mount('empty', '/link/below')],
    });
    // nspawn shares no volume.
    t.deepEqual([exitCode, error?.code], [254, flavor === 'fly' ? 'RKT_MOUNT_TARGET_SHARED' : 'RKT_FLAVOR_CANNOT']);
  },
);

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

kernelTest('OS-01 the shared memory of an app is as large and as closed with every flavor', async (t) => {
  const {stdout} = await host.sh(`
    awk '$5 == "/dev/shm" {print $6; print $NF}' /proc/self/mountinfo
    df -k /dev/shm | awk 'NR == 2 {print $2}'; awk '$1 == "MemTotal:" {print $2}' /proc/meminfo
    stat -c '%a %u %g' /dev/shm; df -i /dev/shm | awk 'NR == 2 {print $2}'
  `);
  const [flags = '', options = '', size, memory, owner, inodes] = stdout.trim().split('\n');
  t.deepEqual(
    flags.split(',').filter((flag) => !flag.endsWith('atime')),
    ['rw', 'nosuid', 'nodev', 'noexec'],
  );
  t.regex(options, /\brw\b/);
  t.true(Math.abs(Number(size) - Number(memory) / 10) < 8, `${size} of ${memory}`);
  t.deepEqual([owner, inodes], ['1777 0 0', '409600']);
});

kernelTest(
  'an app has the directories that programs expect, with every flavor, and those of its image as they are',
  async (t) => {
    const usual = '/root /run /tmp /usr /var';
    const made = await host.sh(`stat -c '%n %a %u %g' ${usual}; : >/tmp/mine && echo written`, {
      app: ['--user=1000', '--group=1000'],
    });
    const expected = usual.split(' ').map((place) => `${place} ${place === '/tmp' ? 1777 : 755} 0 0\n`);
    t.is(made.stdout, `${expected.join('')}written\n`, made.stderr);
    const own = {directory: true, mode: 0o750, uid: 7, gid: 8} as const;
    const kept = await host.sh(`stat -c '%n %a %u %g' ${usual}; cat /run/pid`, {
      image: {files: {...Object.fromEntries(usual.split(' ').map((place) => [place, own])), '/run/pid': '7\n'}},
    });
    t.is(
      kept.stdout,
      `${usual
        .split(' ')
        .map((place) => `${place} 750 7 8\n`)
        .join('')}7\n`,
      kept.stderr,
    );
  },
);

kernelTest('OS-02 an app gets an /etc/hosts with localhost, unless its image has one', async (t) => {
  const without = await host.sh('cat /etc/hosts');
  t.regex(without.stdout, /^127\.0\.0\.1\s+(\S+\s+)*localhost\b/m);
  const files = {'/etc/hosts': '192.0.2.1 mine\n'};
  t.is((await host.sh('cat /etc/hosts', {image: {files}})).stdout, '192.0.2.1 mine\n');
  const asked = await host.sh('cat /etc/hosts', {image: {files}, pod: ['--hosts-entry=192.0.2.7=seven']});
  t.regex(asked.stdout, /^192\.0\.2\.7\s+seven$/m);
});

kernelTest('OS-02 the names of a pod resolve, and /etc/hostname and /etc/mtab say what is so', async (t) => {
  const script =
    'cat /etc/hostname; hostname; readlink /etc/mtab; grep -c " / " /etc/mtab; awk \'$1 == "127.0.0.1" {for (i = 2; i <= NF; i++) print $i}\' /etc/hosts';
  const {stdout, exitCode, stderr} = await host.sh(script, {image: {files: {'/etc/hostname': 'of-the-image\n'}}});
  const [file, name, mtab, mounts, ...names] = stdout.trim().split('\n');
  t.is(exitCode, 0, stderr);
  t.is(file, name);
  t.deepEqual([mtab, mounts], ['../proc/self/mounts', '1']);
  t.true(names.includes(name ?? ''), stdout);
  t.true(names.includes('localhost'));
  t.true(
    names.some((own) => /^rkt-[0-9a-f-]{36}$/.test(own)),
    stdout,
  );
  const asked = await host.sh(script, {pod: ['--hosts-entry=192.0.2.7=seven']});
  t.true(
    asked.stdout
      .trim()
      .split('\n')
      .slice(4)
      .some((own) => /^rkt-[0-9a-f-]{36}$/.test(own)),
    asked.stdout,
  );
  const own = await host.sh('cat /etc/mtab', {image: {files: {'/etc/mtab': 'of the image\n'}}});
  t.is(own.stdout, 'of the image\n');
});

kernelTest('OS-02 a name that is asked for is that of the pod; one that may be left out only resolves', async (t) => {
  const {stdout, stderr} = await host.sh('hostname; cat /etc/hostname; grep -c "^127.0.0.1.web-1\\b" /etc/hosts', {
    // Under fly a pod has the name of the host.
    pod: ['--hostname=web-1', ...(flavor === 'fly' ? ['--allow-degraded=hostname'] : [])],
  });
  const [name, file, entries] = stdout.split('\n');
  t.deepEqual([file, entries], [name, '1'], stderr);
  t.is(name === 'web-1', flavor !== 'fly');
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
