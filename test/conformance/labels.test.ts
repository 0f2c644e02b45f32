import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {flavor, openHost, type RunOptions} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {openUser} from '../helpers/user.ts';
import {program} from '../runner/packages.ts';

/* EX-46 and EX-47 with contexts and profiles that the kernel knows: `npm run test:v2 -- conformance/labels` has AppArmor, and with `--selinux` SELinux. */

const host = openHost();
test.after.always(() => host.close());
const obstacle = lacksPods('lsm/apparmor', 'program/apparmor_parser');
const labelTest = testIf(obstacle);

/** All but to write what is called so. */
const DENIED = 'denied';
const PROFILE = `rkt-test-${process.pid}`;
const RULES = `profile ${PROFILE} flags=(attach_disconnected,mediate_deleted) {
  file, capability, network, mount, umount, pivot_root, ptrace, signal, unix, dbus,
  deny /**/${DENIED} w,
}
`;

const parser = (action: '--replace' | '--remove') =>
  execFileSync(program('apparmor_parser') ?? 'apparmor_parser', [action, '--skip-cache'], {input: RULES});
if (obstacle === undefined) {
  test.before(() => parser('--replace'));
  test.after.always(() => parser('--remove'));
}

const ISOLATOR = 'os/linux/apparmor-profile';
const image = (profile: string) => ({app: {isolators: [{name: ISOLATOR, value: {profile}}]}});
const confined = (profile = PROFILE): RunOptions => ({image: image(profile), pod: [`--accept-image=${ISOLATOR}`]});

/** Which profile it has, and whether that holds. */
const LOOKS = `cat /proc/self/attr/current
echo x >/tmp/${DENIED} || echo denied
echo x >/tmp/allowed && echo allowed`;
const ENFORCED = `${PROFILE} (enforce)\ndenied\nallowed\n`;

labelTest('EX-47 an app has the profile of AppArmor that was asked for, and one without has none', async (t) => {
  // What tells systemd of AppArmor is hidden from the app.
  const {stdout, exitCode, stderr} = await host.sh(`${LOOKS}; ls /sys/module`, {
    app: [`--apparmor-profile=${PROFILE}`],
  });
  t.deepEqual([stdout, exitCode], [ENFORCED, 0], stderr);
  t.is((await host.sh('cat /proc/self/attr/current')).stdout, 'unconfined\n');
});

labelTest('EX-47 AppArmor and no-new-privileges, a filter and another user hold at once', async (t) => {
  const isolators = [
    {name: ISOLATOR, value: {profile: PROFILE}},
    {name: 'os/linux/no-new-privileges', value: true},
  ];
  const {stdout, stderr} = await host.sh(`${LOOKS}; grep -E '^(NoNewPrivs|Seccomp|Uid):' /proc/self/status`, {
    ...confined(),
    image: {app: {user: '1000', group: '1000', isolators}},
  });
  t.is(stdout, `${ENFORCED}Uid:\t1000\t1000\t1000\t1000\nNoNewPrivs:\t1\nSeccomp:\t2\n`, stderr);
});

for (const [where, flags] of [
  ['without the network of the host', ['--net=none']],
  ['in a user namespace', ['--private-users']],
  ['in a user namespace without the network of the host', ['--private-users', '--net=none']],
] as const)
  testIf(flavor === 'nspawn' ? obstacle : 'fly has it only for ordinary users or not at all')(
    `EX-47 AppArmor ${where}`,
    async (t) => {
      const options = confined();
      const {stdout, stderr} = await host.sh(LOOKS, {...options, pod: [...(options.pod ?? []), ...flags]});
      t.is(stdout, ENFORCED, stderr);
    },
  );

testIf(flavor === 'nspawn' ? obstacle : 'fly has one app, which is started once')(
  'EX-47 AppArmor holds for handlers of events, after a restart, and for the app that asks for it alone',
  async (t) => {
    const show = (name: string) => `echo ${name} $(cat /proc/self/attr/current) $(echo /sys/module/*)`;
    const handler = (name: string) => ({name, exec: ['/bin/sh', '-c', show(name)]});
    const main = `${show('main')}; test -e /again || { : >/again; exit 3; }`;
    const web = buildImage({
      app: {
        isolators: [{name: ISOLATOR, value: {profile: PROFILE}}],
        exec: ['/bin/sh', '-c', main],
        eventHandlers: [handler('pre-start'), handler('post-stop')],
      },
    });
    const {stdout, stderr} = await host.rkt([
      ...['--insecure-options=image', 'run', '--stage1=nspawn', `--accept-image=${ISOLATOR}`],
      ...[web, '--name=web', '--restart=on-failure', '---', buildImage(), '--name=other'],
      ...['--exec=/bin/sh', '--', '-c', show('other')],
    ]);
    const line = (name: string, label: string) => `${name} ${label} /sys/module/*`;
    t.deepEqual(
      stdout.trim().split('\n').sort(),
      [
        ...['pre-start', 'main', 'main', 'post-stop'].map((name) => line(name, `${PROFILE} (enforce)`)),
        line('other', 'unconfined'),
      ].sort(),
      stderr,
    );
  },
);

