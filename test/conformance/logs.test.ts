import {existsSync, readdirSync, statSync, truncateSync} from 'node:fs';
import path from 'node:path';
import {setTimeout} from 'node:timers/promises';
import test from 'ava';
import {flavor, type Host, openHost, type Started} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* What apps have logged, with each flavor. Standard error is the log, so that standard output can say how far the app is. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('cgroups'));

const APP = ['--stderr=log'];
const KIB_64 = 65_536;
/** Marks are seconds, and are trusted two seconds later. */
const AFTER_A_MARK = 3500;

const logFile = (uuid: string, at: Host = host): string => {
  const place = ['run', 'exited-garbage'].find((name) => existsSync(path.join(at.data, 'pods', name, uuid)));
  return path.join(at.data, 'pods', place ?? 'run', uuid, 'stage1/rootfs/rkt/logs/test.stderr');
};
const onDisk = (file: string): number => statSync(file).blocks * 512;
const lineNumbers = (text: string): number[] => text.trimEnd().split('\n').map(Number);
const AWAIT = 'read -r line';
const go = ({child}: Started) => child.stdin?.end('go on\n');
/** `logs -f` ends with the pod. */
const FOLLOWER = {timeout: 10 * 60_000};

kernelTest(
  'a log that grows is kept in bounds; its writer loses nothing and every reader has whole lines in order',
  async (t) => {
    const script = `echo ready; seq 1 300000 >&2; ${AWAIT}; seq 300001 300010 >&2`;
    // With a gc of its own, or none.
    const alone = openHost();
    t.teardown(() => alone.close());
    const pod = await alone.start(script, {app: APP, pod: ['--log-size=64Ki']});
    const following = alone.rkt(['logs', '-f', pod.uuid], FOLLOWER);
    const file = logFile(pod.uuid, alone);
    const written = 1_988_895;
    await until(() => statSync(file).size === written);
    // The pod's systemd looks itself, every half minute; for fly it is gc that does.
    if (flavor === 'fly') t.is((await alone.rkt(['gc'])).exitCode, 0);
    await until(() => onDisk(file) <= 2 * KIB_64, 3 * 60_000);
    t.is(statSync(file).size, written);
    const numbers = lineNumbers((await alone.rkt(['logs', pod.uuid])).stderr);
    t.true((numbers[0] ?? 0) > 1);
    t.true(numbers.length > 8000, 'at least what was asked for is there, 7 bytes a line');
    t.deepEqual(
      numbers,
      Array.from({length: numbers.length}, (_, index) => 300_000 - numbers.length + 1 + index),
    );
    t.is((await alone.rkt(['logs', '--tail=3', pod.uuid])).stderr, '299998\n299999\n300000\n');
    go(pod);
    t.is((await pod.ended).exitCode, 0);
    t.is(statSync(logFile(pod.uuid, alone)).size, written + 70);
    const followed = lineNumbers((await following).stderr);
    t.is(followed.at(-1), 300_010);
    t.true(
      followed.every((number, index) => index === 0 || number > (followed[index - 1] ?? 0)),
      'what is missed is missed as whole lines',
    );
    t.is((await alone.rkt(['logs', '--tail=2', pod.uuid])).stderr, '300009\n300010\n');
  },
);

kernelTest('gc keeps the log of a pod that has ended in bounds', async (t) => {
  const alone = openHost();
  t.teardown(() => alone.close());
  t.is((await alone.sh('seq 1 100000 >&2', {app: APP, pod: ['--log-size=64Ki']})).exitCode, 0);
  const uuid = readdirSync(path.join(alone.data, 'pods/run'))[0] ?? '';
  t.is((await alone.rkt(['gc', '--grace-period=1h'])).exitCode, 0);
  const file = logFile(uuid, alone);
  t.true(onDisk(file) <= 2 * KIB_64, `${onDisk(file)} bytes`);
  t.is((await alone.rkt(['logs', '--tail=1', uuid])).stderr, '100000\n');
});

