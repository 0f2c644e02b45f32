import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {begin, isStopped} from '../helpers/begin.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {waitsFor} from '../helpers/locks.ts';
import {type Test, testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {withhold} from '../helpers/withhold.ts';

/* Trees of the host's systemd: made once, shared, and removed when nobody has a use for them. */

const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const open = (t: Test): Host => {
  const host = openHost();
  t.teardown(() => host.close());
  return host;
};
/** A pod that begins and ends. */
const runOnce = async (t: Test, host: Host) => {
  const {exitCode, stderr} = await host.sh('true', {stage1: 'nspawn'});
  t.is(exitCode, 0, stderr);
};

const directory = (host: Host) => path.join(host.data, 'cas/host-trees');
const trees = (host: Host) => readdirSync(directory(host)).filter((name) => name.startsWith('tree-'));
const records = (host: Host) =>
  readdirSync(directory(host))
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(directory(host), name));
/** As if another systemd had been installed since. */
const makeOld = (host: Host) => {
  for (const file of records(host)) {
    const {files, ...record} = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({...record, files: [['/usr/lib/os-release', '1:1:1:1'], ...files]}));
  }
};
const collect = async (host: Host): Promise<string[]> => {
  const {stdout, stderr, exitCode} = await host.rkt(['--format=json', 'image', 'gc']);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout).hostTrees;
};

kernelTest("the tree of the host's files stays, what is left of others goes", async (t) => {
  const host = open(t);
  await runOnce(t, host);
  const [tree = ''] = trees(host);
  for (const name of ['tree-0000', '.making-0000'])
    mkdirSync(path.join(directory(host), name, 'usr'), {recursive: true});
  t.deepEqual(await collect(host), ['tree-0000']);
  t.deepEqual(trees(host), [tree]);
  t.is(readdirSync(directory(host)).length, 2);
  await runOnce(t, host);
  t.deepEqual(trees(host), [tree]);
});

kernelTest('an old tree stays while a pod runs with it', async (t) => {
  const host = open(t);
  const pod = await host.start('trap "exit 3" TERM; echo ready; read -r none', {stage1: 'nspawn'});
  const used = trees(host);
  makeOld(host);
  t.deepEqual(await collect(host), []);
  t.deepEqual(trees(host), used);
  t.deepEqual(records(host), []);
  // Its end takes programs of the tree.
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^app-.*=3$/m);
  t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  t.deepEqual(await collect(host), used);
  t.deepEqual(trees(host), []);
});

kernelTest('pods start while the tree that they would have had is removed', async (t) => {
  const host = open(t);
  await runOnce(t, host);
  t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  const old = trees(host);
  makeOld(host);
  // They are about to take a tree, and nobody knows yet that they will.
  const pods = ['a', 'b'].map((name) =>
    begin(t, host, ['run', '--stage1=nspawn', buildImage(), '--exec=/bin/echo', '--', name], {
      env: {RKT_FAULT: 'pod.supervisor:stop'},
    }),
  );
  await until(() => pods.every(({child}) => isStopped(child)));
  const [record = ''] = records(host);
  const withheld = withhold(record);
  const collecting = begin(t, host, ['image', 'gc']);
  await withheld.reached();
  for (const {child} of pods) child.kill('SIGCONT');
  await until(() => pods.every(({child}) => child.exitCode !== null || waitsFor(child.pid, collecting.child.pid)));
  withheld.release();
  const {exitCode, stdout, stderr} = await collecting.ended;
  t.is(exitCode, 0, stderr);
  t.deepEqual(JSON.parse(stdout).hostTrees, old);
  const ends = await Promise.all(pods.map(({ended}) => ended));
  t.deepEqual(
    ends.map((end) => [end.exitCode, end.stdout]),
    [
      [0, 'a\n'],
      [0, 'b\n'],
    ],
    ends.map((end) => end.stderr).join(),
  );
  t.is(trees(host).length, 1);
});
