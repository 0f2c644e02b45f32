import {mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* Where volumes can be, and what holds there: EX-08 to EX-15, IM-22, PO-09, OS-02, S05, S07. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

let directories = 0;
/** A directory of the host with files: `null` is a directory. */
const hostDirectory = (files: Readonly<Record<string, string | null>> = {}): string => {
  const directory = path.join(host.directory, `volume-${++directories}`);
  mkdirSync(directory, {mode: 0o755});
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), {recursive: true});
    if (content === null) mkdirSync(file);
    else writeFileSync(file, content);
  }
  return directory;
};

interface Bound {
  readonly source?: string;
  readonly target: string;
  readonly more?: string;
}

/** The flags of volumes at targets, in this order; without a source an empty one. */
const bound = (...volumes: readonly Bound[]) => ({
  pod: volumes.map(({source, more = ''}, index) =>
    source === undefined
      ? `--volume=v${index},kind=empty${more}`
      : `--volume=v${index},kind=host,source=${source}${more}`,
  ),
  app: volumes.map(({target}, index) => `--mount=volume=v${index},target=${target}`),
});

const names = hostDirectory({
  'etc/hosts': '192.0.2.1 of-the-volume\n',
  'etc/resolv.conf': 'nameserver 192.0.2.2\n',
  'etc/hostname': 'of-the-volume\n',
});
const NAMES = 'cat /etc/hosts /etc/resolv.conf /etc/hostname';

for (const [what, volumes, expected] of [
  [
    'a directory at /etc',
    [{source: `${names}/etc`, target: '/etc'}],
    '192.0.2.1 of-the-volume\nnameserver 192.0.2.2\nof-the-volume\n',
  ],
  [
    'a read-only one',
    [{source: `${names}/etc`, target: '/etc', more: ',readOnly=true'}],
    '192.0.2.1 of-the-volume\nnameserver 192.0.2.2\nof-the-volume\n',
  ],
  [
    'files below /etc',
    ['hosts', 'resolv.conf', 'hostname'].map((name) => ({source: `${names}/etc/${name}`, target: `/etc/${name}`})),
    '192.0.2.1 of-the-volume\nnameserver 192.0.2.2\nof-the-volume\n',
  ],
] as const) {
  kernelTest(`OS-02 EX-15 the names that an app finds are those of its volume: ${what}`, async (t) => {
    const {stdout, exitCode, stderr} = await host.sh(NAMES, bound(...volumes));
    t.deepEqual([exitCode, stdout], [0, expected], stderr);
    t.deepEqual(readdirSync(`${names}/etc`).sort(), ['hostname', 'hosts', 'resolv.conf']);
    t.is(readFileSync(`${names}/etc/hosts`, 'utf8'), '192.0.2.1 of-the-volume\n');
  });
}

kernelTest('OS-02 names that are asked for are not those of a volume: one of the two is refused', async (t) => {
  for (const [flag, target] of [
    ['--dns=192.0.2.53', '/etc'],
    ['--hosts-entry=192.0.2.7=seven', '/etc/hosts'],
  ] as const) {
    const {pod, app} = bound({source: target === '/etc' ? `${names}/etc` : `${names}/etc/hosts`, target});
    const {error, exitCode} = await host.sh('true', {pod: [...pod, flag], app});
    t.is(exitCode, 254);
    t.like(error, {code: 'RKT_POD_NAME_FILE_IS_VOLUME', fields: {volume: 'v0', path: target, app: 'test'}});
  }
});

const OF_SYSTEMD = ['/home', '/opt', '/root', '/tmp', '/usr', '/var'];

for (const more of ['', ',readOnly=true']) {
  kernelTest(`EX-15 volumes where a pod has directories of its own are as they were${more}`, async (t) => {
    const volumes = OF_SYSTEMD.map((target) => ({source: hostDirectory({'inner/file': 'mine\n'}), target, more}));
    const {stdout, exitCode, stderr} = await host.sh(
      `for d in ${OF_SYSTEMD.join(' ')}; do cat $d/inner/file; ls -A $d; done`,
      bound(...volumes),
    );
    t.deepEqual([exitCode, stdout], [0, 'mine\ninner\n'.repeat(OF_SYSTEMD.length)], stderr);
    for (const {source} of volumes)
      t.deepEqual([readdirSync(source), readdirSync(`${source}/inner`)], [['inner'], ['file']]);
  });
}