kernelTest('--since: what was written before is left out, by time and by duration', async (t) => {
  const pod = await host.start(`echo old >&2; echo ready; ${AWAIT}; echo new >&2`, {app: APP});
  t.is((await host.rkt(['gc'])).exitCode, 0);
  await setTimeout(AFTER_A_MARK);
  const between = new Date().toISOString();
  const since = async (value: string) => (await host.rkt(['logs', `--since=${value}`, pod.uuid])).stderr;
  t.is(await since(between), '');
  const following = host.rkt(['logs', '-f', `--since=${between}`, pod.uuid], FOLLOWER);
  go(pod);
  t.is((await pod.ended).exitCode, 0);
  t.is((await following).stderr, 'new\n');
  t.is(await since(between), 'new\n');
  t.is(await since('1h'), 'old\nnew\n');
  t.is(await since('2026-01-01T00:00:00+01:00'), 'old\nnew\n');
  t.is(await since(new Date(Date.now() + 60_000).toISOString()), '');
  t.is((await host.rkt(['logs', '--since=1h', '--tail=1', pod.uuid])).stderr, 'new\n');
});

kernelTest('--app, --tail and --format=json, of a pod that runs and when it has ended', async (t) => {
  const script = `printf 'one\\ntwo\\nthree' >&2; echo ready; ${AWAIT}`;
  const pod = await host.start(script, {app: APP});
  const look = async () => {
    const all = await host.rkt(['logs', '--app=test', pod.uuid]);
    t.deepEqual([all.exitCode, all.stdout, all.stderr], [0, '', 'one\ntwo\nthree']);
    const {stdout} = await host.rkt(['logs', '--tail=2', '--format=json', pod.uuid]);
    t.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      ['two', 'three'].map((line) => ({app: 'test', stream: 'stderr', line})),
    );
    const other = await host.rkt(['--format=json', 'logs', '--app=nope', pod.uuid]);
    t.is(other.error?.code, 'RKT_POD_APP_UNKNOWN');
  };
  await look();
  go(pod);
  t.is((await pod.ended).exitCode, 0);
  await look();
  t.is((await host.rkt(['gc', '--mark-only'])).exitCode, 0);
  await look();
});

kernelTest('a pod whose streams go elsewhere has no logs, and rkt says where they went', async (t) => {
  const pod = await host.start(`echo ready; ${AWAIT}`, {app: ['--stderr=null']});
  const {exitCode, error} = await host.rkt(['--format=json', 'logs', pod.uuid]);
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_LOG_NOT_KEPT']);
  t.like(error?.fields, {
    streams: [
      {app: 'test', stream: 'stdout', goes: "goes to rkt's caller"},
      {app: 'test', stream: 'stderr', goes: 'is discarded'},
    ],
  });
  go(pod);
  await pod.ended;
});

kernelTest('a log that is cut off or made endless can be read and kept', async (t) => {
  const pod = await host.start(`echo one >&2; echo ready; ${AWAIT}; echo last >&2`, {app: APP});
  const following = host.rkt(['logs', '-f', pod.uuid], FOLLOWER);
  const file = logFile(pod.uuid);
  // As an app can that opens /proc/self/fd/2 once more. Whoever reads what is not there reads for hours.
  truncateSync(file, 8 * 2 ** 40);
  t.is((await host.rkt(['gc'])).exitCode, 0);
  t.is((await host.rkt(['logs', '--tail=5', pod.uuid])).stderr, '');
  t.is((await host.rkt(['logs', pod.uuid])).stderr.replace(/\0+\n$/, ''), 'one\n');
  truncateSync(file, 0);
  go(pod);
  t.is((await pod.ended).exitCode, 0);
  t.is((await host.rkt(['logs', pod.uuid])).stderr, 'last\n');
  t.true((await following).stderr.endsWith('last\n'));
});

kernelTest('less than can be kept is refused', async (t) => {
  const {exitCode, error} = await host.sh('true', {app: APP, pod: ['--log-size=1Ki']});
  t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAG_VALUE_INVALID']);
});
