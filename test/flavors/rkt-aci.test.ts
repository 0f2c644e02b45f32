import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {RUN, SEVERAL, stage1Aci} from './support/stage1-aci.ts';

/* A stage1 image made for rkt, unmodified: rkt's implementor's guide, sentence by sentence. */

const host = openHost();
test.after.always(() => host.close());
const podTest = testIf(lacksPods());

const gcLog = path.join(host.directory, 'gc-called');
const stage1 = stage1Aci({gcLog});
/** Of the first version of the interface, and nothing but `run`. */
const first = stage1Aci({version: null, entrypoints: ['run'], name: 'example.com/stage1-first'});
const podPath = (uuid: string) => path.join(host.data, 'pods/run', uuid);
const linesOf = (uuid: string, name: string) =>
  readFileSync(path.join(podPath(uuid), name), 'utf8')
    .trim()
    .split('\n');

podTest('run: the entrypoint gets its flags, directory and lock, and what it makes of the pod is told', async (t) => {
  const file = path.join(host.directory, 'uuid');
  const ran = await host.sh('echo out; echo err >&2; cat; exit 7', {
    stage1,
    input: 'in\n',
    pod: ['--net=none', '--hostname=web', '--ipc=private', '--dns=10.0.0.1', `--uuid-file-save=${file}`],
  });
  t.like(ran, {exitCode: 7, stdout: 'out\nin\n'}, ran.stderr);
  const uuid = readFileSync(file, 'utf8').trim();
  t.deepEqual(linesOf(uuid, 'run-called'), [
    podPath(uuid),
    path.join(podPath(uuid), 'stage1/rootfs/run'),
    ...['--net=none', `--local-config=${host.directory}/etc`, '--hostname=web'],
    ...['--dns-conf-mode=resolv=stage0,hosts=default', '--ipc=private', uuid],
  ]);
  const {stdout} = await host.rkt(['status', uuid]);
  for (const line of ['state=exited', 'app-test=7', 'flavor=rkt-stage1']) t.true(stdout.includes(`${line}\n`), line);
  t.regex(stdout, /^unproved=os\/linux\/capabilities-retain-set \(test\): /m);
  t.regex(stdout, /^unproved=network\/none: /m);
});

podTest(
  'S31 what it depends on it names by ID: an app of that name is no part of what is root of the host',
  async (t) => {
    const layer = await host.fetch({name: 'example.com/layer', app: null, bare: true, files: {'/layer': 'x'}});
    const annotations = [
      {name: 'coreos.com/rkt/stage1/run', value: '/run'},
      {name: 'coreos.com/rkt/stage1/interface-version', value: '1'},
    ];
    const stage1On = (letter: string, dependency: object) =>
      buildImage({
        name: `example.com/stage1-${letter}`,
        files: {'/run': {content: '#!/bin/sh\n', mode: 0o755}},
        manifest: {annotations, dependencies: [{imageName: 'example.com/layer', ...dependency}]},
      });
    const plan = async (letter: string, dependency: object) => {
      const id = await host.fetch(stage1On(letter, dependency));
      return host.rkt(['--format=json', '--insecure-options=image', 'plan', `--stage1=${id}`, buildImage()]);
    };
    const {error} = await plan('named', {});
    t.is(error?.code, 'RKT_STAGE1_IMAGE_INVALID');
    t.regex(error?.message ?? '', /depends on example\.com\/layer by name/);
    const {stderr} = await plan('by-id', {imageID: layer});
    t.notRegex(stderr, /RKT_STAGE1_IMAGE_INVALID/);
  },
);

