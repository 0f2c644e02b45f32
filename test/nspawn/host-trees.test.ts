import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {type Host, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf, type Test, testIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';

/* Trees of the host's systemd: made once, shared, and removed when nobody has a use for them. */

const obstacle = lacksPods('program/systemd-nspawn');
const kernelTest = testIf(obstacle);

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
/** Before others that run. */
const FIRST = [program('nice') ?? 'nice', '-n', '-10'];
/** As if another systemd had been installed since. */
const makeOld = (host: Host) => {
  for (const file of records(host)) {
    const {files, ...record} = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({...record, files: [['/usr/lib/os-release', '1:1:1:1'], ...files]}));
  }
};
const collect = async (host: Host, ...through: string[]): Promise<string[]> => {
  const {stdout, stderr, exitCode} = await host.rkt(['--format=json', 'image', 'gc'], {through});
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

serialTestIf(obstacle)('pods start while trees are removed', async (t) => {
  const host = open(t);
  await runOnce(t, host);
  const start = async (name: string) => {
    const {stdout, stderr, exitCode} = await host.sh(`echo ${name}`, {stage1: 'nspawn'});
    t.deepEqual([exitCode, stdout], [0, `${name}\n`], stderr);
  };
  const removed: string[] = [];
  // A tree that a pod has taken first stays: what is seen here needs rounds that the collection wins.
  let round = 0;
  for (; round < 60 && removed.length < 3; round++) {
    t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
    makeOld(host);
    const [collected] = await Promise.all([collect(host, ...FIRST), start(`a${round}`), start(`b${round}`)]);
    removed.push(...collected);
  }
  t.log(`${round} rounds for ${removed.length} trees`);
  t.true(removed.length >= 3, removed.join(' '));
});
