import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {runApps} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* Where the standard streams of apps go, with each flavor. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());
const severalApps = testIf(flavor === 'fly' ? 'fly has pods of one app' : lacksPods());

const uuidOfOnly = (t: ExecutionContext, run: Record<string, string[]>): string => {
  t.is(run.run?.length, 1);
  return run.run?.[0] ?? '';
};

const numbers = (count: number, prefix: string) =>
  Array.from({length: count}, (_, index) => `${prefix}${index + 1}\n`).join('');
const BOTH = 'i=0; while [ $((i += 1)) -le 300 ]; do echo "out$i"; echo "err$i" >&2; done';

kernelTest('standard output and standard error come apart, each in order and whole', async (t) => {
  const {exitCode, stdout, stderr} = await host.sh(BOTH);
  t.is(exitCode, 0);
  t.is(stdout, numbers(300, 'out'));
  t.is(stderr, numbers(300, 'err'));
});

kernelTest('on one pipe they come in the order in which they were written', async (t) => {
  const {stdout, stderr} = await host.sh(BOTH, {through: ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh']});
  t.is(stderr, '');
  t.is(stdout, Array.from({length: 300}, (_, index) => `out${index + 1}\nerr${index + 1}\n`).join(''));
});

for (const stdin of [[], ['--stdin=stream']]) {
  kernelTest(`the input of rkt is that of the one app, to its end ${stdin}`, async (t) => {
    const input = numbers(50_000, 'line ');
    const {exitCode, stdout} = await host.sh('cat; echo end; exit 5', {app: stdin, input});
    t.is(exitCode, 5);
    t.true(stdout === `${input}end\n`, `${stdout.length} bytes`);
  });
}

for (const [what, options, read] of [
  ['a pipe', {input: 'one\ntwo'}, 'one\ntwo'],
  ['/dev/null', {through: ['/bin/sh', '-c', 'exec "$@" </dev/null', 'sh']}, ''],
] as const) {
  kernelTest(`--interactive without a terminal: the streams are the caller's, and ${what} has an end`, async (t) => {
    const script = 'cat; echo end; echo err >&2; exit 5';
    const {exitCode, stdout, stderr} = await host.sh(script, {pod: ['--interactive'], ...options});
    t.deepEqual({exitCode, stdout, stderr}, {exitCode: 5, stdout: `${read}end\n`, stderr: 'err\n'});
  });
}

/** Becomes a program with a socket as output that is the host's journal for all that systemd says, and prints what came through it. */
const JOURNAL = `import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
status = os.fstat(theirs.fileno())
environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment)
theirs.close()
while data := ours.recv(65536):
    sys.stdout.write(data.decode())
sys.exit(child.wait())`;

for (const [what, through] of [
  ['pipes', ['/bin/sh', '-c', '"$@" 2>&1 | cat', 'sh']],
  ['the journal of a host', ['/usr/bin/python3', '-c', JOURNAL]],
] as const) {
  testIf(lacksPods('program/python3'))(
    `an app that is not root opens /dev/stdout and /dev/stderr, and so does what enters: ${what}`,
    async (t) => {
      const script = 'echo a >/dev/stdout && echo b >/dev/stderr && echo c >>/proc/self/fd/1';
      const app = ['--user=12', '--group=34'];
      t.is((await host.sh(script, {app, through})).stdout, 'a\nb\nc\n');
      const pod = await host.start('echo ready; cat', {app});
      t.is((await host.enter(pod.uuid, script, {through})).stdout, 'a\nb\nc\n');
      await pod.end();
    },
  );
}

kernelTest('streams that are files stay what they are: position, append mode and all', async (t) => {
  const at = (name: string) => path.join(host.directory, name);
  writeFileSync(at('read'), 'first\nsecond\n');
  for (const name of ['appended', 'over']) writeFileSync(at(name), 'what was there\n');
  const through = ['/bin/sh', '-c', 'exec <read >>appended 2<>over; read -r line; echo shell; exec "$@"', 'sh'];
  const {exitCode} = await host.sh('read -r line; echo "$line"; echo written >&2; exit 4', {through});
  t.is(exitCode, 4);
  const content = (name: string) => readFileSync(at(name), 'utf8');
  // What carries it may be a moment behind.
  await until(() => content('appended').endsWith('second\n') && content('over').startsWith('written'));
  t.is(content('appended'), 'what was there\nshell\nsecond\n');
  t.is(content('over'), 'written\n there\n');
});

kernelTest('null: no input, and no output anywhere', async (t) => {
  const app = ['--stdin=null', '--stdout=null', '--stderr=null'];
  const script =
    'read -r line && exit 1; echo lost; echo lost >&2; exec 3<&0; test -c /proc/self/fd/1 || exit 2; exit 9';
  const {exitCode, stdout, stderr} = await host.sh(script, {app, input: 'typed\n'});
  t.deepEqual({exitCode, stdout, stderr}, {exitCode: 9, stdout: '', stderr: ''});
});

for (const [app, expected] of [
  [['--stdout=null', '--stderr=stream'], {stdout: '', stderr: 'err\n'}],
  [['--stdout=stream', '--stderr=null'], {stdout: 'out\n', stderr: ''}],
] as const) {
  kernelTest(`each stream goes its own way: ${app.join(' ')}`, async (t) => {
    t.like(await host.sh('echo out; echo err >&2', {app}), {exitCode: 0, ...expected});
  });
}

for (const [own, other] of [
  ['stdout', 'stderr'],
  ['stderr', 'stdout'],
] as const) {
  kernelTest(`log for ${own} alone: the other one goes to rkt's caller`, async (t) => {
    const alone = openHost();
    t.teardown(() => alone.close());
    // Not root, and by path: what an app opens again is the log, too.
    const app = [`--${own}=log`, '--user=12', '--group=34'];
    const ran = await alone.sh(`echo stdout; echo stderr >&2; echo more >>/dev/${own}`, {app});
    t.like(ran, {exitCode: 0, [own]: '', [other]: `${other}\n`});
    const uuid = uuidOfOnly(t, alone.podDirectories());
    t.like(await alone.rkt(['logs', uuid]), {exitCode: 0, [own]: `${own}\nmore\n`, [other]: ''});
  });
}

kernelTest('a program that is not there is told to the caller, not to the log', async (t) => {
  const app = ['--stdout=log', '--stderr=log', '--exec=/nowhere'];
  const {exitCode, error} = await host.run({}, {app});
  t.true(exitCode !== 0);
  t.truthy(error?.code);
});

testIf(flavor === 'nspawn' ? 'nspawn has journals' : lacksPods())(
  'a journal is refused where there is none',
  async (t) => {
    const {exitCode, error} = await host.sh('true', {app: ['--stdout=journal']});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAVOR_CANNOT']);
    t.like(error?.fields, {problems: [{name: 'stdio/journal', app: 'test'}]});
  },
);

severalApps('input is for the app that asks for it, and for no other', async (t) => {
  const script = 'cat; echo end';
  const [first, second] = [
    {name: 'first', script},
    {name: 'second', script, flags: ['--stdin=stream', '--stdout=stream']},
  ];
  const none = await host.rkt(runApps([], first, {...first, name: 'third'}), {input: 'typed\n'});
  t.like(none, {exitCode: 0, stdout: 'end\nend\n'});
  const {stdout, exitCode} = await host.rkt(runApps([], first, second), {input: 'typed\n'});
  t.is(exitCode, 0);
  t.deepEqual(stdout.split('\n').sort(), ['', 'end', 'end', 'typed']);
  const both = await host.rkt(runApps([], {...first, flags: ['--stdin=stream']}, second));
  t.is(both.exitCode, 254);
  t.deepEqual(both.error?.fields.apps, ['first', 'second']);
});