podTest('what its interface has no word for is refused, unless allowed by name; plan tells the rest', async (t) => {
  const id = await host.fetch(first);
  const plan = (...flags: string[]) =>
    host.rkt(['--format=json', '--insecure-options=image', 'plan', `--stage1=${id}`, ...flags, buildImage()]);
  for (const flag of ['--hostname=web', '--dns=10.0.0.1', '--ipc=private']) {
    t.is((await plan(flag)).error?.code, 'RKT_FLAVOR_CANNOT', flag);
  }
  const limited = (...flags: string[]) =>
    host.rkt([
      ...['--format=json', '--insecure-options=image', 'plan', `--stage1=${id}`, ...flags],
      ...[buildImage(), '--pids=5', '--memory=64M'],
    ]);
  t.is((await limited()).error?.code, 'RKT_FLAVOR_CANNOT');
  const {stdout} = await limited('--allow-degraded=resource/pids');
  const {report} = JSON.parse(stdout) as {report: {entries: {name: string; verdict: string}[]}};
  const verdicts = new Map(report.entries.map(({name, verdict}) => [name, verdict]));
  t.is(verdicts.get('resource/pids'), 'ignored');
  t.is(verdicts.get('resource/memory'), 'unproved');
  t.is(verdicts.get('processes/apart'), 'unproved');
  t.false([...verdicts.values()].includes('modified'));
});

podTest(
  'one with the layout of rkt 1.30, crossing entrypoints and all, runs; what is not there to cross is not called',
  async (t) => {
    const crossing = ['app/add', 'app/rm', 'app/start', 'app/stop', 'attach'];
    const paths = Object.fromEntries(crossing.map((what) => [what, `/${what.replace('/', '-')}`]));
    const called = path.join(host.directory, 'crossed');
    const program = {content: `#!/bin/sh\necho "$0" >>'${called}'\n`, mode: 0o755};
    const original = stage1Aci({
      name: 'example.com/stage1-1.30',
      entrypoints: ['run', 'enter', 'gc', 'stop', ...crossing],
      paths: {...paths, run: '/init', stop: '/usr/bin/stop'},
      files: {
        ...Object.fromEntries(Object.values(paths).map((place) => [place, program])),
        '/init': {symlink: 'run'},
        '/usr/bin/stop': {symlink: '../../stop'},
        '/etc/mtab': {symlink: '/proc/self/mounts'},
      },
    });
    const {uuid, ended} = await host.start('echo ready; cat', {stage1: original});
    t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
    for (const command of [
      ['app', 'list', uuid],
      ['attach', uuid],
    ]) {
      const {exitCode, error} = await host.rkt(['--format=json', ...command]);
      t.deepEqual([exitCode, error?.code], [254, 'RKT_COMMAND_UNKNOWN']);
      t.regex(error?.hint ?? '', /not there yet/);
    }
    t.is((await host.rkt(['stop', uuid])).exitCode, 0);
    await ended;
    t.is((await host.rkt(['rm', uuid])).exitCode, 0);
    t.false(existsSync(called));
  },
);

podTest('an image whose entrypoint is no program is refused', async (t) => {
  const broken = stage1Aci({paths: {run: '/exec.awk'}, name: 'example.com/stage1-no-program'});
  const {exitCode, error} = await host.sh('true', {stage1: broken});
  t.deepEqual([exitCode, error?.code], [254, 'RKT_STAGE1_IMAGE_INVALID']);
});

