import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, type Probe, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';

/* appc, "Execution environment" and the `app` object of an image: EX-25 to EX-30, IM-15 to IM-22, PO-06 to PO-08. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());
const probe = async (options: Parameters<typeof host.sh>[1] = {}) => parseProbe((await host.sh(PROBE, options)).stdout);

/** Of an app for which nobody has asked for anything. */
let shared: Promise<Probe> | undefined;
const plain = () => {
  shared ??= probe();
  return shared;
};

kernelTest('EX-25 EX-26 EX-28 an app has PATH, AC_APP_NAME and container', async (t) => {
  const {env} = await probe({app: ['--name=web']});
  t.is(env.PATH, '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  t.is(env.AC_APP_NAME, 'web');
  t.is(env.container, 'rkt');
});

kernelTest('EX-26 the name of an app comes from the last part of its image name', async (t) => {
  const {env} = await probe({image: {name: 'example.com/some/thing'}});
  t.is(env.AC_APP_NAME, 'thing');
});

testIf('rkt has no metadata service yet')('EX-27 AC_METADATA_URL is there and is a URL', async (t) => {
  const {env} = await probe();
  t.notThrows(() => new URL(env.AC_METADATA_URL ?? ''));
});

kernelTest("EX-29 an app has nothing of its caller's environment, unless asked for", async (t) => {
  const env = {OF_THE_CALLER: 'x', PATH: '/of/the/caller:/usr/bin:/bin'};
  const names = Object.keys((await probe({env})).env).sort();
  t.false(names.includes('OF_THE_CALLER'));
  t.deepEqual(
    names.filter((name) => /^(RKT|NODE|DEBUG|LISTEN)/.test(name)),
    [],
  );
  t.is((await probe({env, pod: ['--inherit-env']})).env.OF_THE_CALLER, 'x');
});

kernelTest('EX-29 --inherit-env < --set-env-file < --set-env < --environment', async (t) => {
  const file = path.join(host.directory, 'env');
  writeFileSync(file, '# a comment\nB=file\nC=file\nD=file\n');
  const {env} = await probe({
    env: {A: 'caller', B: 'caller', C: 'caller', D: 'caller'},
    pod: ['--inherit-env', `--set-env-file=${file}`, '--set-env=C=flag', '--set-env=D=flag'],
    app: ['--environment=D=app'],
  });
  t.deepEqual([env.A, env.B, env.C, env.D], ['caller', 'file', 'flag', 'app']);
});

const ACCOUNT = ['USER', 'LOGNAME', 'HOME', 'SHELL'] as const;

kernelTest(
  'EX-29 USER, LOGNAME, HOME and SHELL are those of the image for the user, in run and in enter',
  async (t) => {
    const files = {
      '/etc/passwd': {symlink: '../usr/lib/names/passwd'},
      '/etc/group': {symlink: '/usr/lib/names/group'},
      '/usr/lib/names/passwd':
        'root:x:0:0::/of-root:/bin/ash\nalice:x:1234:2345::/home/alice:/bin/a%20s\nbare:x:7:7:::\n',
      '/usr/lib/names/group': 'staff:x:3456:\n',
    };
    const script = `for n in ${ACCOUNT.join(' ')}; do eval echo "$n=\\$$n"; done`;
    const look = async (app: Readonly<Record<string, unknown>>, flags: readonly string[] = []) => {
      const pod = await host.start(`${script}; id -u; id -g; echo ready; cat`, {
        image: {files, app: {user: '0', group: '0', ...app}},
        app: flags,
      });
      const entered = await host.enter(pod.uuid, `${script}; id -u; id -g`);
      const {stdout} = await pod.end();
      t.is(entered.stdout, stdout.replace(/ready\n$/, ''), entered.stderr);
      return entered.stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\w+=/, ''));
    };
    t.deepEqual(await look({user: 'alice', group: 'staff'}), [
      'alice',
      'alice',
      '/home/alice',
      '/bin/a%20s',
      '1234',
      '3456',
    ]);
    t.deepEqual(await look({user: '4321'}), ['4321', '4321', '/', '/bin/sh', '4321', '0']);
    t.deepEqual(
      await look({user: 'bare', environment: [{name: 'HOME', value: '/of-image'}]}, [
        '--environment=SHELL=/of-operator',
      ]),
      ['bare', 'bare', '/of-image', '/of-operator', '7', '0'],
    );
  },
);

