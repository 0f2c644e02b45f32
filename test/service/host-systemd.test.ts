import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec, imageManifest} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {bootHost, hostObstacle} from './support/boot-host.ts';

/* The units of examples/systemd on a host that runs systemd: booted once, looked at by every test. */

const obstacle =
  lacksPods('program/systemd-nspawn', 'program/perl', 'program/unshare', 'overlay') ?? (await hostObstacle());
const hostTest = testIf(obstacle);

const WEB = `trap 'echo reloaded' HUP; trap 'echo asked; trap - TERM; sleep 0.3; echo stopped; exit 0' TERM; echo started; while :; do sleep 0.1; done`;
/** Until somebody who is in the pod says so. */
const AWAIT = 'until [ -e /go ]; do sleep 0.1; done';
const FAILING = `${AWAIT}; exit 3`;
const CHATTY = `${AWAIT}; seq 3000; echo last`;
const ECHO = `
  open my $socket, "+<&=3" or die;
  accept my $connection, $socket or die;
  syswrite $connection, "hello $ENV{LISTEN_FDNAMES}\\n";
  close $connection;
  sleep;
`;

/** Says by itself when it is ready, which is when somebody who is in the pod says so. */
const OWN = `
  socket my $socket, 1, 2, 0 or die;
  connect $socket, pack "Sa*", 1, $ENV{NOTIFY_SOCKET} or die "$ENV{NOTIFY_SOCKET}: $!";
  select undef, undef, undef, 0.1 until -e "/go";
  syswrite $socket, "STATUS=of the app\\nREADY=1\\n" or die;
  sleep;
`;

const image = (name: string, script: string) =>
  buildImage({name: `example.com/${name}`, app: {exec: ['/bin/sh', '-c', script]}});

/** With an interpreter that has sockets. */
const perl = async (
  host: ReturnType<typeof openHost>,
  name: string,
  script: string,
  {app = {}, manifest: more = {}}: Pick<ImageSpec, 'app' | 'manifest'>,
): Promise<string> => {
  const [manifest, file] = [path.join(host.directory, `${name}.json`), path.join(host.directory, `${name}.aci`)];
  const spec = {
    name: `example.com/${name}`,
    app: {exec: ['/usr/bin/perl', '-e', script], ...app},
    ...(more && {manifest: more}),
  };
  writeFileSync(manifest, JSON.stringify(imageManifest(spec)));
  const built = await host.rkt([
    'image',
    'build',
    '--from-host',
    'perl',
    'touch',
    `--manifest=${manifest}`,
    '-o',
    file,
  ]);
  if (built.exitCode !== 0) throw new Error(built.stderr);
  return file;
};

