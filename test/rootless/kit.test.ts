import {existsSync} from 'node:fs';
import {env} from 'node:process';
import type {Report} from '@rkt/plugin-sdk/kit';
import {execa} from 'execa';
import {rktEnvironment} from '../helpers/command.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {openUser, type User} from '../helpers/user.ts';

/* What fly promises, tried as an ordinary user has it: some of the kit, or with RKT_TEST_LONG all. */

const OF_ROOT = ['PO-10/slave', 'S28/other-user'];
const SAMPLE = [
  ...['EX-01/rootfs', 'EX-15/host', 'EX-24/log-stdout', 'EX-48/flag', 'IM-24/passed', 'S01/user', 'S06/ordinary'],
  ...['PO-01/pid', 'gc/stopped', 'stop/stubborn'],
  // They do something as root of the host.
  ...OF_ROOT,
];
const isLong = env.RKT_TEST_LONG === '1';

/** Hosts with systemd have some ten file systems below /sys, which stay there for a user. */
const BELOW_SYS = ['/sys/kernel/debug', '/sys/kernel/tracing', '/sys/kernel/security', '/sys/fs/fuse/connections'];
const place = BELOW_SYS.find((directory) => existsSync(directory));
const WITH_MORE = [
  ...['unshare', '--mount', '--propagation=private', '/bin/sh', '-c'],
  ...['mount -t ramfs -o mode=0755 kit "$1" && shift && exec "$@"', 'sh', place ?? ''],
];

const keeps = (title: string, lacking: string | undefined, open: () => User, skipped: readonly string[]) =>
  testIf(lacking)(title, async (t) => {
    if (isLong) t.timeout(3_600_000);
    const user = open();
    t.teardown(() => user.close());
    const cases = isLong ? [] : SAMPLE.map((id) => `--case=${id}`);
    const [program = '', ...args] = WITH_MORE;
    const command = user.command('--format=json', 'flavor', 'test', 'fly', ...cases);
    const {stdout, stderr} = await execa(program, [...args, ...command], {
      reject: false,
      extendEnv: false,
      env: {...rktEnvironment, HOME: user.home, TMPDIR: user.home},
      cwd: user.home,
    });
    t.not(stdout, '', stderr);
    const {outcomes, passed} = JSON.parse(stdout) as Report;
    t.deepEqual(
      outcomes.filter(({result}) => result === 'failed'),
      [],
    );
    t.deepEqual(
      outcomes.flatMap(({id, result}) => (result === 'skipped' && SAMPLE.includes(id) ? [id] : [])).sort(),
      [...OF_ROOT, ...skipped].sort(),
    );
    t.true(passed >= SAMPLE.length - OF_ROOT.length - skipped.length, `${passed}`);
  });

const lacking =
  lacksPods('program/setpriv', 'program/unshare', 'overlay', 'seccomp') ??
  (place === undefined ? 'nothing can be mounted below /sys' : undefined);

keeps('fly keeps what it promises a user with one id', lacking, openUser, ['S01/user']);
keeps(
  'and one with subordinate ids',
  lacking ??
    lacksPods('program/newuidmap') ??
    (existsSync('/etc/subuid') && existsSync('/etc/subgid') ? undefined : 'no /etc/subuid'),
  () => openUser({subordinate: 1_234_000}),
  [],
);