kernelTest('EX-30 the working directory is / by default, or as the image or the operator says', async (t) => {
  t.is((await plain()).cwd, '/');
  t.is((await probe({image: {app: {workingDirectory: '/bin'}}})).cwd, '/bin');
  t.is((await probe({image: {app: {workingDirectory: '/bin'}}, app: ['--working-dir=/tmp']})).cwd, '/tmp');
});

kernelTest('IM-15 exec without a slash is looked up in the PATH of the app', async (t) => {
  const image = {
    app: {exec: ['tool', 'a b', '$HOME', '*', ''], environment: [{name: 'PATH', value: '/nowhere:/opt/tools:/bin'}]},
    files: {
      '/opt/tools/tool': {content: '#!/bin/sh\nfor a in "$0" "$@"; do echo "[$a]"; done\n', mode: 0o755},
      '/bin/tool': {content: '#!/bin/sh\necho wrong\n', mode: 0o755},
    },
  };
  const {stdout, exitCode} = await host.run(image);
  t.is(exitCode, 0);
  t.is(stdout, '[/opt/tools/tool]\n[a b]\n[$HOME]\n[*]\n[]\n');
});

kernelTest('IM-15 exec with a slash is taken as it is', async (t) => {
  const files = {'/opt/tool': {content: '#!/bin/sh\npwd\n', mode: 0o755}};
  t.is((await host.run({files, app: {exec: ['/opt/tool']}})).stdout, '/\n');
  t.is((await host.run({files, app: {exec: ['./tool'], workingDirectory: '/opt'}})).stdout, '/opt\n');
});

kernelTest('IM-15 a program that is not there, or is none, is an error of rkt', async (t) => {
  const files = {'/data': 'x', '/directory/file': 'x', '/broken': {content: '#!/no/such/interpreter\n', mode: 0o755}};
  const own = openHost();
  t.teardown(() => own.close());
  for (const program of ['/missing', 'missing', '/data', '/directory', '/broken']) {
    const {exitCode, error} = await own.run({files, app: {exec: [program]}});
    // As a shell says it: 127 for what is not there, 126 for what is there and cannot be executed.
    t.is(exitCode, /missing|broken/.test(program) ? 127 : 126, program);
    t.truthy(error, program);
    t.not(error?.code, 'RKT_INTERNAL', program);
  }
  t.deepEqual(
    (await own.pods()).filter(({state}) => state === 'running'),
    [],
  );
});

kernelTest('IM-16 users and groups: of the image by name, by number, or of the owner of a file', async (t) => {
  const files = {
    '/etc/passwd': 'root:x:0:0::/:/bin/sh\nalice:x:1234:2345::/:/bin/sh\nbob:x:4321:5432::/:/bin/sh\n',
    '/etc/group': 'root:x:0:\nstaff:x:3456:alice\n',
    '/owned': {content: 'x', uid: 77, gid: 88},
  };
  const ids = async (user: string, group: string) => {
    const {status} = await probe({image: {files, app: {user, group}}});
    return [status.Uid, status.Gid].map((value) => value?.split('\t'));
  };
  const all = (id: number) => [id, id, id, id].map(String);
  t.deepEqual(await ids('alice', 'staff'), [all(1234), all(3456)]);
  t.deepEqual(await ids('1234', '99'), [all(1234), all(99)]);
  t.deepEqual(await ids('/owned', '/owned'), [all(77), all(88)]);
  const {status} = await probe({image: {files}, app: ['--user=bob', '--group=staff']});
  t.deepEqual(
    [status.Uid, status.Gid].map((value) => value?.split('\t')),
    [all(4321), all(3456)],
  );
});

kernelTest("IM-16 a name that is only in the host's passwd is refused", async (t) => {
  const {error, exitCode} = await host.sh('true', {
    image: {files: {'/etc/passwd': 'x:x:5:5::/:\n'}, app: {user: 'daemon'}},
  });
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_USER_UNKNOWN');
});

/** Supplementary groups, in order. systemd puts the group itself among them, which gives the app nothing more. */
const groupsBeside = (gid: number, groups: string | undefined): number[] =>
  (groups ?? '')
    .split(' ')
    .filter((group) => group !== '' && !(flavor === 'nspawn' && group === String(gid)))
    .map(Number)
    .sort((a, b) => a - b);

