import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {asNobody} from '../helpers/as-nobody.ts';
import {begin, isStopped} from '../helpers/begin.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

const GID = 64_321;

testIf(lacksPods())('S11 members of the group rkt see pods and images, and none of their files', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  // The directory of the tests is closed to others.
  const place = mkdtempSync('/tmp/rkt-group-');
  t.teardown(() => rmSync(place, {recursive: true}));
  chmodSync(place, 0o755);
  // A host with the group, for one command alone.
  const groups = path.join(host.directory, 'group');
  writeFileSync(groups, `${readFileSync('/etc/group', 'utf8')}rkt:x:${GID}:\n`);
  const script = 'mount --bind "$1" /etc/group && shift && exec "$@"';
  const through = ['/usr/bin/unshare', '--mount', '--propagation=private', '/bin/sh', '-c', script, 'sh', groups];
  const data = path.join(place, 'data');
  const asRoot = (...args: string[]) => host.rkt([`--dir=${data}`, ...args], {through});
  const image = buildImage();
  const prepared = await asRoot('--insecure-options=image', 'prepare', '--stage1=fly', image, '--exec=/bin/true');
  const uuid = prepared.stdout.trim();
  t.is(prepared.exitCode, 0, prepared.stderr);
  t.is(statSync(data).gid, GID);
  const pod = path.join(data, 'pods/prepared', uuid);
  t.like(statSync(pod), {gid: GID, mode: 0o40710});
  for (const name of ['appsinfo', 'overlay', 'rootfs', 'stage1', 'volumes'])
    t.like(statSync(path.join(pod, name)), {gid: 0, mode: 0o40700}, name);
  t.is(statSync(path.join(pod, 'frozen.json')).mode & 0o077, 0);
  const member = asNobody().map((word) => (word === '--regid=65534' ? `--regid=${GID}` : word));
  const asMember = (...args: string[]) =>
    host.rkt([`--dir=${data}`, '--system-config=/nowhere', '--local-config=/nowhere', '--format=json', ...args], {
      through: member,
      cwd: '/',
    });
  const list = await asMember('list');
  t.is(list.exitCode, 0, list.stderr);
  const [listed] = JSON.parse(list.stdout) as {name: string; state: string}[];
  t.like(listed, {name: uuid, state: 'prepared'});
  t.is((await asMember('status', uuid)).exitCode, 0);
  t.is((await asMember('cat-manifest', uuid)).exitCode, 0);
  t.is((JSON.parse((await asMember('image', 'list')).stdout) as unknown[]).length, 1);
  // S20: whoever could lock it, would have rkt wait for it.
  const [program = '', ...rest] = [...member, '/usr/bin/flock', '--nonblock', pod, '/bin/true'];
  t.regex(spawnSync(program, rest, {cwd: '/', encoding: 'utf8'}).stderr, /Permission denied/);
  const stateOf = async (name: string) =>
    (JSON.parse((await asMember('list')).stdout) as {name: string; state: string}[]).find((each) => each.name === name)
      ?.state;
  const command = ['--insecure-options=image', 'prepare', '--stage1=fly', image, '--exec=/bin/true'];
  const {child, ended} = begin(t, host, [`--dir=${data}`, ...command], {env: {RKT_FAULT: 'pod.prepare:stop'}, through});
  await until(() => isStopped(child));
  const [other = ''] = readdirSync(path.join(data, 'pods/prepare'));
  t.is(await stateOf(other), 'preparing');
  child.kill('SIGKILL');
  await ended;
  t.is(await stateOf(other), 'aborted prepare');
  t.is((await asRoot('gc')).exitCode, 0);
  for (const args of [
    ['stop', uuid],
    ['logs', uuid],
    ['rm', uuid],
    ['image', 'gc'],
    ['plan', 'example.com/test'],
    ['explain', 'example.com/test'],
  ]) {
    const {error} = await asMember(...args);
    t.is(error?.code, 'RKT_ROOT_NEEDED', args.join(' '));
    // What they are does not help.
    t.notRegex(error?.hint ?? '', /group/);
  }
  t.is((await asRoot('run-prepared', uuid)).exitCode, 0);
  t.like(JSON.parse((await asMember('status', uuid)).stdout), {state: 'exited'});
  t.is((await asRoot('rm', uuid)).exitCode, 0);
  // Any other group is no reason.
  const elsewhere = path.join(host.directory, 'other');
  t.is((await host.rkt([`--dir=${elsewhere}`, '--insecure-options=image', 'fetch', image])).exitCode, 0);
  chownSync(elsewhere, 0, GID);
  const alone = await host.rkt([
    `--dir=${elsewhere}`,
    'prepare',
    '--stage1=fly',
    'example.com/test',
    '--exec=/bin/true',
  ]);
  t.like(statSync(path.join(elsewhere, 'pods/prepared', alone.stdout.trim())), {gid: 0, mode: 0o40700});
  t.is((await host.rkt([`--dir=${elsewhere}`, 'rm', '--all'])).exitCode, 0);
});
