import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* S20: pods directory, locks and numbers of processes under concurrent commands. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const prepare = async (script = 'exit 0', on = host) => {
  const {stdout, stderr} = await on.rkt([
    ...[
      '--insecure-options=image',
      'prepare',
      '--quiet',
      '--stage1=fly',
      buildImage(),
      '--exec=/bin/sh',
      '--',
      '-c',
      script,
    ],
  ]);
  const uuid = stdout.trim().split('\n').at(-1) ?? '';
  if (!/^[0-9a-f-]{36}$/.test(uuid)) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return uuid;
};

kernelTest('S20 of several that run a prepared pod, exactly one does', async (t) => {
  for (let round = 0; round < 4; round++) {
    const uuid = await prepare('echo ran');
    const results = await Promise.all([1, 2, 3, 4].map(() => host.rkt(['--format=json', 'run-prepared', uuid])));
    t.is(results.filter(({stdout}) => stdout === 'ran\n').length, 1);
    for (const {exitCode, error, stdout} of results.filter((result) => result.stdout !== 'ran\n')) {
      t.is(stdout, '');
      t.is(exitCode, 254);
      t.true(['RKT_POD_STATE', 'RKT_POD_BUSY', 'RKT_POD_UNKNOWN'].includes(error?.code ?? ''), error?.code);
    }
  }
});

kernelTest('S20 run-prepared, rm and gc at once: the pod runs or is removed, never both, never half', async (t) => {
  // What expires here must not be another test's.
  const own = openHost();
  for (let round = 0; round < 6; round++) {
    const uuid = await prepare('echo ran', own);
    const [ran, removed] = await Promise.all([
      own.rkt(['--format=json', 'run-prepared', uuid]),
      own.rkt(['--format=json', 'rm', uuid]),
      own.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']),
      own.rkt(['gc', '--grace-period=0s']),
    ]);
    if (ran.exitCode === 0) t.is(ran.stdout, 'ran\n');
    else {
      t.is(ran.exitCode, 254);
      t.is(ran.stdout, '');
      t.not(ran.error?.code, 'RKT_INTERNAL');
    }
    t.not(removed.error?.code, 'RKT_INTERNAL', removed.stderr);
  }
  await own.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
  t.deepEqual(
    (await own.pods()).filter(({state}) => state !== 'running'),
    [],
  );
  await own.close();
});

kernelTest('S20 gc never touches a pod that runs', async (t) => {
  const pod = await host.start('echo ready; while :; do cat /bin/busybox > /dev/null || exit 3; sleep 0.05; done');
  for (let round = 0; round < 5; round++) await host.rkt(['gc', '--grace-period=0s']);
  t.is((await host.pods()).find(({name}) => name === pod.uuid)?.state, 'running');
  const {signal} = await pod.end('SIGKILL');
  t.is(signal, 'SIGKILL');
});

kernelTest('S20 stop reaches the processes of the pod and nobody else', async (t) => {
  // The number of the process that launched a pod is free again once it has ended: whoever has it now must not be hit.
  const pod = await host.start('(trap "" TERM; sleep 61) & echo ready; exec sleep 60');
  const bystander = await host.start('echo ready; exec sleep 60');
  const stopped = await host.rkt(['stop', '--force', pod.uuid]);
  t.is(stopped.exitCode, 0, stopped.stderr);
  await pod.ended;
  await until(async () => (await host.pods()).find(({name}) => name === pod.uuid)?.state !== 'running');
  t.is((await host.pods()).find(({name}) => name === bystander.uuid)?.state, 'running');
  const again = await host.rkt(['--format=json', 'stop', '--force', pod.uuid]);
  t.not(again.error?.code, 'RKT_INTERNAL');
  t.is((await host.pods()).find(({name}) => name === bystander.uuid)?.state, 'running');
  await bystander.end();
});

kernelTest('S20 a pod whose first process has ended runs as long as another of its processes lives', async (t) => {
  const pod = await host.start('sleep 60 >/dev/null 2>&1 </dev/null & echo ready; exit 0');
  await pod.ended;
  t.is((await host.pods()).find(({name}) => name === pod.uuid)?.state, 'running');
  await host.rkt(['gc', '--grace-period=0s']);
  t.is((await host.pods()).find(({name}) => name === pod.uuid)?.state, 'running');
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await until(async () => (await host.pods()).find(({name}) => name === pod.uuid)?.state !== 'running');
});

kernelTest('S20 fetches and runs of one image at once share one copy', async (t) => {
  const other = openHost();
  const image = buildImage();
  const results = await Promise.all([1, 2, 3, 4].map(() => other.sh('echo ran', {image})));
  t.deepEqual(
    results.map(({stdout, stderr}) => stdout + stderr),
    results.map(() => 'ran\n'),
  );
  const {stdout} = await other.rkt(['image', 'list', '--format=json']);
  t.is((JSON.parse(stdout) as unknown[]).length, 1);
  await other.close();
});
