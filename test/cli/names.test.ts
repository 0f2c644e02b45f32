import {existsSync, readdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage, imageManifest} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* Names of pods, pods that are removed when they have exited, and commands for all pods. */

const kernelTest = testIf(lacksPods());
const withHost = (title: string, run: (t: ExecutionContext, host: Host) => Promise<void>) =>
  kernelTest(title, async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    await run(t, host);
  });

const prepare = async (host: Host, ...flags: string[]): Promise<string> => {
  const {stdout, stderr} = await host.rkt([
    'prepare',
    '--stage1=fly',
    ...flags,
    'example.com/test',
    '--exec=/bin/true',
  ]);
  if (stdout.length !== 37) throw new Error(`rkt prepare: ${stdout}${stderr}`);
  return stdout.trim();
};
const codeOf = async (host: Host, ...args: string[]) => (await host.rkt(['--format=json', ...args])).error?.code;

withHost('a name is as good as a UUID, for every command', async (t, host) => {
  await host.fetch();
  const pod = await host.start('echo ready; cat', {stage1: 'fly', pod: ['--pod-name=web-1']});
  const status = await host.rkt(['status', 'web-1']);
  t.regex(status.stdout, /^name=web-1$/m);
  t.is((await host.rkt(['enter', 'web-1', 'echo', 'inside'])).stdout, 'inside\n');
  t.is((await host.rkt(['cat-manifest', 'web-1'])).exitCode, 0);
  const [listed] = JSON.parse((await host.rkt(['list', '--format=json'])).stdout) as {pod_name?: string}[];
  t.is(listed?.pod_name, 'web-1');
  const [header, row] = (await host.rkt(['list'])).stdout.split('\n');
  t.regex(header ?? '', /\tNAME$/);
  t.regex(row ?? '', /\tweb-1$/);
  t.is((await host.rkt(['stop', 'web-1'])).stdout, `"${pod.uuid}"\n`);
  await pod.ended;
  t.is((await host.rkt(['export', 'web-1', path.join(host.directory, 'web.aci')])).exitCode, 0);
  t.is((await host.rkt(['rm', 'web-1'])).stdout, `"${pod.uuid}"\n`);
  t.is(await codeOf(host, 'status', 'web-1'), 'RKT_POD_UNKNOWN');
  t.deepEqual(readdirSync(path.join(host.data, 'pod-names')), []);
});

withHost('two pods never have one name, and the second leaves nothing behind', async (t, host) => {
  await host.fetch();
  const uuid = await prepare(host, '--pod-name=web');
  const {error} = await host.rkt(['--format=json', 'prepare', '--stage1=fly', '--pod-name=web', 'example.com/test']);
  t.is(error?.code, 'RKT_POD_NAME_TAKEN');
  t.like(error?.fields, {name: 'web', owner: uuid});
  t.deepEqual(host.podDirectories(), {prepared: [uuid]});
  await host.rkt(['run-prepared', 'web']);
  // It has exited and may be looked at.
  t.is(await codeOf(host, 'run', '--stage1=fly', '--pod-name=web', 'example.com/test'), 'RKT_POD_NAME_TAKEN');
  const race = await Promise.all(
    ['race', 'race', 'race'].map((name) => prepare(host, `--pod-name=${name}`).catch(() => '')),
  );
  t.is(race.filter((made) => made !== '').length, 1);
});

withHost('a name whose rkt was killed is free', async (t, host) => {
  await host.fetch();
  const {signal} = await host.sh('true', {
    stage1: 'fly',
    pod: ['--pod-name=web'],
    env: {RKT_FAULT: 'pod.manifest:kill'},
  });
  t.is(signal, 'SIGKILL');
  await host.rkt(['gc', '--grace-period=0s']);
  t.deepEqual(readdirSync(path.join(host.data, 'pod-names')), []);
  t.is((await host.sh('true', {stage1: 'fly', pod: ['--pod-name=web']})).exitCode, 0);
});

