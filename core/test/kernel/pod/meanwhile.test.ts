import type {ChildProcess} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  constants,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {begin, isStopped} from '../../../../test/helpers/begin.ts';
import {type Host, openHost} from '../../../../test/helpers/host.ts';
import {buildImage} from '../../../../test/helpers/image.ts';
import {lacksPods} from '../../../../test/helpers/lacks.ts';
import {waitsFor} from '../../../../test/helpers/locks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import {withhold} from '../../../../test/helpers/withhold.ts';
import type {HostPath, ImageId} from '../../../src/contract/names.ts';
import {takeImage} from '../../../src/image/remove.ts';
import {lockImages, openStore} from '../../../src/image/store.ts';
import {lockDirectory, lockFd} from '../../../src/linux/lock.ts';
import {openHost as openFile} from '../../../src/linux/openat2.ts';
import {undoPlan} from '../../../src/pod/state/delete.ts';
import type {PodDirectory} from '../../../src/pod/state/states.ts';

/* S20: what another rkt does between a look of this one and what follows from it. Each is stopped there: by a lock, by a fifo in place of a file, or at a fault point. */

const kernelTest = testIf(lacksPods());

/** Pods and images of one test are nobody else's. */
const withHost = (title: string, run: (t: ExecutionContext, host: Host) => Promise<void>) =>
  kernelTest(title, async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    await run(t, host);
  });

/** Waits for a lock that the test has, or is over. */
const isKept = ({pid, exitCode}: ChildProcess): boolean => exitCode !== null || waitsFor(pid);

const prepare = async (host: Host, script: string, ...flags: string[]): Promise<string> => {
  const command = ['--insecure-options=image', 'prepare', '--quiet', '--stage1=fly', ...flags, buildImage()];
  const {stdout, stderr} = await host.rkt([...command, '--exec=/bin/sh', '--', '-c', script]);
  const uuid = stdout.trim();
  if (!/^[0-9a-f-]{36}$/.test(uuid)) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return uuid;
};

/** A pod that has run and is over. */
const exited = async (host: Host, ...flags: string[]): Promise<string> => {
  const file = path.join(host.directory, 'uuid');
  const {exitCode, stderr} = await host.sh('true', {stage1: 'fly', pod: [`--uuid-file-save=${file}`, ...flags]});
  if (exitCode !== 0) throw new Error(stderr);
  return readFileSync(file, 'utf8');
};

const storeOf = ({data}: Host) => openStore(data as HostPath);

const podIn = ({data}: Host, directory: PodDirectory, uuid: string) =>
  path.join(data, 'pods', directory, uuid) as HostPath;

for (const verb of ['run', 'run-prepared'] as const)
  withHost(`${verb} holds the store until its pod is in "run"`, async (t, host) => {
    const args =
      verb === 'run'
        ? ['run', '--stage1=fly', buildImage(), '--exec=/bin/sh', '--', '-c', 'exit 5']
        : ['run-prepared', await prepare(host, 'exit 5')];
    const {child, ended} = begin(t, host, args, {env: {RKT_FAULT: 'pod.run.before:stop'}});
    await until(() => isStopped(child));
    // Whoever removes images would wait.
    using before = lockDirectory(storeOf(host).lock, 'exclusive');
    t.is(before, undefined);
    child.kill('SIGCONT');
    const {exitCode, stderr} = await ended;
    t.is(exitCode, 5, stderr);
    using after = lockDirectory(storeOf(host).lock, 'exclusive');
    t.truthy(after);
  });

withHost('export exports a pod that is marked meanwhile, and waits for who removes its image', async (t, host) => {
  const id = await host.fetch();
  const uuid = await exited(host);
  const supervisor = withhold(path.join(podIn(host, 'run', uuid), 'supervisor'));
  const exporting = begin(t, host, ['export', uuid, path.join(host.directory, 'one.aci')]);
  await supervisor.reached();
  renameSync(podIn(host, 'run', uuid), podIn(host, 'exited-garbage', uuid));
  supervisor.restore(podIn(host, 'exited-garbage', uuid));
  supervisor.release();
  const {exitCode, stderr} = await exporting.ended;
  t.is(exitCode, 0, stderr);

  const store = storeOf(host);
  using lock = lockImages(store, 'exclusive');
  const late = begin(t, host, ['export', uuid, path.join(host.directory, 'two.aci')]);
  await until(() => isKept(late.child));
  takeImage(store, id as ImageId);
  lock.close();
  t.is((await late.ended).error?.code, 'RKT_POD_IMAGE_GONE');
});