podTest(
  'by hash, URL, file of the configured directory and the place of the configuration it is the same',
  async (t) => {
    const id = await host.fetch(stage1);
    const [images, user] = [path.join(host.directory, 'images'), path.join(host.directory, 'user')];
    for (const directory of [images, `${host.directory}/etc/paths.d`, `${user}/stage1.d`])
      mkdirSync(directory, {recursive: true});
    copyFileSync(stage1, path.join(images, 'mine.aci'));
    writeFileSync(
      `${host.directory}/etc/paths.d/images.json`,
      JSON.stringify({rktKind: 'paths', rktVersion: 'v1', 'stage1-images': images}),
    );
    writeFileSync(
      `${user}/stage1.d/stage1.json`,
      JSON.stringify({
        rktKind: 'stage1',
        rktVersion: 'v1',
        name: 'example.com/not-here',
        version: '1',
        location: stage1,
      }),
    );
    for (const [global, flags] of [
      [[], [`--stage1-hash=${id}`]],
      [[], [`--stage1-url=file://${stage1}`]],
      [[], ['--stage1-from-dir=mine.aci']],
      [[`--user-config=${user}`], []],
    ] as const) {
      const ran = await host.rkt([
        ...[...global, '--insecure-options=image', 'run', ...flags, buildImage()],
        ...['--exec=/bin/sh', '--', '-c', 'echo ran; exit 9'],
      ]);
      t.deepEqual([ran.exitCode, ran.stdout], [9, 'ran\n'], flags[0] ?? ran.stderr);
      // Nobody gets it in silence.
      t.regex(
        ran.stderr,
        /nothing proves what the stage1 image example\.com\/stage1-chroot:1\.0\.0, .*processes\/apart/,
      );
    }
    const {error} = await host.rkt(['--format=json', 'plan', '--stage1-from-dir=none.aci', buildImage()]);
    t.is(error?.code, 'RKT_FLAVOR_NOT_FOUND');
  },
);

podTest('it is verified like any image', async (t) => {
  const {error} = await host.rkt(['--format=json', 'run', `--stage1=${stage1}`, buildImage()]);
  t.is(error?.code, 'RKT_IMAGE_UNSIGNED');
});

const STORED = /\/cas\/images\/sha512-[0-9a-f]+\/rootfs\/enter$/;

podTest('S03 what a pod has written over its entrypoints does not run on the host', async (t) => {
  const ran = path.join(host.directory, 'ran');
  // As root of a pod does that has got out of the root directory of its app.
  const overwrite = `for each in enter stop gc; do { echo '#!/bin/sh'; echo "echo ran >>'${ran}'"; } >$root/$each; done\n`;
  const run = RUN.replace(/^trap /m, (found) => overwrite + found);
  t.not(run, RUN);
  const log = path.join(host.directory, 'gc-called-of-written');
  const written = stage1Aci({name: 'example.com/stage1-written', run, gcLog: log});
  const {uuid, ended} = await host.start('trap "exit 5" TERM; echo ready; read -r none', {stage1: written});
  t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).exitCode, 5);
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  t.true(readFileSync(log, 'utf8').includes(`${uuid}\n`));
  t.false(existsSync(ran));
});

podTest('enter, status, stop and gc call its entrypoints, where the guide says and with what', async (t) => {
  const {uuid, ended} = await host.start('trap "exit 5" TERM; echo ready; read -r none', {stage1});
  const pod = podPath(uuid);
  const entered = await host.enter(uuid, 'echo "$PPID $AC_APP_NAME"; readlink /proc/self/root; exit 3');
  t.is(entered.exitCode, 3, entered.stderr);
  const [, parent = ''] = /^(\d+)$/m.exec(readFileSync(path.join(pod, 'ppid'), 'utf8')) ?? [];
  const [child] = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ');
  const [calledIn, program = '', ...more] = linesOf(uuid, 'enter-called').slice(0, 5);
  t.deepEqual([calledIn, ...more], [pod, `--pid=${child}`, '--appname=test', '--']);
  t.regex(program, STORED);
  const verified = await host.rkt(['status', '--verify', uuid]);
  t.is(verified.exitCode, 0, verified.stderr);
  t.regex(verified.stdout, /^verified=plan: /m);

  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).exitCode, 5);
  t.deepEqual(linesOf(uuid, 'stop-called'), [pod, program.replace(/enter$/, 'stop'), uuid]);
  t.regex((await host.rkt(['status', uuid])).stdout, /^app-test=5$/m);

  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  const garbage = pod.replace('/run/', '/exited-garbage/');
  const called = readFileSync(gcLog, 'utf8');
  t.true(
    called.startsWith(
      `${garbage}\n${program.replace(/enter$/, 'gc')}\n--local-config\n${host.directory}/etc\n${uuid}\n`,
    ),
  );
  // As it ran: its image, and what it has written.
  t.true(called.includes('\nexec.awk\n'));
  t.true(called.endsWith('\n5\n'));
  t.false(Object.values(host.podDirectories()).flat().includes(uuid));
});