withHost('--rm: the next gc removes the pod at once, and so does the next pod of its name', async (t, host) => {
  await host.fetch();
  const pod = ['--rm', '--pod-name=web'];
  t.is((await host.sh('exit 3', {stage1: 'fly', pod})).exitCode, 3);
  const [before] = host.podDirectories().run ?? [];
  t.is((await host.sh('exit 4', {stage1: 'fly', pod})).exitCode, 4);
  const [after, more] = host.podDirectories().run ?? [];
  t.not(after, before);
  t.is(more, undefined);
  const kept = await prepare(host);
  await host.rkt(['run-prepared', kept]);
  await host.rkt(['gc']);
  t.deepEqual(host.podDirectories(), {'exited-garbage': [kept]});
});

withHost('--all: stop takes all that run, rm all that do not', async (t, host) => {
  await host.fetch();
  const pods = await Promise.all([0, 1].map(() => host.start('echo ready; exec cat', {stage1: 'fly'})));
  const uuid = await prepare(host);
  t.is((await host.rkt(['rm', '--all'])).stdout, `"${uuid}"\n`);
  const stopped = await host.rkt(['stop', '--all']);
  t.deepEqual(stopped.stdout.trim().split('\n').sort(), pods.map((pod) => `"${pod.uuid}"`).sort());
  await Promise.all(pods.map((pod) => pod.ended));
  t.is((await host.rkt(['rm', '--all'])).exitCode, 0);
  t.deepEqual(host.podDirectories(), {});
  t.deepEqual(await host.rkt(['stop', '--all']).then(({exitCode, stdout}) => [exitCode, stdout]), [0, '']);
});

withHost('an image that pods only wait for can be removed: they run, and nobody else with it', async (t, host) => {
  const id = await host.fetch();
  const uuids = [await prepare(host), await prepare(host)].sort();
  const {stdout} = await host.rkt(['--format=json', 'image', 'rm', 'example.com/test']);
  t.deepEqual(JSON.parse(stdout), [{id, removed: true, staysFor: uuids}]);
  for (const command of ['run', 'image rm', 'image cat-manifest'])
    t.is(await codeOf(host, ...command.split(' '), 'example.com/test'), 'RKT_IMAGE_NOT_FOUND', command);
  t.is((await host.rkt(['image', 'list', '--no-legend'])).stdout, '');
  t.is((await host.rkt(['image', 'gc', '--grace-period=0s'])).stdout, '');
  for (const uuid of uuids) {
    t.is((await host.rkt(['run-prepared', uuid])).exitCode, 0);
    t.notRegex((await host.rkt(['gc'])).stdout, /image/);
  }
  t.regex((await host.rkt(['gc', '--grace-period=0s'])).stdout, new RegExp(`^removed the image ${id}$`, 'm'));
  t.deepEqual(readdirSync(path.join(host.data, 'cas/images')), []);
});

withHost('an image that was removed and is fetched again is one like any other', async (t, host) => {
  const id = await host.fetch();
  const uuid = await prepare(host);
  await host.rkt(['image', 'rm', id]);
  t.is(await host.fetch(), id);
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  t.is(await codeOf(host, 'image', 'cat-manifest', 'example.com/test'), undefined);
});

withHost('an image that only exited pods use can be removed; they cannot be exported then', async (t, host) => {
  await host.fetch();
  const pod = await host.start('echo ready; cat', {stage1: 'fly'});
  t.is(await codeOf(host, 'image', 'rm', 'example.com/test'), 'RKT_IMAGE_IN_USE');
  await pod.end();
  const {uuid} = pod;
  t.is((await host.rkt(['image', 'rm', 'example.com/test'])).exitCode, 0);
  t.is((await host.rkt(['status', uuid])).exitCode, 0);
  t.is(await codeOf(host, 'export', uuid, path.join(host.directory, 'x.aci')), 'RKT_POD_IMAGE_GONE');
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
});

