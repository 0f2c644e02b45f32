import {chmodSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {asNobody} from '../helpers/as-nobody.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

const kernelTest = testIf(lacksPods());

/** Pods of one test are nobody else's: gc takes all of a host. */
const withHost = (title: string, run: (t: ExecutionContext, host: Host) => Promise<void>) =>
  kernelTest(title, async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    await run(t, host);
  });

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const prepare = async (host: Host, script: string, ...flags: string[]): Promise<string> => {
  const command = ['--insecure-options=image', 'prepare', '--stage1=fly', ...flags, buildImage()];
  const {stdout, stderr} = await host.rkt([...command, '--exec=/bin/sh', '--', '-c', script]);
  if (!UUID.test(stdout.trim())) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return stdout.trim();
};

const only = async (host: Host) => {
  const pods = await host.pods();
  if (pods.length !== 1 || pods[0] === undefined) throw new Error(`${pods.length} pods`);
  return pods[0];
};

withHost('a pod is prepared, runs, is over, is marked and removed', async (t, host) => {
  const uuid = await prepare(host, 'exit 5');
  t.like(await only(host), {name: uuid, state: 'prepared', app_names: ['test'], flavor: 'fly'});
  const ran = await host.rkt(['--format=json', 'run-prepared', uuid.slice(0, 8)]);
  t.is(ran.exitCode, 5);
  t.like(await only(host), {state: 'exited'});
  t.is((await host.rkt(['run-prepared', '--format=json', uuid])).error?.code, 'RKT_POD_STATE');
  await host.rkt(['gc']);
  t.like(await only(host), {state: 'exited garbage'});
  await host.rkt(['gc', '--grace-period=0s']);
  t.deepEqual(await host.pods(), []);
});

withHost('list has the columns of rkt', async (t, host) => {
  const uuid = await prepare(host, 'true');
  const short = (await host.rkt(['list'])).stdout.split('\n');
  t.deepEqual(short[0]?.split(/\t+/), ['UUID', 'APP', 'IMAGE NAME', 'STATE', 'CREATED', 'STARTED', 'NETWORKS']);
  t.deepEqual(short[1]?.split(/\t+/).slice(0, 4), [uuid.slice(0, 8), 'test', 'example.com/test:1.0.0', 'prepared']);
  const full = (await host.rkt(['list', '--full', '--no-legend'])).stdout.split('\n');
  const [id, app, image, imageId, state, created] = full[0]?.split(/\t+/) ?? [];
  t.deepEqual([id, app, image, state], [uuid, 'test', 'example.com/test:1.0.0', 'prepared']);
  t.regex(imageId ?? '', /^sha512-[0-9a-f]{12}$/);
  t.regex(created ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+$/);
});

withHost('status tells what rkt told, line by line, and waits', async (t, host) => {
  const pod = await host.start('echo ready; cat');
  const running = (await host.rkt(['status', pod.uuid])).stdout;
  t.regex(running, /^state=running\ncreated=.+\nstarted=.+\nnetworks=\npid=(\d+)\nexited=false\n/);
  t.is(Number(/^pid=(\d+)$/m.exec(running)?.[1]), pod.pid);
  t.is((await host.rkt(['status', '--wait-ready=60s', pod.uuid])).exitCode, 0);
  const early = await host.rkt(['--format=json', 'status', '--wait=200ms', pod.uuid]);
  t.is(early.exitCode, 254);
  t.is(early.error?.code, 'RKT_WAIT_EXPIRED');
  const waiting = host.rkt(['--format=json', 'status', '--wait', pod.uuid]);
  await pod.end();
  const over = await waiting;
  t.is(over.exitCode, 0);
  t.like(JSON.parse(over.stdout), {name: pod.uuid, state: 'exited', apps: [{name: 'test', state: 'exited'}]});
  t.regex((await host.rkt(['status', pod.uuid])).stdout, /^exited=true$/m);
});

withHost('a pod that is over is never ready', async (t, host) => {
  const uuid = await prepare(host, 'true');
  await host.rkt(['run-prepared', uuid]);
  t.is((await host.rkt(['--format=json', 'status', '--wait-ready', uuid])).error?.code, 'RKT_POD_STATE');
});

withHost('stop ends several pods, and none that is over', async (t, host) => {
  const [one, two] = await Promise.all(['one', 'two'].map(() => host.start('echo ready; exec cat')));
  if (one === undefined || two === undefined) return t.fail();
  const stopped = await host.rkt(['stop', one.uuid, two.uuid]);
  t.is(stopped.exitCode, 0, stopped.stderr);
  t.deepEqual(stopped.stdout.trim().split('\n'), [`"${one.uuid}"`, `"${two.uuid}"`]);
  t.is((await one.ended).signal, 'SIGTERM');
  t.is((await two.ended).signal, 'SIGTERM');
  const again = await host.rkt(['stop', one.uuid]);
  t.is(again.exitCode, 0);
  t.is(again.stdout, `pod "${one.uuid}" is already stopped\n`);
});

