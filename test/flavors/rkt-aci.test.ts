import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {stage1Aci} from './support/stage1-aci.ts';

/* A stage1 image made for rkt, unmodified: rkt's implementor's guide, sentence by sentence. */

const host = openHost();
test.after.always(() => host.close());
const podTest = testIf(lacksPods());

const gcLog = path.join(host.directory, 'gc-called');
const stage1 = stage1Aci({gcLog});
const podPath = (uuid: string) => path.join(host.data, 'pods/run', uuid);
const linesOf = (uuid: string, name: string) =>
  readFileSync(path.join(podPath(uuid), name), 'utf8')
    .trim()
    .split('\n');

podTest('run: the entrypoint gets its flags, directory and lock, and what it makes of the pod is told', async (t) => {
  const file = path.join(host.directory, 'uuid');
  const ran = await host.sh('echo out; echo err >&2; cat; exit 7', {
    stage1,
    input: 'in\n',
    pod: ['--net=none', '--hostname=web', '--ipc=private', '--dns=10.0.0.1', `--uuid-file-save=${file}`],
  });
  t.like(ran, {exitCode: 7, stdout: 'out\nin\n'}, ran.stderr);
  const uuid = readFileSync(file, 'utf8').trim();
  t.deepEqual(linesOf(uuid, 'run-called'), [
    podPath(uuid),
    path.join(podPath(uuid), 'stage1/rootfs/run'),
    ...['--net=none', `--local-config=${host.directory}/etc`, '--hostname=web'],
    ...['--dns-conf-mode=resolv=stage0,hosts=default', '--ipc=private', uuid],
  ]);
  const {stdout} = await host.rkt(['status', uuid]);
  for (const line of ['state=exited', 'app-test=7', 'flavor=rkt-stage1']) t.true(stdout.includes(`${line}\n`), line);
  t.regex(stdout, /^unproved=os\/linux\/capabilities-retain-set \(test\): /m);
  t.regex(stdout, /^unproved=network\/none: /m);
});

podTest('what its interface has no word for is refused, unless allowed by name; plan tells the rest', async (t) => {
  const first = await host.fetch(stage1Aci({version: null, name: 'example.com/stage1-first'}));
  const plan = (...flags: string[]) =>
    host.rkt(['--format=json', '--insecure-options=image', 'plan', `--stage1=${first}`, ...flags, buildImage()]);
  for (const flag of ['--hostname=web', '--dns=10.0.0.1', '--ipc=private']) {
    t.is((await plan(flag)).error?.code, 'RKT_FLAVOR_CANNOT', flag);
  }
  const limited = (...flags: string[]) =>
    host.rkt([
      ...['--format=json', '--insecure-options=image', 'plan', `--stage1=${first}`, ...flags],
      ...[buildImage(), '--pids=5', '--memory=64M'],
    ]);
  t.is((await limited()).error?.code, 'RKT_FLAVOR_CANNOT');
  const {stdout} = await limited('--allow-degraded=resource/pids');
  const {report} = JSON.parse(stdout) as {report: {entries: {name: string; verdict: string}[]}};
  const verdicts = new Map(report.entries.map(({name, verdict}) => [name, verdict]));
  t.is(verdicts.get('resource/pids'), 'ignored');
  t.is(verdicts.get('resource/memory'), 'unproved');
  t.is(verdicts.get('processes/apart'), 'unproved');
  t.false([...verdicts.values()].includes('modified'));
});

podTest('an image that is no stage1 of rkt is refused', async (t) => {
  for (const broken of [
    stage1Aci({version: '7', name: 'example.com/stage1-seventh'}),
    stage1Aci({paths: {run: '/exec.awk'}, name: 'example.com/stage1-no-program'}),
    stage1Aci({entrypoints: ['enter'], name: 'example.com/stage1-without'}),
  ]) {
    const {exitCode, error} = await host.sh('true', {stage1: broken});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_STAGE1_IMAGE_INVALID']);
  }
});

podTest('it is verified like any image', async (t) => {
  const {error} = await host.rkt(['--format=json', 'run', `--stage1=${stage1}`, buildImage()]);
  t.is(error?.code, 'RKT_IMAGE_UNSIGNED');
});
