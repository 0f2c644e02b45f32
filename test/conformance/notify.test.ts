import {randomUUID} from 'node:crypto';
import {statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {receiveNotifications} from '../../plugin-sdk/src/kit/receive-notifications.ts';
import {flavor, openHost} from '../helpers/host.ts';
import {imageManifest} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* Type=notify of whoever started rkt: NOTIFY_SOCKET. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/perl'));

const KINDS = {
  path: () => path.join(host.directory, randomUUID()),
  abstract: () => `@rkt-test-${randomUUID()}`,
};
/** Of whom the pod's supervisor is not. */
const supervised = flavor !== 'fly';

const OWN = `
  $| = 1;
  (my $address = $ENV{NOTIFY_SOCKET}) =~ s/^@/\\0/;
  socket my $socket, 1, 2, 0 or die "socket: $!";
  connect $socket, pack "Sa*", 1, $address or die "$ENV{NOTIFY_SOCKET}: $!";
  print "ready\\n";
  <STDIN>;
  syswrite $socket, "READY=1\\nSTATUS=of the app\\n" or die "send: $!";
  <STDIN>;
`;

/** Says by itself when it is ready, which is when it reads a line. */
const own = async (): Promise<string> => {
  const [manifest, file] = [path.join(host.directory, 'own.json'), path.join(host.directory, 'own.aci')];
  const annotations = [{name: 'appc.io/executor/supports-systemd-notify', value: 'true'}];
  const app = {environment: [{name: 'NOTIFY_SOCKET', value: '/of/the/image'}]};
  writeFileSync(manifest, JSON.stringify(imageManifest({name: 'example.com/own', app, manifest: {annotations}})));
  const built = await host.rkt(['image', 'build', '--from-host', 'perl', 'sh', `--manifest=${manifest}`, '-o', file]);
  if (built.exitCode !== 0) throw new Error(built.stderr);
  return file;
};
let image: Promise<string> | undefined;
const ownImage = () => {
  image ??= own();
  return image;
};

const ends = async (t: ExecutionContext, uuid: string) => t.is((await host.rkt(['stop', '--force', uuid])).exitCode, 0);

for (const [kind, nameOf] of Object.entries(KINDS)) {
  kernelTest(`whoever started rkt is told once that a pod is ready: ${kind} socket`, async (t) => {
    const name = nameOf();
    await using receiver = await receiveNotifications(name);
    const script = 'echo "<$NOTIFY_SOCKET>"; echo ready; cat';
    const pod = await host.start(script, {env: {NOTIFY_SOCKET: name}, pod: ['--inherit-env']});
    await until(() => receiver.ready().length > 0);
    if (!supervised) t.deepEqual(receiver.messages(), [`READY=1 MAINPID=${pod.pid}`]);
    const {stdout} = await host.rkt(['--format=json', 'status', pod.uuid]);
    const {enforcement = []} = JSON.parse(stdout) as {enforcement?: {name: string; verdict: string}[]};
    t.is(enforcement.find((entry) => entry.name === 'notify')?.verdict, 'enforced');
    await ends(t, pod.uuid);
    t.regex((await pod.ended).stdout, /^<>$/m);
    t.is(receiver.ready().length, 1);
  });

  kernelTest(`an app whose image says so tells by itself, and nobody before it: ${kind} socket`, async (t) => {
    const name = nameOf();
    await using receiver = await receiveNotifications(name);
    const pod = await host.start(`exec perl -e '${OWN}'`, {
      env: {NOTIFY_SOCKET: name},
      image: await ownImage(),
      app: ['--user=12', '--group=12', '--readonly-rootfs'],
    });
    if (supervised) {
      const {error} = await host.rkt(['--format=json', 'status', '--wait-ready=1s', pod.uuid]);
      t.is(error?.code, 'RKT_WAIT_EXPIRED');
    }
    t.deepEqual(receiver.ready(), []);
    const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    t.is(verified.exitCode, 0, verified.stdout);
    t.is((await host.enter(pod.uuid, 'echo "$NOTIFY_SOCKET"')).stdout, '/of/the/image\n');
    pod.child.stdin?.write('\n');
    await until(() => receiver.ready().length > 0);
    if (!supervised) t.deepEqual(receiver.messages(), ['READY=1 STATUS=of the app']);
    t.is((await host.rkt(['status', '--wait-ready=60s', pod.uuid])).exitCode, 0);
    await ends(t, pod.uuid);
    t.is(receiver.ready().length, 1);
  });
}

kernelTest('a pod runs though nobody listens any more', async (t) => {
  for (const name of [KINDS.path(), KINDS.abstract()]) {
    const {exitCode, stdout, stderr} = await host.sh('echo "<$NOTIFY_SOCKET>"', {env: {NOTIFY_SOCKET: name}});
    t.deepEqual([exitCode, stdout], [0, '<>\n'], stderr);
  }
});

kernelTest('S11 an app that has the socket can do nothing to it but write', async (t) => {
  const name = KINDS.path();
  await using receiver = await receiveNotifications(name);
  const before = statSync(name);
  const change = 'chmod 0, $ENV{NOTIFY_SOCKET}; chown 7, 7, $ENV{NOTIFY_SOCKET}; utime 1, 1, $ENV{NOTIFY_SOCKET};';
  const ran = await host.sh(`exec perl -e '${change} ${OWN}'`, {
    env: {NOTIFY_SOCKET: name},
    image: await ownImage(),
    input: '\n\n',
  });
  t.is(ran.exitCode, 0, ran.stderr);
  // Of an app that has ended the pod's systemd may believe nothing any more.
  if (!supervised) await until(() => receiver.ready().length > 0);
  const {mode, uid, mtimeMs} = statSync(name);
  t.deepEqual([mode, uid, mtimeMs], [before.mode, before.uid, before.mtimeMs]);
});

kernelTest('S14 what is no socket is no NOTIFY_SOCKET, and no app is given it', async (t) => {
  const secret = path.join(host.directory, randomUUID());
  writeFileSync(secret, 'of the host');
  for (const name of [secret, host.directory, '/dev/null']) {
    const {exitCode, stdout, stderr} = await host.sh('echo "<$NOTIFY_SOCKET>"; test ! -e /dev/notify && echo none', {
      env: {NOTIFY_SOCKET: name},
      image: await ownImage(),
    });
    t.deepEqual([exitCode, stdout], [0, `<${supervised ? '/run/systemd/notify' : '/of/the/image'}>\nnone\n`], stderr);
  }
});