kernelTest(
  'EX-15 a volume at /run is as it was; systemd needs a directory there, which is not made in it',
  async (t) => {
    for (const [more, files] of [
      ['', {file: 'mine\n'}],
      ['', {file: 'mine\n', 'systemd/incoming': null}],
      [',readOnly=true', {file: 'mine\n', 'systemd/incoming': null}],
    ] as const) {
      const source = hostDirectory(files);
      const {stdout, exitCode, stderr, error} = await host.sh('cat /run/file', bound({source, target: '/run', more}));
      if (flavor === 'nspawn' && !('systemd/incoming' in files)) t.is(error?.code, 'RKT_TARGET_OUTSIDE_ROOTFS', stderr);
      else t.deepEqual([exitCode, stdout], [0, 'mine\n'], stderr);
      t.deepEqual(readdirSync(source).sort(), 'systemd/incoming' in files ? ['file', 'systemd'] : ['file']);
    }
    const empty = await host.sh('echo x >/run/new && cat /run/new', bound({target: '/run'}));
    t.deepEqual([empty.exitCode, empty.stdout], [0, 'x\n'], empty.stderr);
  },
);

kernelTest('EX-12 a volume may be inside of another, in whatever order they are given', async (t) => {
  const outer = hostDirectory({file: 'outer\n', 'inner/hidden': 'x', 'inner/deep/er': null});
  const inner = hostDirectory({file: 'inner\n', deep: null});
  const volumes = [{source: outer, target: '/x'}, {source: inner, target: '/x/inner'}, {target: '/x/inner/deep'}];
  for (const given of [volumes, volumes.toReversed()]) {
    const {stdout, exitCode, stderr} = await host.sh(
      'cat /x/file /x/inner/file; ls -A /x/inner; echo y >/x/inner/deep/new && cat /x/inner/deep/new',
      bound(...given),
    );
    t.deepEqual([exitCode, stdout], [0, 'outer\ninner\ndeep\nfile\ny\n'], stderr);
  }
  t.deepEqual([readdirSync(inner).sort(), readdirSync(path.join(inner, 'deep'))], [['deep', 'file'], []]);
});

kernelTest(
  'EX-12 EX-15 a target inside of a volume of the host has to be there, in an empty one it is made',
  async (t) => {
    const outer = hostDirectory({file: 'x'});
    const {error, exitCode} = await host.sh('true', bound({source: outer, target: '/x'}, {target: '/x/y'}));
    t.is(exitCode, 254);
    t.like(error, {code: 'RKT_POD_MOUNT_TARGET_MISSING', fields: {path: '/x/y', volume: 'v0', missing: `${outer}/y`}});
    t.deepEqual(readdirSync(outer), ['file']);
    const made = await host.sh('cat /x/y/file', bound({source: outer, target: '/x/y'}, {target: '/x'}));
    t.deepEqual([made.exitCode, made.stdout], [0, 'x'], made.stderr);
    const closed = await host.sh(
      'true',
      bound({source: outer, target: '/x/y'}, {target: '/x', more: ',readOnly=true'}),
    );
    t.is(closed.error?.code, 'RKT_POD_MOUNT_TARGET_MISSING');
  },
);

kernelTest('EX-08 targets are taken from the root directory, whatever they begin with and lead through', async (t) => {
  const source = hostDirectory({file: 'mine\n'});
  const targets = ['a', './b', '../../c', '/nowhere/../d', '/bin/../../e/.'];
  const {pod, app} = bound(...targets.map((target) => ({source, target})));
  const {stdout, exitCode, stderr} = await host.sh('for name in a b c d e f; do cat /$name/file; done', {
    image: {app: {mountPoints: [{name: 'of-image', path: 'x/../f'}]}},
    pod: [...pod, `--volume=of-image,kind=host,source=${source}`],
    app,
  });
  t.deepEqual([exitCode, stdout], [0, 'mine\n'.repeat(6)], stderr);
});