withHost('stop --force kills an app that does not want to end', async (t, host) => {
  const pod = await host.start('trap "" TERM; echo ready; exec cat');
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  t.is((await pod.ended).signal, 'SIGKILL');
  t.like(await only(host), {state: 'exited'});
});

withHost('stop tells of every pod that it cannot stop, and stops the others', async (t, host) => {
  const pod = await host.start('echo ready; exec cat');
  const uuid = await prepare(host, 'true');
  const {exitCode, stderr, stdout} = await host.rkt(['stop', 'f'.repeat(8), uuid, pod.uuid]);
  t.is(exitCode, 254);
  t.regex(stderr, /^code: RKT_POD_UNKNOWN$/m);
  t.regex(stderr, /^code: RKT_POD_STATE$/m);
  t.is(stdout, `"${pod.uuid}"\n`);
});

withHost('rm takes what does not run, and nothing that does', async (t, host) => {
  const pod = await host.start('echo ready; exec cat');
  t.is((await host.rkt(['--format=json', 'rm', pod.uuid])).error?.code, 'RKT_POD_STATE');
  await pod.end();
  const uuid = await prepare(host, 'true');
  const removed = await host.rkt(['rm', pod.uuid, uuid]);
  t.is(removed.stdout, `"${pod.uuid}"\n"${uuid}"\n`);
  t.deepEqual(host.podDirectories(), {});
});

withHost('a pod is named by a file, and a bad file exits as in rkt', async (t, host) => {
  const file = path.join(host.directory, 'uuid');
  const ran = await host.sh('true', {pod: [`--uuid-file-save=${file}`]});
  t.is(ran.exitCode, 0, ran.stderr);
  const uuid = readFileSync(file, 'utf8');
  t.regex(uuid, UUID);
  t.regex((await host.rkt(['status', `--uuid-file=${file}`])).stdout, /^state=exited$/m);
  t.is((await host.rkt(['cat-manifest', `--uuid-file=${file}`])).exitCode, 0);
  const missing = `--uuid-file=${file}-missing`;
  t.is((await host.rkt(['status', missing])).exitCode, 1);
  t.is((await host.rkt(['stop', missing])).exitCode, 1);
  t.is((await host.rkt(['rm', missing])).exitCode, 254);
  t.is((await host.rkt(['rm', `--uuid-file=${file}`])).stdout, `"${uuid}"\n`);
});

withHost('a UUID is saved even if the launch fails, and the pod is gone', async (t, host) => {
  const file = path.join(host.directory, 'uuid');
  const {error} = await host.sh('true', {pod: [`--uuid-file-save=${file}`], app: ['--working-dir=/nowhere']});
  t.truthy(error);
  t.regex(readFileSync(file, 'utf8'), UUID);
  t.deepEqual(host.podDirectories(), {});
});

withHost('run-prepared with options that do not fit leaves the pod prepared', async (t, host) => {
  const uuid = await prepare(host, 'cat /etc/resolv.conf');
  for (const flags of [['--net=none'], ['--hostname=other'], ['--dns=nonsense'], ['--mds-register']]) {
    const {exitCode, error} = await host.rkt(['--format=json', 'run-prepared', ...flags, uuid]);
    t.is(exitCode, 254);
    t.not(error?.code, 'RKT_INTERNAL', flags.join(' '));
    t.like(await only(host), {state: 'prepared'}, flags.join(' '));
  }
  const {stdout} = await host.rkt(['run-prepared', '--dns=192.0.2.1', uuid]);
  t.is(stdout, 'nameserver 192.0.2.1\n');
});

withHost('run-prepared that cannot launch retires the pod with its report', async (t, host) => {
  const uuid = await prepare(host, 'true', '--volume=data,kind=empty');
  const {error} = await host.rkt(['--format=json', 'run-prepared', uuid], {
    env: {RKT_FAULT: 'launch.prepare:error'},
  });
  t.is(error?.code, 'RKT_FAULT_INJECTED');
  t.deepEqual(host.podDirectories(), {'exited-garbage': [uuid]});
  t.regex((await host.rkt(['status', uuid])).stdout, /^enforced=/m);
});

withHost('gc --dry-run gives a reason for each pod', async (t, host) => {
  const uuid = await prepare(host, 'true');
  await host.rkt(['run-prepared', uuid]);
  const waiting = await prepare(host, 'true');
  const {stdout} = await host.rkt(['--format=json', 'gc', '--dry-run', '--grace-period=0s']);
  const actions = JSON.parse(stdout) as {uuid: string; action: string; reason: string}[];
  t.deepEqual(
    new Map(actions.map(({uuid: of, action}) => [of, action])),
    new Map([
      [uuid, 'mark'],
      [waiting, 'keep'],
    ]),
  );
  for (const {reason} of actions) t.true(reason.length > 0);
  t.deepEqual(Object.keys(host.podDirectories()).sort(), ['prepared', 'run']);
});

