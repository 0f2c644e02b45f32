import {existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {setTimeout} from 'node:timers/promises';
import test from 'ava';
import {type Host, openHost, type RunOptions} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod, runApps} from '../helpers/nspawn.ts';
import {release} from '../helpers/release.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';
import {savedUuid} from './support/saved-uuid.ts';
import {awaitEnd, awaitTold, STAY, tell, tellProcess, toldBy} from './support/scripts.ts';

/* Apps that write to a journal of their pod. */

const host = openHost();
test.after.always(() => host.close());
// One after the other: a pod that others wait for would take the place of what they wait with.
const kernelTest = serialTestIf(
  lacksPods('program/systemd-nspawn', 'program/journalctl', 'program/setpriv', 'program/unshare'),
);

const OUT = ['--stdout=journal'];
const BOTH = [...OUT, '--stderr=journal'];
const JOURNALD = '/usr/lib/systemd/systemd-journald';
const AWAIT = 'until [ -e /go ]; do sleep 0.1; done';

let files = 0;
const saved = () => path.join(host.directory, `uuid-of-${++files}`);
const read = (file: string) => readFileSync(file, 'utf8').trim();
const journalOf = (uuid: string, at: Host = host): string => {
  const place = ['run', 'exited-garbage'].find((name) => existsSync(path.join(at.data, 'pods', name, uuid))) ?? 'run';
  return path.join(at.data, 'pods', place, uuid, 'stage1/rootfs/rkt/journal', uuid.replaceAll('-', ''));
};
const bytesOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(path.join(directory, name)).blocks * 512, 0);
const lines = (count: number, prefix = ''): string =>
  Array.from({length: count}, (_, index) => `${prefix}${index + 1}\n`).join('');
const logs = (uuid: string, ...flags: string[]) => host.rkt(['logs', ...flags, uuid]);
const json = async (uuid: string, ...flags: string[]) => {
  const {stdout, stderr, exitCode} = await logs(uuid, '--format=json', ...flags);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as {time?: string; app: string; stream: string; line: string});
};

/** Runs a script to its end, with its UUID. */
const run = async (script: string, {app = BOTH, pod = [], ...more}: RunOptions = {}) => {
  const file = saved();
  const ran = await host.sh(script, {stage1: 'nspawn', app, pod: [`--uuid-file-save=${file}`, ...pod], ...more});
  return {...ran, uuid: existsSync(file) ? read(file) : ''};
};
/** Waits until the journal has so much. */
const untilLogged = (uuid: string, stdout: string, stderr = '', ...flags: string[]) =>
  until(async () => {
    const found = await logs(uuid, ...flags);
    return found.stdout === stdout && found.stderr === stderr;
  }, 180_000);
/** Starts a script whose standard output goes to the journal. */
const start = async (script: string, app: readonly string[] = BOTH, ...pod: string[]) => {
  const file = saved();
  const ended = host.sh(script, {stage1: 'nspawn', app, pod: [`--uuid-file-save=${file}`, ...pod], timeout: 0});
  return {uuid: await savedUuid(file, ended), ended};
};

kernelTest("each stream comes out where it went in, and the status is the app's", async (t) => {
  const {uuid, exitCode, stdout, stderr} = await run('echo out; echo bad >&2; echo more; exit 7');
  t.deepEqual({exitCode, stdout, stderr}, {exitCode: 7, stdout: '', stderr: ''});
  t.like(await logs(uuid), {exitCode: 0, stdout: 'out\nmore\n', stderr: 'bad\n'});
  const status = await host.rkt(['status', uuid]);
  t.true(status.stdout.includes('app-test=7\n'));
});

for (const [own, other] of [
  ['stdout', 'stderr'],
  ['stderr', 'stdout'],
] as const) {
  kernelTest(`the journal for ${own} alone, and a log for the other one`, async (t) => {
    const {uuid, exitCode} = await run('echo stdout; echo stderr >&2', {app: [`--${own}=journal`, `--${other}=log`]});
    t.is(exitCode, 0);
    t.like(await logs(uuid), {exitCode: 0, stdout: 'stdout\n', stderr: 'stderr\n'});
    const both = await json(uuid);
    t.deepEqual(both.map(({stream, time}) => [stream, time !== undefined]).sort(), [
      ['stderr', own === 'stderr'],
      ['stdout', own === 'stdout'],
    ]);
  });
}