kernelTest('EX-16 a volume that no app has is told, in run and in plan', async (t) => {
  const source = hostDirectory();
  const {pod} = bound({source, target: '/x'});
  const {stderr, exitCode} = await host.sh('true', {pod});
  t.is(exitCode, 0);
  t.is(stderr.split('\n').filter((line) => line.includes('"v0"')).length, 1, stderr);
  const planned = await host.rkt(['--insecure-options=image', 'plan', `--stage1=${flavor}`, ...pod, buildImage()]);
  t.deepEqual([planned.exitCode, planned.stderr.includes('"v0"')], [0, true], planned.stderr);
});

kernelTest('EX-16 a source that is no absolute path is refused with the path that it may mean', async (t) => {
  for (const source of ['data', './data', '../data']) {
    const {error, exitCode} = await host.sh('true', bound({source, target: '/x'}));
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_FLAG_VALUE_INVALID');
    t.true(error?.hint?.includes(path.resolve(host.directory, source)), error?.hint);
  }
});

kernelTest(
  'IM-22 what the volume says about readOnly counts, else what the mount point of the image says',
  async (t) => {
    const image: ImageSpec = {app: {mountPoints: [{name: 'v0', path: '/work', readOnly: true}]}};
    const write = async (more: string) => {
      const source = hostDirectory();
      await host.sh('echo x >/work/new', {image, pod: [`--volume=v0,kind=host,source=${source}${more}`]});
      return readdirSync(source).length === 1;
    };
    t.deepEqual([await write(''), await write(',readOnly=false'), await write(',readOnly=true')], [false, true, false]);
  },
);

kernelTest('EX-18 volumes may be below /dev, where the operator says so', async (t) => {
  const source = hostDirectory({file: 'mine\n'});
  const shm = hostDirectory({shared: 'memory\n'});
  const {stdout, exitCode, stderr} = await host.sh(
    `stat -c "%F %t:%T" /dev/net/zero /dev/random; head -c 2 /dev/net/zero | od -An -tx1; echo x >/dev/net/zero; echo $?
     cat /dev/mine/file /dev/shm/shared; echo y >/dev/shm/new; echo $?; ls /dev/pts /dev/null`,
    bound(
      {source: '/dev/zero', target: '/dev/net/zero'},
      {source: '/dev/urandom', target: '/dev/random'},
      {source, target: '/dev/mine'},
      {source: shm, target: '/dev/shm'},
    ),
  );
  t.deepEqual(
    [exitCode, stdout],
    [
      0,
      'character special file 1:5\ncharacter special file 1:9\n 00 00\n0\nmine\nmemory\n0\n/dev/null\n\n/dev/pts:\nptmx\n',
    ],
    stderr,
  );
  t.deepEqual(readdirSync(shm).sort(), ['new', 'shared']);
});

/** What every kernel has: a directory and a file that an app sees, and a directory that is hidden from it. */
const SYS = {directory: '/sys/kernel/mm', file: '/sys/kernel/uevent_seqnum', hidden: '/sys/fs'} as const;