kernelTest('IM-17 supplementary groups are exactly those of the list', async (t) => {
  const {status} = await probe({image: {app: {user: '5', group: '6', supplementaryGIDs: [700, 42, 65534]}}});
  t.deepEqual(groupsBeside(6, status.Groups), [42, 700, 65534]);
  t.deepEqual(groupsBeside(6, (await probe({image: {app: {user: '5', group: '6'}}})).status.Groups), []);
  const byFlag = await probe({app: ['--supplementary-gids=12,34']});
  t.deepEqual(groupsBeside(0, byFlag.status.Groups), [12, 34]);
});

for (const directory of ['/missing', '/bin/busybox', '/dangling']) {
  kernelTest(`IM-19 a working directory that is none is an error: ${directory}`, async (t) => {
    const {error, exitCode, stdout} = await host.sh('echo started', {
      image: {app: {workingDirectory: directory}, files: {'/dangling': {symlink: '/nowhere'}}},
    });
    t.is(exitCode, 254);
    t.is(stdout, '');
    t.truthy(error);
    t.not(error?.code, 'RKT_INTERNAL');
  });
}

kernelTest('IM-20 environment values are literal', async (t) => {
  const values = {
    PLAIN: 'x',
    SPACES: ' a  b ',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: no shell may expand it
    DOLLAR: '$HOME ${HOME} $(id)',
    QUOTES: `"'\\`,
    LINES: 'a\nb\n',
    EMPTY: '',
    // systemd takes no other names.
    ...(flavor === 'nspawn' ? {A_B: 'ä'} : {'A.B-c_1': 'ä'}),
  };
  const environment = Object.entries(values).map(([name, value]) => ({name, value}));
  const {env} = await probe({image: {app: {environment}}});
  t.like(env, values);
});

kernelTest('PO-06 the app of a pod manifest overrides that of the image', async (t) => {
  const image = {name: 'example.com/over', app: {user: '1', group: '1', environment: [{name: 'A', value: 'image'}]}};
  const result = await podManifest(image, {
    name: 'over',
    app: {
      exec: ['/bin/sh', '-c', PROBE],
      user: '7',
      group: '8',
      workingDirectory: '/tmp',
      environment: [{name: 'B', value: 'pod'}],
    },
  });
  t.is(result.exitCode, 0, result.stderr);
  const {status, cwd, env} = parseProbe(result.stdout);
  t.is(status.Uid?.split('\t')[0], '7');
  t.is(status.Gid?.split('\t')[0], '8');
  t.is(cwd, '/tmp');
  t.is(env.A, undefined);
  t.is(env.B, 'pod');
});

kernelTest('PO-07 mounts of a pod manifest bind a volume, or one of the app alone', async (t) => {
  const exec = ['/bin/sh', '-c', 'stat -c %a /named; stat -c %a /own'];
  const result = await podManifest(
    {name: 'example.com/mounts'},
    {
      name: 'mounts',
      app: {exec, user: '0', group: '0'},
      mounts: [
        {volume: 'named', path: '/named'},
        {volume: 'own', path: '/own', appVolume: {name: 'own', kind: 'empty', mode: '0711'}},
      ],
    },
    {volumes: [{name: 'named', kind: 'empty', mode: '0700'}]},
  );
  t.is(result.exitCode, 0, result.stderr);
  t.is(result.stdout, '700\n711\n');
});

kernelTest('PO-07 a mount without any volume is refused', async (t) => {
  const result = await podManifest(
    {name: 'example.com/none'},
    {name: 'none', mounts: [{volume: 'nowhere', path: '/x'}]},
  );
  t.is(result.exitCode, 254);
  t.is(result.error?.code, 'RKT_VOLUME_UNDEFINED');
});

kernelTest('PO-08 annotations of image and pod are merged and the pod wins', async (t) => {
  const image = {
    manifest: {
      annotations: [
        {name: 'example.com/a', value: 'image'},
        {name: 'example.com/b', value: 'image'},
      ],
    },
  };
  const pod = await host.start('echo ready; cat', {
    image,
    app: ['--annotation=example.com/b=pod', '--annotation=example.com/c=pod'],
  });
  const {stdout} = await host.rkt(['cat-manifest', pod.uuid]);
  await pod.end();
  const {apps} = JSON.parse(stdout) as {apps: {annotations?: {name: string; value: string}[]}[]};
  const annotations = Object.fromEntries((apps[0]?.annotations ?? []).map(({name, value}) => [name, value]));
  t.like(annotations, {'example.com/b': 'pod', 'example.com/c': 'pod'});
});

/** Runs a pod manifest with one app of an image. */
const podManifest = async (
  image: ImageSpec,
  app: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
) => host.sh('', {manifest: host.manifest(await host.fetch(image), app, more)});