for (let round = 1; round <= 5; round++) {
  kernelTest(`an app that ends the pod right after its last line loses none of its lines (${round})`, async (t) => {
    const {uuid, exitCode} = await run('seq 5000; seq 5000 >&2; exit 3');
    t.is(exitCode, 3);
    const {stdout, stderr} = await logs(uuid);
    t.true(stdout === lines(5000), `${stdout.length} bytes of standard output`);
    t.true(stderr === lines(5000), `${stderr.length} bytes of standard error`);
  });
}

kernelTest('nor does the last of several, or one that is stopped', async (t) => {
  const file = saved();
  const trap =
    'trap "seq 200; seq 200 >&2; exit 0" TERM; mkfifo /fifo; echo started; while :; do read -r none <>/fifo; done';
  const ended = host.rkt(
    runApps(
      [`--uuid-file-save=${file}`],
      {name: 'a', script: trap, flags: BOTH},
      {name: 'b', script: 'seq 2000', flags: BOTH},
    ),
    {timeout: 0},
  );
  const uuid = await savedUuid(file, ended);
  await untilLogged(uuid, 'started\n', '', '--app=a');
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
  // So it was done before the grace time of `stop` was over, which it has only ten seconds of.
  t.regex((await host.rkt(['status', uuid])).stdout, /^app-a=0$/m);
  t.deepEqual((await logs(uuid, '--app=a')).stdout, `started\n${lines(200)}`);
  t.deepEqual((await logs(uuid, '--app=a')).stderr, lines(200));
  t.deepEqual((await logs(uuid, '--app=b')).stdout, lines(2000));
});

kernelTest('a pod ends with 0 after its last app, and with the status of the first that fails', async (t) => {
  const quick = (name: string, script: string) => ({name, script, flags: BOTH});
  const file = saved();
  const [first, second] = [`${tellProcess('a')}; echo a`, `${awaitEnd('a')}; echo b`];
  const ended = await host.rkt(runApps([`--uuid-file-save=${file}`], quick('a', first), quick('b', second)));
  t.is(ended.exitCode, 0, ended.stderr);
  t.is((await logs(read(file), '--app=b')).stdout, 'b\n');
  const failed = await host.rkt(
    runApps([], quick('a', `${awaitTold('b')}; exit 9`), quick('b', `${tell('b')}; ${STAY}`)),
  );
  t.is(failed.exitCode, 9);
});

kernelTest('several apps: their names before the lines, in the order in which they were written', async (t) => {
  const file = saved();
  const ended = host.rkt(
    runApps(
      [`--uuid-file-save=${file}`],
      {name: 'a', script: `echo one; ${awaitTold('a')}; echo three`, flags: OUT},
      {name: 'b', script: `${awaitTold('b')}; echo two`, flags: OUT},
      {name: 'c', script: 'echo here'},
    ),
    {timeout: 0},
  );
  const uuid = await savedUuid(file, ended);
  // What was written is what has arrived: of two lines that nobody has read yet, journald may take either first.
  for (const [app, line] of [
    ['b', 'a: one'],
    ['a', 'b: two'],
  ] as const) {
    await until(async () => (await logs(uuid)).stdout.endsWith(`${line}\n`));
    await release(t, host, uuid, toldBy(app), [`--app=${app}`]);
  }
  t.is((await ended).exitCode, 0);
  t.like(await logs(read(file)), {stdout: 'a: one\nb: two\na: three\n', stderr: ''});
  t.like(await logs(read(file), '--app=b'), {stdout: 'two\n'});
});

kernelTest('--follow of a prepared pod shows all, to the end; --tail and --since of what is there', async (t) => {
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', '--quiet', '--stage1=nspawn', buildImage(), ...BOTH],
    ...['--exec=/bin/sh', '--', '-c', `printf 'one\\ntwo\\n'; echo bad >&2; ${AWAIT}; echo three`],
  ]);
  const uuid = prepared.stdout.trim();
  const following = logs(uuid, '--follow');
  const ran = host.rkt(['run-prepared', uuid], {timeout: 0});
  await untilLogged(uuid, 'one\ntwo\n', 'bad\n');
  const between = new Date().toISOString();
  t.like(await logs(uuid, `--since=${between}`), {stdout: '', stderr: ''});
  const tail = logs(uuid, '-f', '--tail=1');
  await release(t, host, uuid, '/go');
  t.is((await ran).exitCode, 0);
  t.like(await following, {exitCode: 0, stdout: 'one\ntwo\nthree\n', stderr: 'bad\n'});
  t.like(await logs(uuid, `--since=${between}`), {stdout: 'three\n', stderr: ''});
  t.like(await logs(uuid, '--since=1h'), {stdout: 'one\ntwo\nthree\n', stderr: 'bad\n'});
  t.like(await logs(uuid, '--tail=2'), {stdout: 'two\nthree\n', stderr: 'bad\n'});
  t.like(await logs(uuid, '--since=1h', '--tail=1'), {stdout: 'three\n', stderr: 'bad\n'});
  // Started before there was more, or just when there was.
  t.regex((await tail).stdout, /^(two\n)?three\n$/);
  t.like(await logs(uuid, '-f', '--tail=0'), {exitCode: 0, stdout: '', stderr: ''});
});

