import {existsSync, readdirSync, statSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {asNobody} from '../helpers/as-nobody.ts';
import {rktCommand, rktEnvironment} from '../helpers/command.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {childrenOf, stateOf} from '../helpers/proc.ts';
import {errorOf} from '../helpers/result.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {fetchHalf, openUser, USER} from '../helpers/user.ts';

/* What an ordinary user has by ids that root has given it (subuid(5)). */

const FIRST = 1_234_000;
const lacking =
  lacksPods('program/setpriv', 'program/newuidmap', 'overlay') ??
  (existsSync('/etc/subuid') && existsSync('/etc/subgid') ? undefined : 'no /etc/subuid');
const userTest = testIf(lacking);

const user = openUser({subordinate: FIRST});
test.after.always(() => user.close());

userTest('with subordinate ids a pod has users and groups, which the host sees as those of the user', async (t) => {
  const image = await user.fetch({files: {'/etc/other': {content: 'text', uid: 7, gid: 8, mode: 0o600}}});
  const file = path.join(user.data, 'cas/images', image, 'rootfs/etc/other');
  t.deepEqual([statSync(file).uid, statSync(file).gid], [FIRST + 6, FIRST + 7]);
  const child = user.start([
    ...['run', '--stage1=fly', image, '--user=1000', '--group=100', '--exec=/bin/sh', '--'],
    ...['-c', "id -u; id -g; id -G; stat -c '%u %g' /etc/other /bin; touch /tmp/file; echo ready; cat"],
  ]);
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('ready'));
  t.deepEqual(seen.trim().split('\n'), ['1000', '100', '100', '7 8', '0 0', 'ready']);
  // What is outside of the pod is the user, who can signal it.
  t.is(statSync(`/proc/${child.pid}`).uid, USER);
  t.deepEqual(
    childrenOf(child.pid ?? 0).map((pid) => statSync(`/proc/${pid}`).uid),
    [USER, FIRST + 999],
  );
  const [uuid = ''] = readdirSync(path.join(user.data, 'pods/run'));
  const entered = await user.rkt('enter', uuid, '/bin/id', '-u');
  t.is(entered.stdout, '1000\n', entered.stderr);
  // Of another user of the host, in a namespace whose owner this one is.
  const stopped = await user.rkt('stop', '--force', uuid);
  t.is(stopped.exitCode, 0, stopped.stderr);
  await child;
  const collected = await user.rkt('gc', '--grace-period=0s');
  t.is(collected.exitCode, 0, collected.stderr);
  t.deepEqual(user.pods(), []);
  t.is(statSync(user.data).uid, USER);
});

userTest('S27 S28 what unpacks an image for a user is nobody else of the host, and ends with rkt', async (t) => {
  const {helpers, kill} = await fetchHalf(user);
  for (const {status, shared} of helpers) {
    // The user is its root, and not who it really is: nobody can look into such a process.
    t.is(status('Uid'), `${FIRST + 65_532} ${USER} ${USER} ${USER}`);
    t.is(status('Groups'), '');
    for (const name of ['user', 'mnt', 'net', 'ipc', 'pid']) t.false(shared.includes(name), name);
  }
  // Nor would the end of what it reads end it.
  for (const {pid} of helpers) process.kill(pid, 'SIGSTOP');
  await kill();
  await until(() => helpers.every(({pid}) => ['', 'Z'].includes(stateOf(pid))));
  t.pass();
});

userTest('ids that there are not are refused', async (t) => {
  const image = await user.fetch();
  const {error} = await user.rkt('run', '--stage1=fly', image, '--user=65536', '--group=0', '--exec=/bin/true');
  t.is(error?.code, 'RKT_FLAVOR_CANNOT');
});

userTest('who had subordinate ids and has none any more changes nothing: half of it could not be', async (t) => {
  const own = openUser({subordinate: FIRST});
  t.teardown(() => own.close());
  const image = await own.fetch({files: {'/closed': {directory: true, uid: 50, mode: 0o700}}});
  const without = async (...args: readonly string[]) => {
    const [program = '', ...rest] = [...asNobody(), ...rktCommand, `--dir=${own.data}`, '--format=json', ...args];
    const env = {...rktEnvironment, HOME: own.home};
    const {exitCode, stderr} = await execa(program, rest, {reject: false, extendEnv: false, env, cwd: own.home});
    return {exitCode, code: errorOf(stderr)?.code, stderr};
  };
  for (const args of [['image', 'rm', image], ['image', 'gc'], ['gc'], ['run', '--stage1=fly', image]]) {
    const {exitCode, code, stderr} = await without(...args);
    t.is(exitCode, 254);
    t.is(code, 'RKT_DATA_DIRECTORY_IDS', stderr);
  }
  t.deepEqual(readdirSync(path.join(own.data, 'cas/tmp')), []);
  const removed = await own.rkt('image', 'rm', image);
  t.is(removed.exitCode, 0, removed.stderr);
});

userTest('where what gives the ids has no right to, it is said so and nothing is run with fewer', async (t) => {
  const other = openUser({subordinate: FIRST, powerless: true});
  t.teardown(() => other.close());
  const {exitCode, error, stderr} = await other.rkt('gc');
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_SUBORDINATE_IDS_REFUSED', stderr);
  // Which command it is everybody is told who reads it.
  t.regex(error?.message ?? '', /^newuidmap or newgidmap refuses user 65534 /);
});

userTest('what only removes keeps nothing of the ids, and so needs no room on the disk', async (t) => {
  const other = openUser({subordinate: FIRST});
  t.teardown(() => other.close());
  const remembered = () => existsSync(path.join(other.data, 'subordinate-ids.json'));
  const gc = await other.rkt('gc');
  t.is(gc.exitCode, 0, gc.stderr);
  t.false(remembered());
  await other.fetch();
  t.true(remembered());
});
