import {env} from 'node:process';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf, testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {atOnce} from './support/at-once.ts';

/* S20: pods directory, locks and numbers of processes under concurrent commands. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());
/** Programs that start at once need every turn that there is. */
const raceTest = serialTestIf(lacksPods());
const ROUNDS = env.RKT_TEST_LONG ? 30 : 5;

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

raceTest('S20 of several that run a prepared pod, exactly one does', async (t) => {
  for (let round = 0; round < ROUNDS; round++) {
    const uuid = await prepare('echo ran');
    const results = await atOnce(
      host.directory,
      [1, 2, 3, 4].map(() => (options) => host.rkt(['--format=json', 'run-prepared', uuid], options)),
    );
    t.is(results.filter(({stdout}) => stdout === 'ran\n').length, 1);
    for (const {exitCode, error, stdout} of results.filter((result) => result.stdout !== 'ran\n')) {
      t.is(stdout, '');
      t.is(exitCode, 254);
      t.true(['RKT_POD_STATE', 'RKT_POD_BUSY', 'RKT_POD_UNKNOWN'].includes(error?.code ?? ''), error?.code);
    }
  }
});

raceTest('S20 run-prepared, rm and gc at once: the pod runs or is removed, never both, never half', async (t) => {
  // What expires here must not be another test's.
  const own = openHost();
  t.teardown(() => own.close());
  for (let round = 0; round < ROUNDS; round++) {
    const uuid = await prepare('echo ran', own);
    const commands = [
      ['run-prepared', uuid],
      ['rm', uuid],
      ['gc', '--grace-period=0s', '--expire-prepared=0s'],
      ['gc', '--grace-period=0s'],
    ];
    const results = await atOnce(
      own.directory,
      commands.map((args) => (options) => own.rkt(['--format=json', ...args], options)),
    );
    for (const {error, stderr} of results) t.not(error?.code, 'RKT_INTERNAL', stderr);
    t.like(results[0], results[0]?.exitCode === 0 ? {stdout: 'ran\n'} : {exitCode: 254, stdout: ''});
  }
  t.is((await own.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'])).exitCode, 0);
  t.deepEqual(
    (await own.pods()).filter(({state}) => state !== 'running'),
    [],
  );
});

kernelTest('S20 gc never touches a pod that runs', async (t) => {
  const own = openHost();
  t.teardown(() => own.close());
  const pod = await own.start('echo ready; while read -r line; do cat /bin/busybox >/dev/null && echo $line; done');
  let answers = '';
  pod.child.stdout?.on('data', (data: Buffer) => {
    answers += data.toString();
  });
  let asked = 0;
  for (let round = 0; round < 5; round++) {
    let over = false;
    const collected = own.rkt(['gc', '--grace-period=0s']).finally(() => {
      over = true;
    });
    // All the while it has its files.
    while (!over) {
      const question = `read-${++asked}`;
      pod.child.stdin?.write(`${question}\n`);
      await until(() => answers.endsWith(`${question}\n`));
    }
    t.is((await collected).exitCode, 0);
  }
  t.is((await own.pods()).find(({name}) => name === pod.uuid)?.state, 'running');
  const {signal} = await pod.end('SIGKILL');
  t.is(signal, 'SIGKILL');
});

kernelTest('S20 stop reaches the processes of the pod and nobody else', async (t) => {
  // The number of the process that launched a pod is free again once it has ended: whoever has it now must not be hit.
  const pod = await host.start('exec 3<&0; (trap "" TERM; exec cat <&3) & echo ready; exec cat');
  const bystander = await host.start('echo ready; exec cat');
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
  const own = openHost();
  t.teardown(() => own.close());
  // It waits for a writer that never comes.
  const pod = await own.start('mkfifo /tmp/never; cat /tmp/never >/dev/null 2>&1 & echo ready; exit 0');
  await pod.ended;
  const isRunning = async () => (await own.pods()).find(({name}) => name === pod.uuid)?.state === 'running';
  t.true(await isRunning());
  t.is((await own.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  t.true(await isRunning());
  t.is((await own.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await until(async () => !(await isRunning()));
});

raceTest('S20 fetches and runs of one image at once share one copy', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  const image = buildImage();
  const results = await atOnce(
    other.directory,
    [1, 2, 3, 4].map(() => (options) => other.sh('echo ran', {...options, image})),
  );
  t.deepEqual(
    results.map(({stdout, stderr}) => stdout + stderr),
    results.map(() => 'ran\n'),
  );
  const {stdout} = await other.rkt(['image', 'list', '--format=json']);
  t.is((JSON.parse(stdout) as unknown[]).length, 1);
});