withHost('with --all a pod that somebody else removes meanwhile is done with', async (t, host) => {
  // One after another: the older one is the first that is taken.
  const one = await host.start('echo ready; exec cat', {stage1: 'fly'});
  const two = await host.start('echo ready; exec cat', {stage1: 'fly'});
  using turn = openFile(path.join(podIn(host, 'run', one.uuid), 'frozen.json'), constants.O_RDONLY);
  lockFd(turn, 'exclusive');
  const stopping = begin(t, host, ['stop', '--all']);
  await until(() => isKept(stopping.child));
  await two.end();
  t.is((await host.rkt(['rm', two.uuid])).exitCode, 0);
  turn.close();
  const stopped = await stopping.ended;
  t.is(stopped.stderr, '');
  t.deepEqual([stopped.exitCode, JSON.parse(stopped.stdout)], [0, [{uuid: one.uuid, stopped: true}]]);
  await one.ended;

  const [first, second] = [await prepare(host, 'true', '--pod-name=first'), await prepare(host, 'true')];
  using lock = lockDirectory(path.join(host.data, 'locks/pod-names'), 'exclusive');
  const removing = begin(t, host, ['rm', '--all']);
  await until(() => isKept(removing.child));
  t.is((await host.rkt(['rm', second])).exitCode, 0);
  lock?.close();
  const removed = await removing.ended;
  t.is(removed.stderr, '');
  t.is(removed.exitCode, 0);
  const uuids = (JSON.parse(removed.stdout) as {uuid: string}[]).map(({uuid}) => uuid);
  t.true(uuids.includes(first) && !uuids.includes(second), removed.stdout);
});

for (const [what, isWhole] of [
  ['is being removed', true],
  ['has been removed', false],
] as const)
  withHost(`a name is free when its pod, which was to be removed, ${what} by another rkt`, async (t, host) => {
    const uuid = await exited(host, '--pod-name=web', '--rm');
    const pod = podIn(host, 'exited-garbage', uuid);
    renameSync(podIn(host, 'run', uuid), pod);
    using removal = lockDirectory(pod, 'exclusive');
    const supervisor = withhold(path.join(pod, 'supervisor'));
    const next = begin(t, host, ['prepare', '--stage1=fly', '--pod-name=web', buildImage(), '--exec=/bin/true']);
    await supervisor.reached();
    // In the order in which it is removed.
    undoPlan(pod);
    rmSync(path.join(host.data, 'pod-names/web'));
    if (isWhole) supervisor.restore();
    else rmSync(pod, {recursive: true});
    supervisor.release();
    const {exitCode, stderr} = await next.ended;
    t.is(exitCode, 0, stderr);
    t.like(JSON.parse((await host.rkt(['status', '--format=json', 'web'])).stdout), {state: 'prepared'});
    removal?.close();
  });

withHost('stop is done with a pod that ends and is marked while it is looked at', async (t, host) => {
  const pod = await host.start('echo ready; exec cat', {stage1: 'fly'});
  const frozen = withhold(path.join(podIn(host, 'run', pod.uuid), 'frozen.json'));
  const stopping = begin(t, host, ['stop', pod.uuid]);
  await frozen.reached();
  await pod.end();
  renameSync(podIn(host, 'run', pod.uuid), podIn(host, 'exited-garbage', pod.uuid));
  frozen.restore(podIn(host, 'exited-garbage', pod.uuid));
  frozen.release();
  const {exitCode, stdout, stderr} = await stopping.ended;
  t.is(stderr, '');
  t.deepEqual([exitCode, JSON.parse(stdout)], [0, [{uuid: pod.uuid, stopped: true}]]);
});

withHost('run-prepared does not know a pod that is removed while it waits for it', async (t, host) => {
  const uuid = await prepare(host, 'true');
  const pod = podIn(host, 'prepared', uuid);
  using removal = lockDirectory(pod, 'exclusive');
  const {child, ended} = begin(t, host, ['run-prepared', uuid]);
  await until(() => isKept(child));
  undoPlan(pod);
  rmSync(pod, {recursive: true});
  removal?.close();
  t.is((await ended).error?.code, 'RKT_POD_UNKNOWN');
});

