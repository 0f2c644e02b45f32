import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* `--watchdog`: an app that has to say that it is alive. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn', 'program/perl'));

const NOTIFIES = '--annotation=appc.io/executor/supports-systemd-notify=true';

/** Says that it is ready, and nothing more. */
const SILENT = `
  $| = 1;
  socket my $socket, 1, 2, 0 or die "socket: $!";
  connect $socket, pack "Sa*", 1, $ENV{NOTIFY_SOCKET} or die "$ENV{NOTIFY_SOCKET}: $!";
  print "ready\\n", $ENV{WATCHDOG_PID} == $$ ? "its own " : "", "$ENV{WATCHDOG_USEC}\\n";
  syswrite $socket, "READY=1\\n" or die "send: $!";
  sleep;
`;

let built: Promise<string> | undefined;
const build = async (): Promise<string> => {
  const file = path.join(host.directory, 'perl.aci');
  const flags = ['--name=example.com/perl', '--exec=sh', '-o', file];
  const {exitCode, stderr} = await host.rkt(['image', 'build', '--from-host', 'perl', 'sh', ...flags]);
  if (exitCode !== 0) throw new Error(stderr);
  return file;
};
const image = (): Promise<string> => {
  built ??= build();
  return built;
};
const silent = `exec perl -e '${SILENT}'`;

kernelTest('an app that does not say in time that it is alive is ended, which is a failure', async (t) => {
  const app = [NOTIFIES, '--watchdog=1s', '--restart=on-failure', '--restart-limit=1/10m'];
  const {exitCode, stdout, stderr} = await host.sh(silent, {stage1: 'nspawn', image: await image(), app});
  t.deepEqual([exitCode, stdout], [134, 'ready\nits own 1000000\n'.repeat(2)], stderr);
});

kernelTest('status --verify knows the variables that come with it, and what enters has none', async (t) => {
  const app = [NOTIFIES, '--watchdog=10m'];
  const pod = await host.start(silent, {stage1: 'nspawn', image: await image(), app});
  const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  t.is(verified.exitCode, 0, verified.stdout);
  t.is((await host.enter(pod.uuid, 'echo "<$WATCHDOG_USEC$WATCHDOG_PID>"')).stdout, '<>\n');
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await pod.ended;
});

kernelTest('an app that tells nobody anything cannot have one', async (t) => {
  const {exitCode, error} = await host.sh('true', {stage1: 'nspawn', app: ['--watchdog=30s']});
  t.deepEqual([exitCode, error?.code, error?.fields.app], [254, 'RKT_POD_WATCHDOG_UNFED', 'test']);
});