withHost('PO-03 cat-manifest prints the reified manifest', async (t, host) => {
  const uuid = await prepare(host, 'true');
  const pretty = (await host.rkt(['cat-manifest', uuid])).stdout;
  t.like(JSON.parse(pretty), {acKind: 'PodManifest', apps: [{name: 'test', app: {exec: ['/bin/sh', '-c', 'true']}}]});
  t.true(pretty.includes('\n  '));
  const line = (await host.rkt(['cat-manifest', '--pretty-print=false', uuid])).stdout;
  t.is(line.trim().split('\n').length, 1);
  t.deepEqual(JSON.parse(line), JSON.parse(pretty));
  t.regex((await host.rkt(['--format=yaml', 'cat-manifest', uuid])).stdout, /^acKind: PodManifest$/m);
});

for (const flag of ['--no-overlay=false', '--no-overlay'])
  withHost(`IM-04 export makes an image of what the app left: ${flag}`, async (t, host) => {
    const uuid = await prepare(host, 'echo new > /etc/new; rm /bin/wc; chmod 4711 /bin/busybox', flag);
    const output = path.join(host.directory, 'out.aci');
    t.is((await host.rkt(['--format=json', 'export', uuid, output])).error?.code, 'RKT_POD_STATE');
    await host.rkt(['run-prepared', uuid]);
    const exported = await host.rkt(['export', uuid, output]);
    t.is(exported.exitCode, 0, exported.stderr);
    t.is((await host.rkt(['--format=json', 'export', uuid, output])).error?.code, 'RKT_IMAGE_OUTPUT_EXISTS');
    t.is((await host.rkt(['export', '--overwrite', uuid, output])).exitCode, 0);
    t.is((await host.rkt(['--format=json', 'export', uuid, `${output}.tar`])).exitCode, 254);
    const again = await host.sh('cat /etc/new; ls /bin/wc; stat -c %a /bin/busybox', {image: output});
    t.is(again.stdout, 'new\n4711\n', again.stderr);
  });

for (const flag of ['--no-overlay=false', '--no-overlay'])
  withHost(`S10 no file that an app can make keeps its pod from being exported: ${flag}`, async (t, host) => {
    const make =
      'cd /tmp; ln -s nowhere a; ln a b; mkfifo p; ln p q; touch -d @-5 old; dd if=/dev/null of=lastlog bs=1 seek=100G; ' +
      'printf begin > database; dd if=/dev/null of=database bs=1 seek=50M; printf end >> database';
    const uuid = await prepare(host, make, flag);
    const output = path.join(host.directory, 'out.aci');
    await host.rkt(['run-prepared', uuid]);
    const exported = await host.rkt(['export', uuid, output]);
    t.is(exported.exitCode, 0, exported.stderr);
    const look =
      'cd /tmp; stat -c "%h %F" b q; stat -c %Y old; stat -c %s lastlog database; head -c 5 database; tail -c 3 database';
    const again = await host.sh(look, {image: output});
    const sizes = [100 * 2 ** 30, 50 * 2 ** 20 + 3];
    t.is(again.stdout, `2 symbolic link\n2 fifo\n-5\n${sizes.join('\n')}\nbeginend`, again.stderr);
  });

withHost('S12 a damaged image is not replaced below a pod that runs, and no other pod runs on it', async (t, host) => {
  const pod = await host.start('echo ready; cat', {stage1: 'fly'});
  const waiting = await prepare(host, 'exit 5');
  const [id = ''] = readdirSync(path.join(host.data, 'cas/images'));
  chmodSync(path.join(host.data, 'cas/images', id, 'rootfs/tmp'), 0o700);
  const verify = () => host.rkt(['--format=json', 'image', 'verify', id]);
  const run = () => host.rkt(['--format=json', 'run', '--stage1=fly', id, '--exec=/bin/true']);
  const refused = await verify();
  t.is(refused.error?.code, 'RKT_IMAGE_DAMAGED_IN_USE');
  t.deepEqual(refused.error?.fields.pods, [pod.uuid]);
  const runPrepared = () => host.rkt(['--format=json', 'run-prepared', waiting]);
  for (const other of [run, runPrepared]) t.is((await other()).error?.code, 'RKT_IMAGE_DAMAGED');
  t.is((await host.enter(pod.uuid, 'stat -c %a /tmp')).stdout, '700\n');
  await pod.end();
  t.is((await verify()).exitCode, 0);
  t.is((await run()).exitCode, 0);
  t.is((await runPrepared()).exitCode, 5);
});

withHost('a copy instead of an overlay is told in the report', async (t, host) => {
  const uuid = await prepare(host, 'true', '--no-overlay');
  t.regex((await host.rkt(['status', uuid])).stdout, /^modified=rootfs\/overlay \(test\): /m);
});

kernelTest('nobody but root makes, runs or removes pods', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const through = asNobody();
  for (const args of [['prepare', 'x'], ['run', 'x'], ['run-prepared', 'a'], ['rm', 'a'], ['gc'], ['enter', 'a']]) {
    const {error, exitCode} = await host.rkt(['--format=json', ...args], {through});
    t.is(exitCode, 254);
    t.is(error?.code, 'RKT_ROOT_NEEDED', args[0]);
  }
});
