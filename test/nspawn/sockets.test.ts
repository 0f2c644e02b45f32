import {existsSync} from 'node:fs';
import {connect, createServer, type Socket} from 'node:net';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {program} from '../runner/packages.ts';
import {savedUuid, untilOrEnd} from './support/saved-uuid.ts';

/* Socket activation: rkt is started with sockets, as by a service manager, and each app gets its own. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = serialTestIf(lacksPods('program/systemd-nspawn', 'program/systemd-socket-activate', 'program/perl'));

/** Answers a connection to the first of its sockets, by their names, with what it was told about them and how many there are. */
const ANSWER = `
  my $sockets = grep { -S "/proc/self/fd/$_" } 3..20;
  my $mine = $ENV{LISTEN_PID} == $$ ? "mine" : "others";
  my @names = split /:/, $ENV{LISTEN_FDNAMES};
  my ($first) = sort { $names[$a] cmp $names[$b] } 0..$#names;
  my $sorted = join ":", sort @names;
  open my $socket, "+<&=" . (3 + $first) or die;
  accept my $connection, $socket or die;
  syswrite $connection, "$ENV{AC_APP_NAME} $ENV{LISTEN_FDS} $sorted $mine $sockets\\n";
  close $connection;
`;
const DATAGRAM = `
  open my $socket, "+<&=3" or die;
  my $sender = recv $socket, my $text, 100, 0;
  print "$text\\n";
`;

let image: Promise<string> | undefined;
/** An image with an interpreter that can accept a connection without any module. */
const perl = () => {
  image ??= (async () => {
    const file = path.join(host.directory, 'perl.aci');
    const built = await host.rkt([
      'image',
      'build',
      '--from-host',
      'perl',
      '--name=perl',
      '--exec=/usr/bin/perl',
      '-o',
      file,
    ]);
    if (built.exitCode !== 0) throw new Error(built.stderr);
    return host.fetch(file);
  })();
  return image;
};

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol?: string;
  readonly count?: number;
}
const appOf = (id: string, name: string, script: string, ports: readonly Port[], more: object = {}) => ({
  name,
  image: {id},
  app: {
    exec: ['/usr/bin/perl', '-e', script],
    user: '0',
    group: '0',
    ports: ports.map((port) => ({protocol: 'tcp', socketActivated: true, ...port})),
  },
  ...more,
});
const manifestOf = async (apps: (id: string) => object[], more: object = {}) =>
  host.manifest(await perl(), {}, {apps: apps(await perl()), ...more});

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number};
      server.close(() => resolve(port));
    });
  });

/** A connection; tries until somebody listens. */
const connected = async (port: number): Promise<Socket> => {
  let socket: Socket | undefined;
  await until(async () => {
    try {
      socket = await new Promise<Socket>((resolve, reject) => {
        const attempt = connect(port, '127.0.0.1', () => resolve(attempt));
        attempt.once('error', reject);
      });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
      throw error;
    }
  });
  if (socket === undefined) throw new Error(`nobody listens on port ${port}`);
  return socket;
};

const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const attempt = connect(port, '127.0.0.1', () => {
      attempt.destroy();
      resolve(false);
    });
    attempt.once('error', () => resolve(true));
  });