withHost(
  'an image is meant by the half of its ID that rkt kept, by its beginning, and told as rkt told it',
  async (t, host) => {
    const id = await host.fetch();
    const half = id.slice(0, 'sha512-'.length + 64);
    const manifest = host.manifest(half, {app: {exec: ['/bin/true'], user: '0', group: '0'}});
    const {stdout, stderr} = await host.rkt(['prepare', '--stage1=fly', `--pod-manifest=${manifest}`]);
    t.is(stderr, '');
    const [whole, short] = await Promise.all(
      [['--full'], []].map((flags) => host.rkt(['list', '--no-legend', ...flags])),
    );
    t.is(whole?.stdout.split('\t')[3], id.slice(0, 'sha512-'.length + 12));
    t.false(short?.stdout.includes('sha512-'));
    t.is(JSON.parse((await host.rkt(['list', '--format=json'])).stdout)[0].apps[0].image_id, id);
    t.is(JSON.parse((await host.rkt(['cat-manifest', stdout.trim()])).stdout).apps[0].image.id, id);
    for (const text of [id, half, id.slice(0, 9)])
      t.is((await host.rkt(['image', 'cat-manifest', text])).exitCode, 0, text);
  },
);

withHost('times are in nanoseconds, of pods and of their apps', async (t, host) => {
  await host.fetch();
  const before = Date.now();
  const pod = await host.start('echo ready; cat', {stage1: 'fly'});
  const status = JSON.parse((await host.rkt(['status', '--format=json', pod.uuid])).stdout);
  for (const time of [status.created_at, status.started_at, status.apps[0].created_at, status.apps[0].started_at])
    t.true(time >= before * 1e6 && time <= Date.now() * 1e6, String(time));
  await pod.end();
});

withHost('image rm refuses a name that several images have, and says which', async (t, host) => {
  const version = (value: string) =>
    buildImage({
      files: {'/version': value},
      manifest: {
        labels: imageManifest({}).labels.map((label) => (label.name === 'version' ? {...label, value} : label)),
      },
    });
  const ids = [await host.fetch(version('1')), await host.fetch(version('2'))];
  const {error} = await host.rkt(['--format=json', 'image', 'rm', 'example.com/test']);
  t.is(error?.code, 'RKT_IMAGE_AMBIGUOUS');
  for (const [index, id] of ids.entries())
    t.true(String(error?.fields.candidates).includes(`${id.slice(0, 23)} (version ${index + 1})`), error?.message);
  t.is((await host.rkt(['image', 'rm', 'example.com/test:1'])).exitCode, 0);
  t.is((await host.rkt(['image', 'rm', 'example.com/test'])).stdout, `removed the image ${ids[1]}\n`);
});

withHost('status waits for the file of --uuid-file, and for a pod of a name', async (t, host) => {
  await host.fetch();
  const file = path.join(host.directory, 'later');
  const status = (wait: string) => host.rkt(['--format=json', 'status', wait, `--uuid-file=${file}`]);
  t.is((await status('--wait-ready=10ms')).error?.code, 'RKT_UUID_FILE_UNUSABLE');
  t.is(await codeOf(host, 'status', '--wait-ready=10ms', 'later'), 'RKT_POD_UNKNOWN');
  t.is(await codeOf(host, 'status', '--wait-ready', 'f00d'), 'RKT_POD_UNKNOWN');
  const ready = status('--wait-ready');
  const named = host.rkt(['--format=json', 'status', '--wait-ready', 'later']);
  const pod = await host.start('echo ready; cat', {stage1: 'fly', pod: ['--pod-name=later']});
  t.like(JSON.parse((await named).stdout), {name: pod.uuid, state: 'running'});
  writeFileSync(file, '');
  writeFileSync(file, pod.uuid);
  t.like(JSON.parse((await ready).stdout), {name: pod.uuid, state: 'running'});
  const over = status('--wait');
  await pod.end();
  t.like(JSON.parse((await over).stdout), {name: pod.uuid, state: 'exited'});
  t.regex((await host.rkt(['status', 'later'])).stdout, /^exit-status=not recorded: /m);
});