withHost('image rm and image verify take a pod that goes meanwhile for one that is over', async (t, host) => {
  for (const what of ['thrown away', 'removed']) {
    const uuid = await prepare(host, 'true');
    const [id = ''] = readdirSync(storeOf(host).images);
    const pod = podIn(host, 'prepared', uuid);
    const frozen = withhold(path.join(pod, 'frozen.json'));
    const removing = begin(t, host, ['image', 'rm', id]);
    await frozen.reached();
    const garbage = podIn(host, 'garbage', uuid);
    using removal = what === 'removed' ? undefined : lockDirectory(pod, 'exclusive');
    if (removal === undefined) rmSync(pod, {recursive: true});
    else {
      renameSync(pod, garbage);
      frozen.restore(garbage);
    }
    frozen.release();
    const {exitCode, stdout, stderr} = await removing.ended;
    t.is(stderr, '', what);
    t.deepEqual([exitCode, JSON.parse(stdout)], [0, [{id, removed: true}]], what);
  }
  const uuid = await exited(host);
  const store = storeOf(host);
  const [id = ''] = readdirSync(store.images);
  chmodSync(path.join(store.images, id, 'rootfs/tmp'), 0o700);
  const pod = podIn(host, 'run', uuid);
  undoPlan(pod);
  const frozen = withhold(path.join(pod, 'frozen.json'));
  const verifying = begin(t, host, ['image', 'verify', id]);
  await frozen.reached();
  rmSync(pod, {recursive: true});
  frozen.release();
  const {exitCode, stderr} = await verifying.ended;
  t.is(stderr, '');
  t.is(exitCode, 0);
});

withHost('S12 of two that replace a damaged image one does, and no pod starts on it before', async (t, host) => {
  const archive = buildImage({files: {'/damaged': ''}});
  const id = await host.fetch(archive);
  const frozen = withhold(path.join(podIn(host, 'run', await exited(host)), 'frozen.json'));
  rmSync(path.join(storeOf(host).images, id, 'tar-split.zst'));
  writeFileSync(path.join(storeOf(host).images, id, 'damaged'), 'tar-split.zst is missing');
  const run = () => host.rkt(['run', '--stage1=fly', id, '--exec=/bin/true']);
  const first = begin(t, host, ['fetch', archive]);
  await frozen.reached();
  frozen.restore();
  const second = begin(t, host, ['--debug', 'fetch', archive]);
  await until(() => second.child.exitCode !== null || waitsFor(second.child.pid, first.child.pid));
  t.is(second.child.exitCode, null);
  t.is((await run()).error?.code, 'RKT_IMAGE_DAMAGED');
  frozen.release();
  t.is((await first.ended).exitCode, 0);
  const {exitCode, stderr} = await second.ended;
  t.is(exitCode, 0, stderr);
  t.regex(stderr, new RegExp(`${id} is there already`));
  t.is((await host.rkt(['image', 'verify', id])).exitCode, 0);
  t.is((await run()).exitCode, 0);
});

withHost('an embryo that gc takes before it has its group is made again', async (t, host) => {
  await host.fetch();
  const GID = 64_321;
  chownSync(host.data, 0, GID);
  // A host with the group, for one command alone.
  const groups = path.join(host.directory, 'group');
  writeFileSync(groups, `rkt:x:${GID}:\n`);
  const script = 'mount --bind "$1" /etc/group && shift && exec "$@"';
  const through = ['/usr/bin/unshare', '--mount', '--propagation=private', '/bin/sh', '-c', script, 'sh', groups];
  const args = ['prepare', '--stage1=fly', buildImage(), '--exec=/bin/true'];
  const {child, ended} = begin(t, host, args, {env: {RKT_FAULT: 'pod.embryo:stop'}, through});
  await until(() => isStopped(child));
  const embryos = path.join(host.data, 'pods/embryo');
  for (const uuid of readdirSync(embryos)) rmdirSync(path.join(embryos, uuid));
  child.kill('SIGCONT');
  await until(() => isStopped(child));
  child.kill('SIGCONT');
  const {exitCode, stderr} = await ended;
  t.is(exitCode, 0, stderr);
});