labelTest('S01 EX-47 what enters an app has its profile of AppArmor, on a terminal too', async (t) => {
  const pod = await host.start('echo ready; cat', confined());
  const app = flavor === 'fly' ? pod.pid : await appProcess(pod.uuid, 'test');
  t.is(readFileSync(`/proc/${app}/attr/current`, 'utf8'), `${PROFILE} (enforce)\n`);
  const entered = await host.enter(pod.uuid, `${LOOKS}; ls /proc/self/fd`);
  t.is(entered.stdout, `${ENFORCED}0\n1\n2\n3\n`, entered.stderr);
  const terminal = openTerminal(host.command('enter', pod.uuid, '/bin/sh', '-c', LOOKS));
  t.true((await terminal.ended).text.replaceAll('\r', '').includes(`${PROFILE} (enforce)\n`));
  const {exitCode, stdout} = await host.rkt(['status', '--verify', '--format=json', pod.uuid]);
  t.is(exitCode, 0, stdout);
  await pod.end();
});

labelTest('EX-47 an app whose profile AppArmor does not know does not run', async (t) => {
  const {exitCode, stdout, error} = await host.sh('echo ran', confined('rkt-no-such-profile'));
  t.deepEqual([stdout, exitCode, error?.code], ['', 254, 'RKT_LABEL_REFUSED']);
});

testIf(flavor === 'fly' ? obstacle : 'with fly it is tried')(
  "EX-47 an ordinary user's app has the profile of AppArmor that was asked for",
  async (t) => {
    const user = openUser();
    t.teardown(() => user.close());
    const id = await user.fetch(image(PROFILE));
    const {stdout, stderr} = await user.rkt(
      ...['run', '--stage1=fly', `--accept-image=${ISOLATOR}`, id, '--exec=/bin/sh', '--', '-c', LOOKS],
    );
    t.is(stdout, ENFORCED, stderr);
  },
);

/** Of the policy of the guest, test/v2/guest/policy.cil: its processes change no owners. */
const CONTEXT = {user: 'rkt_u', role: 'rkt_r', type: 'rkt_test_t', level: 's0'};
const CONTEXT_NAME = Object.values(CONTEXT).join(':');
const SELINUX_ISOLATOR = 'os/linux/selinux-context';

/** Never on a host with a policy of its own, which is not ours to change. */
const hasContext = (): boolean => {
  try {
    writeFileSync('/sys/fs/selinux/context', CONTEXT_NAME);
    return true;
  } catch {
    return false;
  }
};
const contextTest = testIf(
  flavor === 'nspawn'
    ? 'nspawn refuses contexts'
    : (lacksPods('lsm/selinux', 'program/python3') ?? (hasContext() ? undefined : 'not the policy of the guest')),
);
const labelled = (context = CONTEXT): RunOptions => ({
  image: {app: {isolators: [{name: SELINUX_ISOLATOR, value: context}]}},
  pod: [`--accept-image=${SELINUX_ISOLATOR}`],
});
const ASKS = 'tr "\\0" "\\n" </proc/self/attr/current; : >/tmp/file; chown 5 /tmp/file || echo denied';

contextTest('EX-46 an app has the context of SELinux that was asked for, and one without that of rkt', async (t) => {
  const {stdout, stderr} = await host.sh(ASKS, {app: [`--selinux-context=${CONTEXT_NAME}`]});
  t.is(stdout, `${CONTEXT_NAME}\ndenied\n`, stderr);
  t.is((await host.sh(ASKS)).stdout, 'rkt_u:rkt_r:kernel_t:s0\n');
});

contextTest('S01 EX-46 what enters an app has its context of SELinux, on a terminal too', async (t) => {
  const pod = await host.start('echo ready; cat', labelled());
  const entered = await host.enter(pod.uuid, ASKS);
  t.is(entered.stdout, `${CONTEXT_NAME}\ndenied\n`, entered.stderr);
  const terminal = openTerminal(host.command('enter', pod.uuid, '/bin/sh', '-c', ASKS));
  t.true((await terminal.ended).text.replaceAll('\r', '').includes(`${CONTEXT_NAME}\n`));
  const {exitCode, stdout} = await host.rkt(['status', '--verify', '--format=json', pod.uuid]);
  t.is(exitCode, 0, stdout);
  await pod.end();
});

contextTest('EX-46 an app whose context SELinux does not know does not run', async (t) => {
  const {exitCode, stdout, error} = await host.sh('echo ran', labelled({...CONTEXT, type: 'rkt_no_such_t'}));
  t.deepEqual([exitCode, stdout, error?.code], [254, '', 'RKT_LABEL_REFUSED']);
});