podTest(
  'several apps are laid out, pid is read, and a stage1 that is out of sight is entered from the store',
  async (t) => {
    const file = path.join(host.directory, 'uuid-several');
    const several = stage1Aci({run: SEVERAL, name: 'example.com/stage1-several', entrypoints: ['run', 'enter']});
    const app = buildImage();
    const ran = host.rkt([
      ...[
        '--insecure-options=image',
        'run',
        `--stage1=${several}`,
        '--hosts-entry=10.0.0.1=db',
        `--uuid-file-save=${file}`,
      ],
      ...[app, '--name=one', '---', app, '--name=two'],
    ]);
    const ready = await host.rkt(['status', '--wait-ready=1m', `--uuid-file=${file}`]);
    t.is(ready.exitCode, 0, ready.stderr);
    const uuid = readFileSync(file, 'utf8').trim();
    const entered = await host.rkt(['enter', '--app=two', uuid, '/bin/echo', 'inside']);
    t.is(entered.stdout, 'inside\n', entered.stderr);
    const [pod, program, pid] = linesOf(uuid, 'enter-called');
    t.is(pod, podPath(uuid));
    t.regex(program ?? '', STORED);
    t.is(pid, `--pid=${linesOf(uuid, 'pid')[0]}`);
    t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);
    const {stdout} = await ran;
    t.regex(stdout, /^one 0\ntwo 0\n(.*\n)*10\.0\.0\.1\tdb\n(.*\n)*ready\n$/);
  },
);

podTest('stop --force has it kill, and a pod without a stop entrypoint gets signals', async (t) => {
  const forced = await host.start('echo ready; trap "" TERM; while :; do sleep 1; done', {stage1});
  t.is((await host.rkt(['stop', '--force', forced.uuid])).exitCode, 0);
  t.is((await forced.ended).signal, 'SIGKILL');
  t.deepEqual(linesOf(forced.uuid, 'stop-called').slice(2), ['--force', forced.uuid]);

  const {uuid, ended} = await host.start('echo ready; cat', {stage1: first});
  t.is((await host.enter(uuid, 'true')).error?.code, 'RKT_POD_ENTER_IMPOSSIBLE');
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  t.is((await ended).exitCode, 143);
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
});

testIf(lacksPods('program/python3'))('S30 it has a terminal of its own, in run and in enter', async (t) => {
  const own = 'readlink /proc/self/fd/0';
  const on = async (what: string, args: (script: string) => string[]) => {
    const mark = `${what}-${process.pid}`;
    const script = `: ${mark}; test -t 0 && echo there; read -r line; echo "<$line>"; exit 4`;
    const command = host.command(...args(script));
    const terminal = openTerminal(['/bin/sh', '-c', `${own}; "$@"; echo status=$?`, 'sh', ...command]);
    t.teardown(() => terminal.close());
    const [, callers] = await terminal.see(/^(\S+)\r\n/);
    await terminal.see(/there/);
    const app = readdirSync('/proc').find((pid) => cmdline(pid).startsWith(`/bin/sh\0-c\0: ${mark};`));
    t.not(readlinkSync(`/proc/${app}/fd/0`), callers);
    terminal.type('typed\n');
    await terminal.see(/<typed>\r\nstatus=4/);
  };
  const run = ['--insecure-options=image', 'run', `--stage1=${stage1}`, '--interactive'];
  await on('runs', (script) => [...run, buildImage(), '--exec=/bin/sh', '--', '-c', script]);
  // S31 The images that a manifest names are not those that were asked for: none of them is the stage1.
  const id = await host.fetch();
  const app = (script: string) => ({app: {exec: ['/bin/sh', '-c', script], user: '0', group: '0'}});
  await on('runs-manifest', (script) => [...run, `--pod-manifest=${host.manifest(id, app(script))}`]);
  const {uuid, ended} = await host.start('trap "exit 5" TERM; echo ready; read -r none', {stage1});
  await on('enters', (script) => ['enter', uuid, '/bin/sh', '-c', script]);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
});

