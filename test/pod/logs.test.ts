import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  closeSync,
  globSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {execa} from 'execa';
import {rktEnvironment} from '../helpers/command.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

const withHost =
  (obstacle: string | undefined) => (title: string, run: (t: ExecutionContext, host: Host) => Promise<void>) =>
    testIf(obstacle)(title, async (t) => {
      const host = openHost();
      t.teardown(() => host.close());
      await run(t, host);
    });
const withNspawn = withHost(lacksPods('cgroups', 'program/systemd-nspawn'));

const prepare = async (host: Host, ...args: string[]): Promise<string> => {
  const {stdout, stderr} = await host.rkt(['--insecure-options=image', 'prepare', '--quiet', ...args]);
  if (!/^\S{36}$/.test(stdout.trim())) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return stdout.trim();
};
const shell = (script: string) => ['--exec=/bin/sh', '--', '-c', script];

const LOGGED = ['--stdout=log', '--stderr=log'];
const text = (uuid: string, host: Host, ...flags: string[]) => host.rkt(['logs', ...flags, uuid]);

withNspawn('what several apps write, to its end and after', async (t, host) => {
  const uuid = await prepare(
    host,
    ...['--stage1=nspawn', buildImage(), '--name=web', ...LOGGED, ...shell('echo one; echo two; echo bad >&2'), '---'],
    ...[buildImage(), '--name=db', '--stdout=log', '--stderr=null', ...shell('printf three; echo lost >&2'), '---'],
    ...[buildImage(), '--name=loud', ...shell('echo here')],
  );
  const following = host.rkt(['logs', '--follow', uuid]);
  const ran = await host.rkt(['run-prepared', uuid]);
  t.like(ran, {exitCode: 0, stdout: 'here\n'});
  const followed = await following;
  t.is(followed.exitCode, 0);
  t.deepEqual(followed.stdout.split('\n').sort(), ['', 'db: three', 'web: one', 'web: two']);
  t.is(followed.stderr, 'web: bad\n');
  const all = {exitCode: 0, stdout: 'web: one\nweb: two\ndb: three\n', stderr: 'web: bad\n'};
  t.like(await text(uuid.slice(0, 8), host), all);
  t.like(await text(uuid, host, '--app=db'), {exitCode: 0, stdout: 'three', stderr: ''});
  t.like(await text(uuid, host, '--tail=1', '--app=web'), {exitCode: 0, stdout: 'two\n', stderr: 'bad\n'});
  const none = await host.rkt(['--format=json', 'logs', '--app=loud', uuid]);
  t.is(none.error?.code, 'RKT_POD_LOG_NOT_KEPT');
  await host.rkt(['gc', '--mark-only']);
  t.like((await host.pods())[0], {state: 'exited garbage'});
  const file = path.join(host.directory, 'uuid');
  writeFileSync(file, uuid);
  t.like(await host.rkt(['logs', `--uuid-file=${file}`]), all);
  await host.rkt(['rm', uuid]);
  t.is((await host.rkt(['--format=json', 'logs', uuid])).error?.code, 'RKT_POD_UNKNOWN');
});

withNspawn('a pod that runs: what is there, and by --follow all that comes', async (t, host) => {
  const gate = path.join(host.directory, 'gate');
  mkdirSync(gate);
  execFileSync('mkfifo', [path.join(gate, 'pipe')]);
  // What reads from it ends when this process is gone.
  const held = openSync(path.join(gate, 'pipe'), 'r+');
  t.teardown(() => closeSync(held));
  const uuid = await prepare(
    host,
    ...['--stage1=nspawn', `--volume=gate,kind=host,source=${gate}`, buildImage(), '--mount=volume=gate,target=/gate'],
    ...[...LOGGED, ...shell('echo one; read go </gate/pipe; echo two')],
  );
  const running = host.rkt(['run-prepared', uuid]);
  const ended = running.then(({stderr}) => Promise.reject(new Error(`ended before it was asked to: ${stderr}`)));
  await Promise.race([ended, until(async () => (await text(uuid, host)).stdout === 'one\n')]);
  const [rkt, ...args] = host.command('logs', '--format=json', '-f', uuid);
  const following = execa(rkt, args, {extendEnv: false, env: rktEnvironment, stdin: 'ignore'});
  await Promise.race([once(following.stdout, 'data'), following]);
  writeSync(held, 'go\n');
  t.is((await running).exitCode, 0);
  const lines = (await following).stdout.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line)),
    ['one', 'two'].map((line) => ({app: 'test', stream: 'stdout', line})),
  );
});

withHost(lacksPods('program/flock'))(
  'of a pod that is being removed it is said when a log has gone',
  async (t, host) => {
    const uuid = await prepare(host, '--stage1=fly', buildImage(), ...LOGGED, ...shell('echo one'));
    t.is((await host.rkt(['run-prepared', uuid])).exitCode, 0);
    await host.rkt(['gc', '--mark-only']);
    const directory = path.join(host.data, 'pods/exited-garbage', uuid);
    const holder = spawn('flock', [directory, 'sh', '-c', 'echo locked; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    t.like(await text(uuid, host), {exitCode: 0, stdout: 'one\n'});

    const [file = ''] = globSync('**/test.stdout', {cwd: directory});
    rmSync(path.join(directory, file));
    for (const flags of [[], ['--follow']]) {
      const {exitCode, error} = await text(uuid, host, '--format=json', ...flags);
      t.is(exitCode, 254);
      t.like(error, {code: 'RKT_POD_STATE', fields: {state: 'being removed'}});
    }
  },
);

withHost(lacksPods())('whoever follows a pod that is removed before it has run is told', async (t, host) => {
  const uuid = await prepare(host, '--stage1=fly', buildImage(), ...LOGGED, ...shell('echo one'));
  const [rkt, ...args] = host.command('logs', '--format=json', '-f', uuid);
  const following = execa(rkt, args, {extendEnv: false, env: rktEnvironment, stdin: 'ignore', reject: false});
  const files = `/proc/${following.pid}/fd`;
  const hasOpened = (fd: string) => {
    try {
      return readlinkSync(`${files}/${fd}`).endsWith(uuid);
    } catch {
      return false;
    }
  };
  await until(() => readdirSync(files).some(hasOpened));
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  t.regex((await following).stderr, /RKT_POD_STATE/);
});
