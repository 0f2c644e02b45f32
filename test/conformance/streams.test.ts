import {readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* Standard streams that a test has to make by itself; those that everybody has are in the kit (EX-24). */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

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

kernelTest('S11 a file that is given to be read can only be read, by run and by enter, also by root', async (t) => {
  const file = path.join(host.directory, 'given');
  const content = 'first\nsecond\n';
  writeFileSync(file, content, {mode: 0o644});
  const through = ['/bin/sh', '-c', 'exec <"$0"; read -r line; exec "$@"', file];
  // Of a flavor that gives a pipe, that is the pod's own.
  const change = '(echo x >/proc/self/fd/0; echo x >>/proc/self/fd/0; chmod 6755 /proc/self/fd/0) 2>/dev/null';
  const script = `[ -p /proc/self/fd/0 ] || ${change}; cat`;
  const pod = await host.start('echo ready; cat');
  for (const result of [await host.sh(script, {through}), await host.enter(pod.uuid, script, {through})]) {
    t.like(result, {exitCode: 0, stdout: 'second\n'}, result.stderr);
    t.is(readFileSync(file, 'utf8'), content);
    t.is(statSync(file).mode & 0o7777, 0o644);
  }
  await pod.end();
});

kernelTest('S29 a device that is given to be read is no device to be written', async (t) => {
  const plan = async (redirections: string) => {
    const through = ['/bin/sh', '-c', `exec ${redirections}; exec "$@"`, 'sh'];
    const args = host.runArguments('true').map((word) => (word === 'run' ? 'plan' : word));
    return (await host.rkt(args, {through})).stdout;
  };
  const rule = (access: string) => `{"type":"char","major":1,"minor":11,"access":"${access}"}`;
  const wide = (text: string) => JSON.stringify(JSON.parse(text));
  t.true(wide(await plan('</dev/kmsg')).includes(rule('r')));
  t.true(wide(await plan('</dev/kmsg 2>/dev/kmsg')).includes(rule('rw')));
  t.true(wide(await plan('2>/dev/kmsg')).includes(rule('w')));
});