withHost(
  'a pod that is over is no reason to give up waiting for the next of its name, if that takes its place',
  async (t, host) => {
    await host.fetch();
    const start = () => host.start('echo ready; cat', {stage1: 'fly', pod: ['--pod-name=again', '--rm']});
    const first = await start();
    await first.end();
    t.like(JSON.parse((await host.rkt(['--format=json', 'status', '--wait', 'again'])).stdout), {name: first.uuid});
    t.is(await codeOf(host, 'status', '--wait-ready=10ms', 'again'), 'RKT_POD_STATE');
    const ready = host.rkt(['--format=json', 'status', '--wait-ready', 'again']);
    const second = await start();
    t.like(JSON.parse((await ready).stdout), {name: second.uuid, state: 'running'});
    await second.end();
    const kept = await host.start('echo ready; cat', {stage1: 'fly', pod: ['--pod-name=kept']});
    await kept.end();
    t.is(await codeOf(host, 'status', '--wait-ready', 'kept'), 'RKT_POD_STATE');
  },
);

withHost('EX-16 what only looks makes no data directory', async (t, host) => {
  const absent = `--dir=${host.directory}/absent`;
  for (const typed of [
    ['list'],
    ['status', 'a'],
    ['gc'],
    ['image', 'list'],
    ['image', 'gc'],
    ['image', 'verify'],
    ['image', 'verify', '--rebuild'],
    ['image', 'cat-manifest', 'x'],
    ['image', 'export', 'x', 'y.aci'],
    ['image', 'rm', 'x'],
    ['flavor', 'list'],
    ['flavor', 'show', 'fly'],
    ['flavor', 'doctor'],
    ['__complete', 'pods'],
    ['__complete', 'images'],
    ['__complete', 'flavors'],
    ['plan', 'x'],
  ]) {
    await host.rkt([absent, ...typed]);
    t.false(existsSync(path.join(host.directory, 'absent')), typed.join(' '));
  }
});

withHost('image export writes the archive to standard output, too', async (t, host) => {
  const id = await host.fetch();
  const file = path.join(host.directory, 'x.aci');
  t.is((await host.rkt(['image', 'export', id, file])).exitCode, 0);
  const through = ['/bin/sh', '-c', '"$@" | cmp - "$FILE"', 'sh'];
  const same = await host.rkt(['image', 'export', id, '-'], {through, env: {FILE: file}});
  t.deepEqual([same.exitCode, same.stderr], [0, '']);
});

withHost('completion proposes names before IDs, and only pods that fit', async (t, host) => {
  const id = await host.fetch();
  const pod = await host.start('echo ready; cat', {stage1: 'fly', pod: ['--pod-name=web']});
  const waiting = await prepare(host);
  const ask = async (what: string) => (await host.rkt(['__complete', what])).stdout.trim().split('\n');
  t.deepEqual(await ask('images'), ['example.com/test:1.0.0', id]);
  t.deepEqual(await ask('pods'), ['web', ...[pod.uuid, waiting].sort()]);
  t.deepEqual(await ask('pods-running'), ['web', pod.uuid]);
  t.deepEqual(await ask('pods-prepared'), [waiting]);
  t.deepEqual(await ask('pods-idle'), [waiting]);
  t.deepEqual(await ask('pods-exited'), ['']);
  await pod.end();
});

withHost('S15 completion proposes nothing that a shell would run', async (t, host) => {
  const labels = imageManifest({}).labels.map(({name, value}) =>
    name === 'version' ? {name, value: '1$(>/substituted)`>/backquoted`'} : {name, value},
  );
  const id = await host.fetch({manifest: {labels}});
  const {stdout} = await host.rkt(['__complete', 'images']);
  t.deepEqual(stdout.trim().split('\n'), ['example.com/test', id]);
});

withHost('errors are as pretty as results', async (t, host) => {
  const {stderr} = await host.rkt(['--format=json-pretty', 'status', 'a']);
  t.true(stderr.startsWith('{\n  "code": "RKT_POD_UNKNOWN",\n'), stderr);
  t.is(JSON.parse(stderr).command, 'status');
});
