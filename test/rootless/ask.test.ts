import {chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {execa} from 'execa';
import {rktEnvironment, root} from '../helpers/command.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {openUser} from '../helpers/user.ts';

/* What an ordinary user is told before anything has been made: it is of pods of that user, and nobody has to be root for it. */

const lacking = lacksPods('program/setpriv', 'program/unshare', 'overlay');

testIf(lacking)(
  'a user who asks what a pod would have is told of pods of users, also before there is a data directory',
  async (t) => {
    const user = openUser();
    t.teardown(() => user.close());
    const image = path.join(user.home, 'image.aci');
    copyFileSync(buildImage(), image);
    chmodSync(image, 0o644);
    const ask = async (...args: string[]) => {
      const {exitCode, stdout, stderr, error} = await user.rkt('--insecure-options=image', ...args);
      return {exitCode, stderr, error, answer: stdout === '' ? undefined : (JSON.parse(stdout) as unknown)};
    };
    const shown = (await ask('flavor', 'show', 'fly', '--format=oci-features')).answer as {
      linux: {namespaces: string[]; cgroup: Record<string, boolean>};
      annotations: Record<string, string>;
    };
    t.true(shown.linux.namespaces.includes('user'));
    t.deepEqual(Object.values(shown.linux.cgroup).filter(Boolean), []);
    t.like(shown.annotations, {
      'coreos.com/rkt/feature/user': 'impossible',
      'coreos.com/rkt/feature/volume/shared': 'impossible',
      'coreos.com/rkt/isolator/resource/memory': 'impossible',
      'coreos.com/rkt/usable': 'true',
    });
    const listed = (await ask('flavor', 'list')).answer as {name: string; here: {usable: boolean; limits: string[]}}[];
    t.deepEqual(
      listed.filter(({here}) => here.usable).map(({name, here}) => [name, here.limits]),
      [['fly', []]],
    );
    const planned = await ask('plan', '--stage1=fly', image);
    const {plan} = planned.answer as {plan: {environment: {do: string; source?: {path: string}}[]}};
    t.true(
      plan.environment.some((step) => step.do === 'bind' && step.source?.path === '/dev/null'),
      planned.stderr,
    );
    const refused = await ask('plan', '--stage1=fly', image, '--memory=64M');
    t.is(refused.error?.code, 'RKT_FLAVOR_CANNOT', refused.stderr);
    const explained = (await ask('explain', image)).answer as {flavor: string; runs: boolean};
    t.like(explained, {flavor: 'fly', runs: true});
    t.false(existsSync(user.data));
  },
);

testIf(lacksPods('program/setpriv', 'program/python3'))('a user asks a flavor that is a program', async (t) => {
  const user = openUser();
  t.teardown(() => user.close());
  const flavor = path.join(user.home, 'jail.py');
  copyFileSync(path.join(root, 'examples/python/flavor.py'), flavor);
  chmodSync(flavor, 0o755);
  const {exitCode, stdout, stderr} = await user.rkt('flavor', 'show', flavor);
  t.is(exitCode, 0, stderr);
  t.is((JSON.parse(stdout) as {name: string}).name, 'jail');
});

/** There is a /proc without anything hidden, which is what a pod's own takes, and in the one that rkt looks at something else in place of a file. */
const HIDING = 'mount -t proc proc "$1" && mount --bind "$2" "$3" && shift 3 && exec "$@"';

for (const [what, place, content, usable, told] of [
  [
    'user namespaces',
    '/proc/sys/user/max_user_namespaces',
    '0\n',
    false,
    /^missing: user namespaces .*sysctl user\.max/,
  ],
  [
    'overlays',
    '/proc/filesystems',
    'nodev\ttmpfs\nnodev\tproc\n',
    true,
    /^degraded: .*mounts no overlays.*Linux 5\.11$/,
  ],
  ['newuidmap', '/usr/bin/newuidmap', '', true, /^degraded: no subordinate ids, .*apt-get install uidmap$/],
] as const)
  testIf(lacking ?? (existsSync(place) ? undefined : `no ${place}`))(
    `doctor tells a user whose host has no ${what}, and what helps`,
    async (t) => {
      const user = openUser();
      t.teardown(() => user.close());
      const instead = path.join(user.home, 'instead');
      writeFileSync(instead, content);
      const whole = path.join(user.home, 'proc');
      mkdirSync(whole);
      const {stdout, stderr} = await execa(
        'unshare',
        [
          ...['--mount', '--propagation=private', '/bin/sh', '-c', HIDING, 'sh', whole, instead, place],
          ...user.command('--format=json', 'flavor', 'doctor', 'fly'),
        ],
        {reject: false, extendEnv: false, env: {...rktEnvironment, HOME: user.home}},
      );
      const [fly] = JSON.parse(stdout || '[]') as [
        {usable: boolean; findings: {severity: string; what: string; fix?: string}[]}?,
      ];
      t.is(fly?.usable, usable, stderr);
      t.true(
        fly?.findings.some(({severity, what: lack, fix = ''}) => told.test(`${severity}: ${lack}: ${fix}`)),
        stdout,
      );
    },
  );