const cmdline = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
};

podTest(
  'a gc entrypoint that fails keeps the pod once, and a stop entrypoint that fails leaves it running',
  async (t) => {
    const failing = stage1Aci({paths: {gc: '/bin/false', stop: '/bin/false'}, name: 'example.com/stage1-failing'});
    const {uuid, ended} = await host.start('echo ready; cat', {stage1: failing});
    const stopped = await host.rkt(['--format=json', 'stop', uuid]);
    t.is(stopped.error?.code, 'RKT_STAGE1_ENTRYPOINT_FAILED');
    t.is((await host.pods()).find(({name}) => name === uuid)?.state, 'running');
    const killed = await host.rkt(['--format=json', 'stop', '--force', uuid]);
    t.is(killed.error?.code, 'RKT_STAGE1_ENTRYPOINT_FAILED');
    await ended;
    t.is((await host.rkt(['--format=json', 'rm', uuid])).error?.code, 'RKT_STAGE1_ENTRYPOINT_FAILED');
    t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  },
);

podTest('gc of a pod whose stage1 cannot be mounted again keeps the pod once, and says so', async (t) => {
  const {uuid, ended} = await host.start('echo ready; read -r none', {stage1});
  t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);
  await ended;
  const rootfs = path.join(podPath(uuid), 'stage1/rootfs');
  rmSync(rootfs, {recursive: true});
  writeFileSync(rootfs, '');
  const {error} = await host.rkt(['--format=json', 'rm', uuid]);
  t.is(error?.code, 'RKT_STAGE1_ENTRYPOINT_FAILED');
  t.regex(String(error?.message), /cannot be mounted again/);
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  t.is(
    (await host.pods()).find(({name}) => name === uuid),
    undefined,
  );
});

podTest('a prepared pod keeps its stage1, and what it was prepared with, whatever has the name later', async (t) => {
  const file = path.join(host.directory, 'uuid-prepared');
  await host.fetch(stage1);
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', '--stage1-name=example.com/stage1-chroot', '--no-overlay', buildImage()],
    ...['--exec=/bin/sh', '--', '-c', 'echo ran; exit 4'],
  ]);
  t.is(prepared.exitCode, 0, prepared.stderr);
  const uuid = prepared.stdout.trim();
  // Another image of that name, whose run ends with 0.
  await host.fetch(stage1Aci({paths: {run: '/bin/true'}}));
  const ran = await host.rkt(['run-prepared', '--hostname=later', `--uuid-file-save=${file}`, uuid]);
  t.deepEqual([ran.exitCode, ran.stdout], [4, 'ran\n'], ran.stderr);
  t.true(linesOf(uuid, 'run-called').includes('--hostname=later'));
});

podTest('a prepared pod whose stage1 is damaged is refused, and runs with another flavor', async (t) => {
  const damaged = await host.fetch(stage1Aci({name: 'example.com/stage1-damaged'}));
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', `--stage1=${damaged}`, buildImage()],
    ...['--exec=/bin/sh', '--', '-c', 'echo ran'],
  ]);
  t.is(prepared.exitCode, 0, prepared.stderr);
  const uuid = prepared.stdout.trim();
  const frozen = path.join(host.data, 'pods/prepared', uuid, 'frozen.json');
  const {stage1: image} = JSON.parse(readFileSync(frozen, 'utf8')) as {stage1: {tree: string}};
  writeFileSync(path.join(path.dirname(image.tree), 'damaged'), 'a file is gone');
  const refused = await host.rkt(['--format=json', 'run-prepared', uuid]);
  t.is(refused.error?.code, 'RKT_IMAGE_DAMAGED', refused.stderr);
  const ran = await host.rkt(['run-prepared', '--stage1=fly', uuid]);
  t.deepEqual([ran.exitCode, ran.stdout], [0, 'ran\n'], ran.stderr);
});