const SCRIPT = `
ln -s /opt/rkt/core/bin/rkt /usr/bin/rkt
cp /opt/rkt/examples/systemd/*.service /opt/rkt/examples/systemd/*.socket /opt/rkt/examples/systemd/*.timer /etc/systemd/system/
systemctl daemon-reload
mkdir -p /etc/rkt/run
for name in web failing chatty echo own; do
  rkt --insecure-options=image fetch /opt/test/$name.aci >/dev/null
  echo IMAGE=example.com/$name >/etc/rkt/run/$name.env
done
for name in web own; do printf 'IMAGE=example.com/%s\\nPOD_FLAGS=--stage1=fly\\n' $name >/etc/rkt/run/$name-fly.env; done
show() { systemctl show "$@" | sort; }
# A condition that never holds is told, in place of what was to come.
await() { for _ in $(seq 1200); do if eval "$1"; then return; fi; sleep 0.1; done; echo "never: $1"; }
value() { systemctl show "$1" -p "$2" --value; }
go() { rkt enter "$(cat /run/rkt-run-$1.uuid)" touch /go; }
log() { journalctl --sync; journalctl -u "$1" -o cat --no-pager; }

echo "== verify"; systemd-analyze verify /etc/systemd/system/rkt-* 2>&1

echo "== start"; systemctl start rkt-run@web; echo "status=$?"
show rkt-run@web -p ActiveState -p StatusText
echo "== main"; cat /proc/$(systemctl show rkt-run@web -p MainPID --value)/comm
echo "== cgroup"; systemctl show rkt-run@web -p ControlGroup --value; cat /proc/$(systemctl show rkt-run@web -p MainPID --value)/cgroup | grep ^0::
echo "== ready"; rkt status --wait-ready=150s "$(cat /run/rkt-run-web.uuid)" | grep ^state=
echo "== reload"; await 'log rkt-run@web | grep -q started'; systemctl kill --kill-whom=main -s HUP rkt-run@web; await 'log rkt-run@web | grep -q reloaded'; systemctl is-active rkt-run@web
for name in web own; do
  echo "== fly-$name"; systemctl start --no-block rkt-run@$name-fly
  if [ $name = own ]; then await 'go own-fly 2>/dev/null'; fi
  await 'systemctl -q is-active rkt-run@$name-fly'
  show rkt-run@$name-fly -p StatusText; pid=$(value rkt-run@$name-fly MainPID)
  # Who starts the app becomes it a moment after it has said that it does.
  case $name in own) app=perl ;; *) app=sh ;; esac; await '[ "$(cat /proc/$pid/comm)" = $app ]'; cat /proc/$pid/comm
  rkt status "$(cat /run/rkt-run-$name-fly.uuid)" | grep "^pid=$pid$" | wc -l; systemctl stop rkt-run@$name-fly
done
for name in own-fly own; do
  echo "== waits-$name"; rm -f /run/rkt-run-$name.uuid; systemctl start --no-block rkt-run@$name
  await '{ rkt enter "$(cat /run/rkt-run-$name.uuid)" touch /seen; } 2>/dev/null'
  systemctl is-active rkt-run@$name; go $name; await 'systemctl -q is-active rkt-run@$name'; systemctl is-active rkt-run@$name; systemctl stop rkt-run@$name
done
echo "== stop"; systemctl stop rkt-run@web; echo "status=$?"; show rkt-run@web -p ActiveState -p Result
rkt status "$(cat /run/rkt-run-web.uuid)" | grep -e ^state= -e ^app-; find /sys/fs/cgroup -name 'rkt-*' -not -name '*.s*'
echo "== stopped"; log rkt-run@web

echo "== output"
for i in 1 2 3; do systemctl start rkt-run@chatty; { go chatty; } 2>/dev/null; await '! systemctl -q is-active rkt-run@chatty'; done; log rkt-run@chatty | grep -c last

echo "== restart"; mkdir -p /etc/systemd/system/rkt-run@failing.service.d
cat >/etc/systemd/system/rkt-run@failing.service.d/status.conf <<'END'
[Service]
ExecStopPost=/bin/sh -c 'echo $$EXIT_STATUS >>/run/failing.status'
END
systemctl daemon-reload; systemctl start rkt-run@failing; { go failing; } 2>/dev/null
await '[ "$(value rkt-run@failing NRestarts)" != 0 ]'; cat /run/failing.status; echo again; systemctl stop rkt-run@failing

echo "== socket"; systemctl start rkt-echo.socket; systemctl is-active rkt-echo.service
busybox timeout 180 busybox nc 127.0.0.1 8080 </dev/null; await 'systemctl -q is-active rkt-echo.service'; systemctl is-active rkt-echo.service; systemctl stop rkt-echo.socket rkt-echo.service

echo "== kill"; systemctl start rkt-run@web; first=$(cat /run/rkt-run-web.uuid); systemctl kill --kill-whom=main -s KILL rkt-run@web
await '[ "$(value rkt-run@web NRestarts)" != 0 ]'
rkt status --wait=150s "$first" | grep ^state=; find /sys/fs/cgroup -name "rkt-$first"
await 'systemctl -q is-active rkt-run@web'; rkt status "$(cat /run/rkt-run-web.uuid)" | grep ^state=; systemctl stop rkt-run@web

echo "== watchdog"; mkdir -p /etc/systemd/system/rkt-run@web.service.d
printf '[Service]\\nWatchdogSec=1\\nRestart=no\\n' >/etc/systemd/system/rkt-run@web.service.d/watchdog.conf; systemctl daemon-reload
systemctl start rkt-run@web; await '! systemctl -q is-active rkt-run@web'; show rkt-run@web -p Result

rm -r /etc/systemd/system/rkt-run@web.service.d; systemctl daemon-reload; systemctl reset-failed
echo "== machined"; systemctl start dbus.service; systemctl start rkt-run@web
pod=rkt-$(cat /run/rkt-run-web.uuid); machinectl list --no-legend | grep -q "^$pod " && echo listed
machinectl show "$pod" -p Unit -p Service | sort
systemctl stop rkt-run@web; await '! machinectl list --no-legend | grep -q "^$pod "'; echo gone

echo "== gc"; systemctl start rkt-gc.service; echo "status=$?"; systemctl start rkt-gc.timer; systemctl is-active rkt-gc.timer
echo "== end"
`;

