import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {cgroupValues} from '../helpers/cgroup.ts';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {appProcess, runApps, runningApp} from '../helpers/nspawn.ts';
import {serialTestIf, testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';
import {STAY} from './support/scripts.ts';

/* Pods with ids of their own (--private-users): root inside is nobody outside, and nothing on disk knows. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
// No other test takes ranges beside these.
const serialTest = serialTestIf(lacksPods('program/systemd-nspawn'));
const options = {stage1: 'nspawn', pod: ['--private-users']} as const;
const sh: typeof host.sh = (script, more = {}) =>
  host.sh(script, {...options, ...more, pod: [...options.pod, ...(more.pod ?? [])]});

const uidMap = (pid: number | string) =>
  readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/).map(Number) as [number, number, number];
const ranges = () => {
  try {
    return readdirSync(path.join(host.data, 'id-ranges'));
  } catch {
    return [];
  }
};
const owners = (file: string) => {
  const {uid, gid} = lstatSync(file);
  return [uid, gid];
};

kernelTest(
  'S24 an app is root of a range of ids that no other pod has, which is given back with the pod',
  async (t) => {
    const pods = await Promise.all([1, 2, 3].map(() => host.start('echo ready; exec cat', options)));
    const apps = await Promise.all(pods.map(({uuid}) => appProcess(uuid, 'test')));
    const bases = apps.map((pid) => {
      const [inside, base, count] = uidMap(pid);
      t.deepEqual([inside, count], [0, 65_536]);
      t.is(readFileSync(`/proc/${pid}/gid_map`, 'utf8'), readFileSync(`/proc/${pid}/uid_map`, 'utf8'));
      t.regex(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
        new RegExp(`^Uid:\t${base}\t${base}\t${base}\t${base}$`, 'm'),
      );
      return base;
    });
    t.is(new Set(bases).size, 3);
    const owner = (base: number) => {
      try {
        return readlinkSync(path.join(host.data, 'id-ranges', String(base)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    };
    t.deepEqual(
      bases.map(owner),
      pods.map(({uuid}) => uuid),
    );
    for (const {uuid, end} of pods) {
      const verified = await host.rkt(['status', '--verify', uuid]);
      t.is(verified.exitCode, 0, verified.stderr);
      t.regex(verified.stdout, /^verified=user-namespace \(test\): its own$/m);
      await end();
      t.is((await host.rkt(['rm', uuid])).exitCode, 0);
    }
    // Another test's pod may have one by now.
    t.true(bases.every((base) => !pods.some(({uuid}) => uuid === owner(base))));
  },
);

for (const [what, flags] of [
  ['layers that are shared', []],
  ['a copy', ['--no-overlay']],
] as const) {
  kernelTest(`files of ${what} have the image's owners inside, and on disk those of the pod's own ids`, async (t) => {
    const image = {files: {'/owned': {content: 'x', uid: 12, gid: 34}}};
    const script = `stat -c '%u:%g' /owned /etc; echo more >>/owned; touch /new /dev/shm/x; chown 56:78 /new; rm /bin/nothing; stat -c '%u:%g' /owned /new; echo ready; exec cat`;
    const pod = await host.start(script, {...options, image, pod: [...options.pod, ...flags]});
    const {stdout} = await host.enter(pod.uuid, "stat -c '%u:%g %n' /owned /new");
    t.is(stdout, '12:34 /owned\n56:78 /new\n');
    const top = path.join(host.data, 'pods/run', pod.uuid, flags.length > 0 ? 'rootfs/test' : 'overlay/test/upper');
    t.deepEqual(owners(`${top}/new`), [56, 78]);
    t.deepEqual(owners(`${top}/owned`), [12, 34]);
    const ended = await pod.end();
    t.is(ended.stdout, '12:34\n0:0\n12:34\n56:78\nready\n');
    const out = path.join(host.directory, `${flags.length}.aci`);
    t.is((await host.rkt(['export', pod.uuid, out])).exitCode, 0);
    const {stdout: listing} = await execa('bsdtar', ['-tvf', out, 'rootfs/new']);
    t.regex(listing, /\s56\s+78\s/);
  });
}

kernelTest('volumes keep their owners on disk, whoever writes', async (t) => {
  const source = path.join(host.directory, 'source');
  mkdirSync(`${source}/sub`, {recursive: true});
  writeFileSync(`${source}/file`, 'of 1000\n');
  chownSync(`${source}/file`, 1000, 1001);
  const {stdout, exitCode, stderr} = await sh(
    "stat -c '%u:%g' /v/file /e /single; cat /v/file; echo new >/v/new; chown 7:8 /v/new; chown 5:5 /v/sub; touch /ro/no && echo written; echo x >/e/x; true",
    {
      pod: [
        `--volume=v,kind=host,source=${source}`,
        `--volume=ro,kind=host,source=${source},readOnly=true`,
        `--volume=single,kind=host,source=${source}/file`,
        '--volume=e,kind=empty,uid=21,gid=22,mode=0770',
      ],
      app: [
        '--mount=volume=v,target=/v',
        '--mount=volume=ro,target=/ro',
        '--mount=volume=single,target=/single',
        '--mount=volume=e,target=/e',
      ],
    },
  );
  t.is(exitCode, 0, stderr);
  t.is(stdout, '1000:1001\n21:22\n1000:1001\nof 1000\n');
  t.deepEqual(owners(`${source}/new`), [7, 8]);
  t.deepEqual(owners(`${source}/sub`), [5, 5]);
});

kernelTest("root of the pod has no right to the host's files, nor to those of another pod", async (t) => {
  const secret = path.join(host.directory, 'secret');
  writeFileSync(secret, 'secret\n', {mode: 0o600});
  chownSync(secret, 70_000, 70_000);
  const {stdout} = await sh(
    `cat /s 2>&1; stat -c '%u' /s; chmod 644 /s 2>&1; echo 1 >/proc/sys/vm/drop_caches; mknod /tmp/d b 8 0 2>&1 && cat /tmp/d 2>&1 | head -c1; hostname x 2>&1`,
    {
      pod: [`--volume=s,kind=host,source=${secret}`],
      app: ['--mount=volume=s,target=/s', '--caps-retain=CAP_DAC_OVERRIDE,CAP_CHOWN,CAP_FOWNER,CAP_MKNOD'],
    },
  );
  // 70000 on disk is none of the pod's ids.
  t.regex(stdout, /cat: can't open '\/s': Permission denied/);
  t.regex(stdout, /^65534$/m);
  t.regex(stdout, /chmod: .*too large/i);
  t.regex(stdout, /mknod: .*not permitted/);
  t.is(readFileSync(secret, 'utf8'), 'secret\n');
});

testIf(lacksPods('program/systemd-nspawn', 'cgroup/memory', 'cgroup/cpu', 'cgroup/pids'))(
  'limits of apps hold',
  async (t) => {
    const file = path.join(host.directory, 'limited');
    const ended = host.rkt(
      runApps(
        [`--uuid-file-save=${file}`, '--private-users'],
        {name: 'a', script: STAY, flags: ['--memory=64Mi', '--cpu=500m', '--pids=77']},
        {name: 'b', script: STAY, flags: ['--memory=32Mi']},
      ),
      {timeout: 0},
    );
    const uuid = await savedUuid(file, ended);
    await untilOrEnd(ended, () => ['a', 'b'].every((app) => runningApp(uuid, app) > 0));
    const verified = await host.rkt(['status', '--verify', uuid]);
    t.is(verified.exitCode, 0, verified.stderr);
    t.regex(verified.stdout, /^verified=resource\/memory \(a\): 67108864$/m);
    t.regex(verified.stdout, /^verified=resource\/memory \(b\): 33554432$/m);
    const [pids] = cgroupValues(await appProcess(uuid, 'a'), 'pids', ['pids.max']);
    t.is(pids?.value, '77');
    t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);
    await ended;
  },
);

kernelTest('the streams of a pod lead where those of rkt do: pipes, files, a terminal, nothing', async (t) => {
  t.is((await sh('cat; echo err >&2', {input: 'through\n'})).stdout, 'through\n');
  const file = path.join(host.directory, 'output');
  writeFileSync(file, 'before\n');
  const out = openSync(file, 'a');
  const input = openSync('/etc/hostname', 'r');
  const [program, ...args] = host.command(...host.runArguments('cat; echo err >&2; exit 3', options));
  const child = spawn(program, args, {env: rktEnvironment, stdio: [input, out, out]});
  const [exitCode] = await once(child, 'exit');
  closeSync(out);
  closeSync(input);
  t.is(exitCode, 3);
  // What carries the output may end a little later.
  await until(() => readFileSync(file, 'utf8').includes('err\n'));
  t.is(readFileSync(file, 'utf8'), `before\n${readFileSync('/etc/hostname', 'utf8')}err\n`);
  const {stdout} = await sh('echo kept', {app: ['--stdout=log']});
  t.is(stdout, '');
});

testIf(lacksPods('program/systemd-nspawn', 'program/journalctl'))('a pod has its journal', async (t) => {
  const file = path.join(host.directory, 'journal');
  const {exitCode, stderr} = await sh('echo out; echo err >&2; exit 4', {
    pod: [`--uuid-file-save=${file}`],
    app: ['--stdout=journal', '--stderr=journal'],
  });
  t.is(exitCode, 4, stderr);
  const logs = await host.rkt(['logs', `--uuid-file=${file}`]);
  t.deepEqual([logs.stdout, logs.stderr], ['out\n', 'err\n']);
});

testIf(lacksPods('program/systemd-nspawn', 'program/python3'))('an interactive pod has a terminal', async (t) => {
  const run = ['--insecure-options=image', 'run', '--stage1=nspawn', '--private-users', '--interactive'];
  const terminal = openTerminal(
    host.command(
      ...run,
      buildImage(),
      '--exec=/bin/sh',
      '--',
      '-c',
      'test -t 0 && test -t 1 && echo a terminal; read line; echo "<$line>"; exit 9',
    ),
  );
  t.teardown(() => terminal.close());
  await terminal.see(/a terminal/);
  terminal.type('typed\n');
  await terminal.see(/<typed>/);
  t.is((await terminal.ended).status, 9);
});

serialTest('ids that the pod has not, and devices of the host, are refused', async (t) => {
  const refused = async (more: Parameters<typeof sh>[1]) => {
    const {exitCode, error, stdout} = await sh('echo ran', more);
    return [exitCode, error?.code, stdout];
  };
  const cannot = [254, 'RKT_FLAVOR_CANNOT', ''];
  t.deepEqual(await refused({app: ['--user=70000', '--group=0']}), cannot);
  t.deepEqual(await refused({app: ['--supplementary-gids=65536']}), cannot);
  t.deepEqual(
    await refused({pod: ['--volume=d,kind=host,source=/dev/null'], app: ['--mount=volume=d,target=/d']}),
    cannot,
  );
  t.deepEqual(
    ranges(),
    [...new Set(ranges())].filter((base) => held().has(base)),
  );
});

/** The ranges of pods that are there. */
const held = () =>
  new Set(
    Object.values(host.podDirectories())
      .flat()
      .map((uuid) => String((host.podFile(uuid, 'frozen.json') as {idMap?: {base: number}}).idMap?.base)),
  );

serialTest('a prepared pod has its range from then on, and plan takes none', async (t) => {
  const before = ranges().length;
  const flags = ['--insecure-options=image', 'prepare', '--quiet', '--stage1=nspawn', '--private-users'];
  const prepared = await host.rkt([...flags, buildImage(), '--exec=/bin/sh', '--', '-c', 'cat /proc/self/uid_map']);
  const uuid = prepared.stdout.trim();
  const {idMap} = host.podFile(uuid, 'frozen.json') as {idMap: {base: number}};
  t.true(ranges().includes(String(idMap.base)));
  const {stdout} = await host.rkt(['run-prepared', uuid]);
  t.is(Number(stdout.trim().split(/\s+/)[1]), idMap.base);
  const plan = await host.rkt(['--insecure-options=image', 'plan', '--stage1=nspawn', '--private-users', buildImage()]);
  t.regex(plan.stdout, /ids of the pod: 0 to 65535 are the host's \d+ to \d+/);
  t.is(ranges().length, before + 1);
});