kernelTest('times in JSON are when the line was written', async (t) => {
  const before = Date.now();
  const {uuid, ended} = await start(`echo one; ${AWAIT}; echo two`, OUT);
  await untilLogged(uuid, 'one\n');
  const between = Date.now();
  await release(t, host, uuid, '/go');
  t.is((await ended).exitCode, 0);
  const after = Date.now();
  const [one, two] = await json(uuid);
  t.like(one, {app: 'test', stream: 'stdout', line: 'one'});
  t.regex(one?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const [first = 0, second = 0] = [one, two].map((line) => Date.parse(line?.time ?? ''));
  const times = [before, first, between, second, after];
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  // Exactly by time.
  t.deepEqual(
    (await json(uuid, `--since=${two?.time}`)).map(({line}) => line),
    ['two'],
  );
});

kernelTest('what an app writes stays what it is: bytes, priorities, very long lines', async (t) => {
  const {uuid, exitCode} = await run(
    String.raw`printf 'a\0b\n<3>no priority\n\033[2Jescape\n\377\376\n  blanks\nSYSLOG_IDENTIFIER=other\n' >&2
    head -c 200000 /dev/zero | tr '\0' x >&2; echo >&2; printf 'end' >&2
    printf '<3>\n\377\0\033]0;x\007\n'`,
  );
  t.is(exitCode, 0);
  // The helper gives text; JSON of bytes that are none has the sign for them.
  const found = await json(uuid);
  t.deepEqual(
    found.filter(({stream}) => stream === 'stdout').map(({line}) => line),
    ['<3>', '\ufffd\0\u001b]0;x\u0007'],
  );
  const errors = found.filter(({stream}) => stream === 'stderr').map(({line}) => line);
  t.deepEqual(errors.slice(0, 6), [
    ...['a\0b', '<3>no priority', '\u001b[2Jescape', '\ufffd\ufffd', '  blanks', 'SYSLOG_IDENTIFIER=other'],
  ]);
  const long = errors.slice(6, -1);
  t.is(long.join(''), 'x'.repeat(200_000));
  t.is(errors.at(-1), 'end');
  t.deepEqual([...new Set(found.map(({app}) => app))], ['test']);
  const raw = await host.rkt(['logs', uuid], {
    through: ['/bin/sh', '-c', '"$@" 2>&1 >/dev/null | od -An -tx1 | tr -d " \\n" | cut -c1-38', 'sh'],
  });
  t.is(raw.stdout.trim(), Buffer.from('a\0b\n<3>no priority\n').toString('hex').slice(0, 40));
});

kernelTest('no app reaches the sockets of the journal or its files, nor looks through its processes', async (t) => {
  const {stdout, exitCode} = await host.sh(
    `ls /run/systemd/journal /run/log/journal /dev/log /run/rkt-journal /rkt 2>/dev/null
     for process in $(pidof systemd-journald) $(pidof cat); do
       ls /proc/$process/root/ >/dev/null 2>&1 && echo open $process
     done
     pidof systemd-journald >/dev/null && echo there
     grep -c JOURNAL /proc/self/environ`,
    {stage1: 'nspawn', app: ['--stdout=stream', '--stderr=journal']},
  );
  t.is(stdout, 'there\n0\n');
  t.is(exitCode, 1);
});

kernelTest('an app that kills the journal, and what carries its lines there, loses none of the next', async (t) => {
  const {uuid, ended} = await start(
    `for round in 1 2 3; do
       kill -9 $(pidof systemd-journald); echo "out$round"; echo "err$round" >&2
       until [ -e "/go$round" ]; do sleep 0.1; done
     done; exit 4`,
  );
  // One that has read lines and is killed before it wrote them takes these with it.
  for (const round of [1, 2, 3]) {
    await untilLogged(uuid, lines(round, 'out'), lines(round, 'err'));
    await release(t, host, uuid, `/go${round}`);
  }
  t.is((await ended).exitCode, 4);
  t.like(await logs(uuid), {stdout: 'out1\nout2\nout3\n', stderr: 'err1\nerr2\nerr3\n'});
});

kernelTest('a journal is of bounded size and keeps the newest', async (t) => {
  // Four times what there is place for.
  const {uuid, ended} = await start(`seq 15000; seq 15000 >&2; ${AWAIT}`, BOTH, '--log-size=64Ki');
  await until(async () => (await logs(uuid, '--tail=1')).stderr === '15000\n', 180_000);
  await release(t, host, uuid, '/go');
  t.is((await ended).exitCode, 0);
  t.true(bytesOf(journalOf(uuid)) <= 4 * 1_048_576 + 524_288, `${bytesOf(journalOf(uuid))} bytes`);
  const {stdout} = await logs(uuid);
  const numbers = stdout.trimEnd().split('\n').map(Number);
  t.is((await logs(uuid, '--tail=1')).stderr, '15000\n');
  t.deepEqual(
    numbers,
    Array.from({length: numbers.length}, (_, index) => (numbers[0] ?? 0) + index),
  );
});

kernelTest('all that an app has written is in the journal, however long journald takes for it', async (t) => {
  const {uuid, ended} = await start(`echo started; ${AWAIT}; seq 30000; exit 3`, OUT);
  await untilLogged(uuid, 'started\n');
  const [journald] = [...commandsOfPod(uuid)].find(([, command]) => command.startsWith(JOURNALD)) ?? [];
  if (journald === undefined) throw new Error('there is no journald');
  let over = false;
  ended.finally(() => {
    over = true;
  });
  process.kill(journald, 'SIGSTOP');
  await release(t, host, uuid, '/go');
  // As on a machine with much else to do. Its own patience with what is left to be read is ten seconds.
  while (!over) {
    for (const [signal, milliseconds] of [
      ['SIGCONT', 5],
      ['SIGSTOP', 100],
    ] as const) {
      try {
        if (readFileSync(`/proc/${journald}/cmdline`, 'utf8').startsWith(JOURNALD)) process.kill(journald, signal);
      } catch {
        // It has ended.
      }
      await setTimeout(milliseconds);
    }
  }
  t.is((await ended).exitCode, 3);
  t.is((await logs(uuid)).stdout, `started\n${lines(30_000)}`);
});

kernelTest('an app that stops the journal holds up no end of its pod, and loses nothing by it', async (t) => {
  const {uuid, exitCode} = await run('echo one; kill -STOP $(pidof systemd-journald); echo two; exit 3', {app: OUT});
  t.is(exitCode, 3);
  t.is((await logs(uuid)).stdout, 'one\ntwo\n');
});

kernelTest('restarts and event handlers write to the journal, too', async (t) => {
  const restarted = await run('echo out; echo err >&2; [ -e /second ] || { : >/second; exit 1; }', {
    app: [...BOTH, '--restart=on-failure'],
  });
  t.is(restarted.exitCode, 0);
  t.like(await logs(restarted.uuid), {stdout: 'out\nout\n', stderr: 'err\nerr\n'});
  const handler = (name: string) => ({name, exec: ['/bin/sh', '-c', `echo ${name}; echo ${name}-error >&2`]});
  const image = {
    app: {
      exec: ['/bin/sh', '-c', 'echo main; echo main-error >&2'],
      user: '0',
      group: '0',
      eventHandlers: [handler('pre-start'), handler('post-stop')],
    },
  };
  const file = saved();
  const ran = await host.run(image, {stage1: 'nspawn', app: BOTH, pod: [`--uuid-file-save=${file}`]});
  t.is(ran.exitCode, 0, ran.stderr);
  t.like(await logs(read(file)), {
    stdout: 'pre-start\nmain\npost-stop\n',
    stderr: 'pre-start-error\nmain-error\npost-stop-error\n',
  });
});

kernelTest('a pod without a journal has no journald, and no place for one', async (t) => {
  const pod = await host.start('echo ready; exec cat', {stage1: 'nspawn', app: ['--stderr=log']});
  t.false([...commandsOfPod(pod.uuid).values()].some((command) => command.includes('journald')));
  t.false(existsSync(path.dirname(journalOf(pod.uuid))));
  await pod.end();
});

kernelTest('a pod with a journal is ready as soon as its apps are', async (t) => {
  const {uuid, ended} = await start(`echo started; ${AWAIT}`);
  await untilLogged(uuid, 'started\n');
  const {exitCode, stderr} = await host.rkt(['status', '--wait-ready=150s', uuid]);
  t.is(exitCode, 0, stderr);
  await until(() => [...commandsOfPod(uuid).values()].some((command) => command.includes('journald')));
  await release(t, host, uuid, '/go');
  t.is((await ended).exitCode, 0);
});

kernelTest('it can be read until the pod is removed', async (t) => {
  const {uuid} = await run('echo left', {app: OUT});
  t.is((await host.rkt(['gc', '--mark-only'])).exitCode, 0);
  t.true(existsSync(path.join(host.data, 'pods/exited-garbage', uuid)));
  t.is((await logs(uuid)).stdout, 'left\n');
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  t.is((await host.rkt(['--format=json', 'logs', uuid])).error?.code, 'RKT_POD_UNKNOWN');
});

kernelTest('without journalctl on the host, rkt logs says what to install', async (t) => {
  const {uuid} = await run('echo here', {app: OUT});
  const {exitCode, error} = await host.rkt(['--format=json', 'logs', uuid], {
    through: [
      ...[program('unshare') ?? 'unshare', '--mount', '/bin/sh', '-c'],
      ...['mount --bind /dev/null "$(command -v journalctl)"; exec "$@"', 'sh'],
    ],
  });
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_JOURNAL_TOOL_MISSING']);
  t.like(error?.fields, {program: 'journalctl'});
});

kernelTest('without journald a pod that asks for a journal is refused, and others run', async (t) => {
  const through = [
    ...[program('unshare') ?? 'unshare', '--mount', '/bin/sh', '-c'],
    ...[`mount --bind /dev/null ${JOURNALD}; exec "$@"`, 'sh'],
  ];
  const refused = await host.sh('true', {stage1: 'nspawn', app: OUT, through});
  t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_FLAVOR_CANNOT']);
  t.like(refused.error?.fields, {problems: [{name: 'stdio/journal', because: `${JOURNALD} is not installed`}]});
  t.is((await host.sh('true', {stage1: 'nspawn', through})).exitCode, 0);
  const doctor = await host.rkt(['--format=json', 'flavor', 'doctor', 'nspawn'], {through});
  const [examined] = JSON.parse(doctor.stdout) as {usable: boolean; findings: {severity: string; what: string}[]}[];
  t.true(examined?.usable);
  t.is(examined?.findings.find(({what}) => what.startsWith(JOURNALD))?.severity, 'note');
});

kernelTest('a stage1 of an image brings its own journald', async (t) => {
  const stage1 = path.join(host.directory, 'stage1.aci');
  t.is((await host.rkt(['flavor', 'build', 'nspawn', '-o', stage1])).exitCode, 0);
  const {uuid, exitCode, stderr} = await run('echo out; echo err >&2', {stage1});
  t.is(exitCode, 0, stderr);
  t.like(await logs(uuid), {stdout: 'out\n', stderr: 'err\n'});
});

kernelTest('S16 what is no journal of the pod is not read', async (t) => {
  const {uuid} = await run('echo here', {app: OUT});
  const directory = journalOf(uuid);
  const fails = async (what: string) => {
    const {exitCode, error, stdout} = await host.rkt(['--format=json', 'logs', uuid]);
    t.deepEqual([exitCode, error?.code, stdout], [254, 'RKT_POD_JOURNAL_UNREADABLE', ''], what);
  };
  symlinkSync('/etc/passwd', path.join(directory, 'other.journal'));
  await fails('a symlink for a file');
  rmSync(path.join(directory, 'other.journal'));
  const file = path.join(directory, 'system.journal');
  const whole = readFileSync(file);
  const newer = Buffer.from(whole);
  newer.writeUInt32LE(0x8000_0000, 12);
  writeFileSync(file, newer);
  await fails('a file with a feature that nobody knows');
  writeFileSync(file, whole);
  t.is((await logs(uuid)).stdout, 'here\n');
  renameSync(directory, `${directory}-moved`);
  symlinkSync(`${directory}-moved`, directory);
  await fails('a symlink for the directory');
});