kernelTest('volumes may be below /sys, over what an app sees there and over what is hidden from it', async (t) => {
  const source = hostDirectory({file: 'mine\n', 'inner/file': 'covered\n'});
  const closed = hostDirectory({file: 'closed\n'});
  const pod = await host.start(
    `cat ${SYS.directory}/file ${SYS.file} ${SYS.hidden}/mine/deep/file ${SYS.hidden}/it /sys/module/file
     ls -A ${SYS.hidden} ${SYS.hidden}/mine; ls -A ${SYS.directory}/inner
     for place in ${SYS.directory} ${SYS.directory}/inner ${SYS.hidden}/mine/deep ${SYS.hidden} ${SYS.hidden}/mine /sys/module /sys/kernel; do
       echo x 2>/dev/null >$place/new && echo "written $place"; done; echo ready; cat`,
    bound(
      {source, target: SYS.directory},
      {target: `${SYS.directory}/inner`},
      {source: `${source}/file`, target: SYS.file},
      {source, target: `${SYS.hidden}/mine/deep`, more: ',readOnly=true'},
      {source: `${source}/file`, target: `${SYS.hidden}/it`},
      {source: closed, target: '/sys/module', more: ',readOnly=true'},
    ),
  );
  const verified = await host.rkt(['status', '--verify', '--format=json', pod.uuid]);
  const entered = await host.enter(pod.uuid, `cat ${SYS.hidden}/mine/deep/file; ls -A ${SYS.hidden}`);
  const {stdout, stderr} = await pod.end();
  const written = [SYS.directory, `${SYS.directory}/inner`].map((place) => `written ${place}\n`).join('');
  t.is(
    stdout,
    `mine\nmine\nmine\nmine\nclosed\n${SYS.hidden}:\nit\nmine\n\n${SYS.hidden}/mine:\ndeep\n${written}ready\n`,
    stderr,
  );
  t.is(entered.stdout, 'mine\nit\nmine\n');
  t.deepEqual([readdirSync(source).sort(), readdirSync(`${source}/inner`)], [['file', 'inner', 'new'], ['file']]);
  const {verification} = JSON.parse(verified.stdout) as {verification: {name: string; holds: boolean}[]};
  t.true(verification.some(({name}) => name === 'volume/sys'));
  t.deepEqual(
    verification.filter(({holds}) => !holds),
    [],
  );
});

kernelTest('a volume below /sys where the kernel has no place for it is refused with the reason', async (t) => {
  const source = hostDirectory({file: 'x'});
  for (const [volume, because] of [
    [{source, target: '/sys'}, /below/],
    [{source, target: '/sys/nothing/there'}, /has no \/sys\/nothing,/],
    [{source, target: '/sys/class/net/lo'}, /\/sys\/devices\/virtual\/net\/lo/],
    [{source, target: SYS.file}, /a file of the kernel/],
    [{source: `${source}/file`, target: SYS.directory}, /a directory/],
    [{source, target: '/proc/sys/kernel'}, /belongs to the kernel/],
  ] as const) {
    const {error, exitCode} = await host.sh('true', bound(volume));
    t.is(exitCode, 254);
    t.like(error, {code: 'RKT_POD_MOUNT_TARGET_REFUSED', fields: {app: 'test', path: volume.target}});
    t.regex(String(error?.fields?.because), because);
  }
});

kernelTest('S05 a symlink in a volume below /sys leads no other volume onto the kernel', async (t) => {
  const outer = hostDirectory();
  symlinkSync('/sys/kernel', path.join(outer, 'inner'));
  const source = hostDirectory({precious: 'x'});
  const {stdout, exitCode, error} = await host.sh(
    '[ -e /sys/kernel/precious ] && echo covered; :',
    bound({source: outer, target: '/sys/fs'}, {source, target: '/sys/fs/inner'}),
  );
  t.deepEqual([exitCode, stdout], [254, ''], error?.code);
});

kernelTest('S07 S17 an image alone has no volume below /dev and /sys', async (t) => {
  for (const target of ['/dev/shm', '/dev/null', '/x/../dev/mine', '/sys/fs/cgroup']) {
    const {error, exitCode} = await host.sh('true', {image: {app: {mountPoints: [{name: 'data', path: target}]}}});
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_POD_MOUNT_TARGET_REFUSED', target);
  }
});

kernelTest(
  'S05 a symlink inside of a volume leads no other volume out of the rootfs, nor onto the kernel',
  async (t) => {
    for (const to of ['/proc', '/sys', '/proc/sys', '/dev', '../../../../../../../etc', '/']) {
      const outer = hostDirectory();
      symlinkSync(to, path.join(outer, 'inner'));
      const source = hostDirectory({precious: 'x'});
      const {stdout} = await host.sh(
        `ls /proc/1/stat >/dev/null && [ -d /sys/class ] && [ -c /dev/null ] && echo whole; [ -e /proc/precious ] && echo covered; :`,
        bound({source: outer, target: '/x'}, {source, target: '/x/inner'}),
      );
      t.true(stdout === '' || stdout === 'whole\n', `${to}: ${stdout}`);
      t.deepEqual(readdirSync(source), ['precious']);
    }
  },
);