/** All that comes through a connection. */
const textOf = (socket: Socket) =>
  new Promise<string>((resolve, reject) => {
    let text = '';
    socket.setTimeout(180_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });

/** What a connection is answered. */
const answer = async (port: number): Promise<string> => textOf(await connected(port));

const listening = (...flags: readonly string[]) => [program('systemd-socket-activate') ?? '', ...flags];
const run = (through: readonly string[], manifest: string, ...flags: string[]) =>
  host.sh('', {stage1: 'nspawn', manifest, pod: flags, through});

kernelTest(
  'each app has the sockets of its own ports and no others, and the connection that started the pod',
  async (t) => {
    const [one, two, three] = [await freePort(), await freePort(), await freePort()];
    const manifest = await manifestOf((id) => [
      appOf(id, 'a', ANSWER, [{name: 'web', port: one}]),
      appOf(id, 'b', ANSWER, [
        {name: 'admin', port: two},
        {name: 'more', port: three},
      ]),
    ]);
    const ended = run(listening(`-l127.0.0.1:${one}`, `-l${two}`, `-l[::1]:${three}`), manifest);
    t.is(await answer(two), 'b 2 admin:more mine 2\n');
    t.is(await answer(one), 'a 1 web mine 1\n');
    const {exitCode, stderr} = await ended;
    t.is(exitCode, 0, stderr);
  },
);

kernelTest('more sockets than a shell has short numbers for', async (t) => {
  const ports = await Promise.all(Array.from({length: 9}, freePort));
  const manifest = await manifestOf((id) => [
    appOf(
      id,
      'a',
      ANSWER,
      ports.map((port, index) => ({name: `p${index}`, port})),
    ),
  ]);
  const ended = run(listening(...ports.map((port) => `-l${port}`)), manifest);
  t.regex(await answer(ports[0] ?? 0), /^a 9 p0:p1:.* mine 9\n$/);
  t.is((await ended).exitCode, 0);
});

kernelTest('--port says where on the host a port is; a prepared pod gets its sockets when it runs', async (t) => {
  const port = await freePort();
  const manifest = await manifestOf((id) => [appOf(id, 'a', ANSWER, [{name: 'web', port: 80}])], {
    ports: [{name: 'web', hostPort: port, hostIP: '127.0.0.1'}],
  });
  const prepared = await host.rkt(['prepare', '--stage1=nspawn', `--pod-manifest=${manifest}`]);
  t.is(prepared.exitCode, 0, prepared.stderr);
  const uuid = /[0-9a-f-]{36}/.exec(prepared.stdout)?.[0] ?? '';
  const without = await host.rkt(['--format=json', 'run-prepared', uuid]);
  t.deepEqual([without.exitCode, without.error?.code], [254, 'RKT_POD_SOCKETS_MISMATCH']);
  const ended = host.rkt(['run-prepared', uuid], {through: listening(`-l127.0.0.1:${port}`)});
  t.is(await answer(port), 'a 1 web mine 1\n');
  const {exitCode, stderr} = await ended;
  t.is(exitCode, 0, stderr);
});

kernelTest('datagrams', async (t) => {
  const port = await freePort();
  const manifest = await manifestOf((id) => [appOf(id, 'a', DATAGRAM, [{name: 'log', port, protocol: 'udp'}])]);
  const ended = run(listening('--datagram', `-l127.0.0.1:${port}`), manifest);
  const {createSocket} = await import('node:dgram');
  const socket = createSocket('udp4');
  // systemd-socket-activate may not listen yet; only one of these is taken.
  const sending = setInterval(() => socket.send('hello', port, '127.0.0.1'), 100);
  const {exitCode, stdout, stderr} = await ended;
  clearInterval(sending);
  socket.close();
  t.deepEqual([exitCode, stdout], [0, 'hello\n'], stderr);
});

kernelTest('an app without a restart policy is not started again by a connection that it left behind', async (t) => {
  const [one, two] = [await freePort(), await freePort()];
  const manifest = await manifestOf((id) => [
    appOf(id, 'a', `print "a\\n"; ${ANSWER}`, [{name: 'web', port: one}]),
    appOf(id, 'b', `${ANSWER} accept $connection, $socket`, [{name: 'other', port: two}]),
  ]);
  const file = path.join(host.directory, 'left-behind');
  const flags = [`--uuid-file-save=${file}`];
  const ended = run(listening(`-l127.0.0.1:${one}`, `-l127.0.0.1:${two}`), manifest, ...flags);
  const both = [await connected(one), await connected(one)];
  const [, ...texts] = await Promise.allSettled([answer(two), ...both.map(textOf)]);
  t.true(texts.some((text) => text.status === 'fulfilled' && text.value === 'a 1 web mine 1\n'));
  // What would start it again would have done so once its end is known and the other app is the last.
  const uuid = await savedUuid(file, ended);
  await untilOrEnd(ended, () => existsSync(path.join(host.data, 'pods/run', uuid, 'stage1/rootfs/rkt/status/a')));
  (await connected(two)).destroy();
  const {exitCode, stdout} = await ended;
  t.deepEqual([exitCode, stdout], [0, 'a\n']);
});

kernelTest(
  'signals are the apps’, and a socket is gone with its app, also where rkt was started with it',
  async (t) => {
    const [one, two] = [await freePort(), await freePort()];
    const stay = '$| = 1; print "ready\\n"; sleep 1 while 1;';
    const manifest = await manifestOf((id) => [
      appOf(id, 'a', `$SIG{HUP} = sub { exit 0 }; ${ANSWER} ${stay}`, [{name: 'web', port: one}]),
      appOf(id, 'b', `my $seen = 0; $SIG{HUP} = sub { exit 5 if $seen++ }; ${ANSWER} ${stay}`, [
        {name: 'other', port: two},
      ]),
    ]);
    const starting = host.start('', {
      stage1: 'nspawn',
      manifest,
      through: listening(`-l127.0.0.1:${one}`, `-l127.0.0.1:${two}`),
    });
    t.is(await answer(one), 'a 1 web mine 1\n');
    t.is(await answer(two), 'b 1 other mine 1\n');
    const pod = await starting;
    process.kill(pod.pid, 'SIGHUP');
    await until(() => isRefused(one));
    process.kill(pod.pid, 'SIGHUP');
    t.is((await pod.ended).exitCode, 5);
  },
);

kernelTest('an app with a restart policy keeps its sockets', async (t) => {
  const port = await freePort();
  const manifest = await manifestOf((id) => [
    appOf(id, 'a', `${ANSWER} exit(-e "/second" ? 0 : do { open my $f, ">", "/second"; 1 })`, [{name: 'web', port}], {
      annotations: [{name: 'coreos.com/rkt/restart', value: 'on-failure'}],
    }),
  ]);
  const ended = run(listening(`-l127.0.0.1:${port}`), manifest);
  t.is(await answer(port), 'a 1 web mine 1\n');
  t.is(await answer(port), 'a 1 web mine 1\n');
  t.is((await ended).exitCode, 0);
});

kernelTest('sockets that do not fit the ports of the pod are refused, and leave nothing', async (t) => {
  const [one, two] = [await freePort(), await freePort()];
  const manifest = await manifestOf((id) => [appOf(id, 'a', ANSWER, [{name: 'web', port: one}])]);
  const before = host.podDirectories();
  const none = await run([], manifest);
  t.deepEqual([none.exitCode, none.error?.code], [254, 'RKT_POD_SOCKETS_MISMATCH']);
  // Without anybody who connects: what systemd-socket-activate does after the first connection.
  const passing = (...ports: number[]) => [
    ...[program('perl') ?? '', '-e'],
    `use Socket; use Fcntl; my @ports = split /,/, shift; my @kept;
     for my $i (0..$#ports) {
       socket my $s, PF_INET, SOCK_STREAM, 0; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
       bind $s, sockaddr_in($ports[$i], INADDR_LOOPBACK) or die; listen $s, 5 or die; push @kept, $s;
       require POSIX; POSIX::dup2(fileno $s, 50 + $i);
     }
     POSIX::dup2(50 + $_, 3 + $_) for 0..$#ports; POSIX::close(50 + $_) for 0..$#ports;
     $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = @ports; exec @ARGV`,
    ports.join(','),
  ];
  const more = await run(passing(one, two), manifest);
  t.deepEqual([more.exitCode, more.error?.code], [254, 'RKT_POD_SOCKETS_MISMATCH'], more.stderr);
  const other = await run(passing(two), manifest);
  t.deepEqual([other.exitCode, other.error?.code], [254, 'RKT_POD_SOCKETS_MISMATCH'], other.stderr);
  t.deepEqual(host.podDirectories(), before);
});
