import {readFileSync, writeFileSync} from 'node:fs';
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