let sections: Readonly<Record<string, string>> = {};
test.before(async () => {
  if (obstacle !== undefined) return;
  const host = openHost();
  try {
    const output = await bootHost(SCRIPT, {
      'web.aci': image('web', WEB),
      'failing.aci': image('failing', FAILING),
      'chatty.aci': image('chatty', CHATTY),
      'echo.aci': await perl(host, 'echo', ECHO, {
        app: {ports: [{name: 'echo', protocol: 'tcp', port: 7, socketActivated: true}]},
      }),
      'own.aci': await perl(host, 'own', OWN, {
        manifest: {annotations: [{name: 'appc.io/executor/supports-systemd-notify', value: 'true'}]},
      }),
    });
    sections = Object.fromEntries(
      output.split(/^== /m).map((section): [string, string] => {
        const [name = '', ...lines] = section.split('\n');
        return [name, lines.join('\n').trim()];
      }),
    );
  } finally {
    await host.close();
  }
});

const equals = (t: ExecutionContext, name: string, ...lines: string[]) => t.is(sections[name], lines.join('\n'));

hostTest('the example units have no fault that systemd knows', (t) => equals(t, 'verify', ''));
hostTest('Type=notify: a service is started when its apps are', (t) => {
  t.regex(sections.start ?? '', /^status=0\nActiveState=active\nStatusText=.*Ready\.$/);
  equals(t, 'main', 'rkt');
  equals(t, 'ready', 'state=running');
});
hostTest('signals to the main process are the app’s', (t) => equals(t, 'reload', 'active'));
hostTest('Type=notify: with fly, a service is started when its app is, or when that says so', (t) => {
  equals(t, 'fly-web', 'StatusText=', 'sh', '1');
  equals(t, 'fly-own', 'StatusText=of the app', 'perl', '1');
  for (const name of ['own', 'own-fly']) equals(t, `waits-${name}`, 'activating', 'active');
});
hostTest("a pod is in its service's cgroup", (t) => {
  const [service = '?', own] = (sections.cgroup ?? '').split('\n');
  t.true(own?.startsWith(`0::${service}/rkt-`), sections.cgroup);
});
hostTest('systemctl stop has the apps end in order, and leaves no cgroup', (t) => {
  equals(t, 'stop', 'status=0', 'ActiveState=inactive', 'Result=success', 'state=exited', 'app-web=0');
  t.regex(sections.stopped ?? '', /started.*asked.*stopped/s);
});
hostTest('the last that an app writes is in the journal', (t) => equals(t, 'output', '3'));
hostTest("the host's systemd sees the status of a pod that fails and starts it again", (t) =>
  equals(t, 'restart', '3', 'again'),
);
hostTest('a connection to a .socket unit starts the pod and reaches the app', (t) =>
  equals(t, 'socket', 'inactive', 'hello echo', 'active'),
);
hostTest('after SIGKILL of its main process a service leaves nothing of the pod, and starts another', (t) =>
  equals(t, 'kill', 'state=exited', 'state=running'),
);
hostTest('nobody feeds a watchdog of the service', (t) => equals(t, 'watchdog', 'Result=watchdog'));
testIf(obstacle ?? lacks('program/dbus-daemon', 'program/machinectl'))('machined lists the pod of a service', (t) =>
  equals(t, 'machined', 'listed', 'Service=systemd-nspawn', 'Unit=rkt-run@web.service', 'gone'),
);
hostTest('garbage collection by a timer', (t) => equals(t, 'gc', 'status=0', 'active'));
