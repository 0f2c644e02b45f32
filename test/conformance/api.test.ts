import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {flavor, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What programs import, as it is built: each verb does what its command does, and returns or throws. */

const api = (await import(path.join(root, 'core/dist/index.js'))) as typeof import('@rkt/core');
const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const options = {
  dir: host.data,
  systemConfig: path.join(host.directory, 'usr'),
  localConfig: path.join(host.directory, 'etc'),
  insecureOptions: ['image'],
};
const shell = (script: string) => ({
  stage1: flavor,
  apps: [{image: buildImage(), exec: '/bin/sh', args: ['-c', script]}],
});
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof api.RktError ? error.code : error),
  );

kernelTest('a pod that is run is a child with its streams, and its exit status is that of the app', async (t) => {
  const pod = await api.run(
    shell('read line; echo "got $line"; echo oops >&2; exit 3'),
    {stdio: ['pipe', 'pipe', 'pipe']},
    options,
  );
  t.is((await api.status(pod.uuid, {}, options)).state, 'running');
  pod.stdin?.end('hello\n');
  const [out, error] = await Promise.all([pod.stdout, pod.stderr].map((stream) => (stream ? text(stream) : '')));
  t.is(out, 'got hello\n');
  t.true(error?.endsWith('oops\n'), error);
  t.deepEqual(await pod.wait(), {exitCode: 3, signal: null});
  t.deepEqual(await pod.wait(), {exitCode: 3, signal: null});
  const status = await api.status(pod.uuid, {wait: 60_000}, options);
  t.is(status.state, 'exited');
  t.true(status.enforcement.length > 0);
});

kernelTest('an app that ends as an error of rkt does has been run all the same', async (t) => {
  const json = '{"code":"RKT_INTERNAL","message":"x","fields":{}}';
  const pod = await api.run(shell(`echo '${json}' >&2; exit 254`), {stdio: ['ignore', 'ignore', 'pipe']}, options);
  t.true((pod.stderr ? await text(pod.stderr) : '').includes(json));
  t.is((await pod.wait()).exitCode, 254);
});

kernelTest('a pod is prepared, run, looked at, stopped and removed', async (t) => {
  const uuid = await api.prepare({...shell('echo ready; cat'), podName: 'web'}, options);
  t.is((await api.list(options)).find(({name}) => name === uuid)?.state, 'prepared');
  t.is(await codeOf(api.stop('web', {}, options)), 'RKT_POD_STATE');
  const pod = await api.runPrepared('web', {stdio: ['pipe', 'ignore', 'inherit']}, options);
  t.is(pod.uuid, uuid);
  t.is(await codeOf(api.runPrepared('web', {}, options)), 'RKT_POD_STATE');
  const running = await api.status('web', {waitReady: Number.POSITIVE_INFINITY, verify: true}, options);
  t.like(running, {name: uuid, state: 'running', flavor, pod_name: 'web'});
  t.is(await codeOf(api.status('web', {wait: 1}, options)), 'RKT_WAIT_EXPIRED');
  t.true(await api.stop(uuid, {force: true}, options));
  await pod.wait();
  t.false(await api.stop(uuid, {}, options));
  const dry = await api.gc({dryRun: true}, options);
  t.like(
    dry.find((one) => one.uuid === uuid),
    {state: 'exited', action: 'mark'},
  );
  await api.remove(uuid, options);
  t.is(await codeOf(api.status(uuid, {}, options)), 'RKT_POD_UNKNOWN');
});

kernelTest('what the command refuses is thrown with its code and fields, and leaves nothing', async (t) => {
  // The other tests have pods.
  const own = {...options, dir: path.join(host.directory, 'refused')};
  const file = path.join(host.directory, 'no-image.aci');
  writeFileSync(file, 'nothing');
  const notes: string[] = [];
  const noted = {...own, onNote: (line: string) => notes.push(line)};
  for (const verb of [api.run, api.prepare] as const) {
    const error = await t.throwsAsync(verb({stage1: flavor, apps: [{image: './none.aci'}]}, noted), {
      instanceOf: api.RktError,
    });
    t.truthy(error.hint);
    t.is(error.exitCode, 254);
  }
  const missing = {stage1: flavor, apps: [{image: buildImage(), exec: '/no/such'}]};
  const error = await t.throwsAsync(api.run(missing, {}, own), {instanceOf: api.RktError});
  t.like(error, {code: 'RKT_EXEC_NOT_FOUND', exitCode: 127});
  t.is(await codeOf(api.fetch(file, {}, own)), 'RKT_IMAGE_TRUNCATED');
  t.is(await codeOf(api.run({...shell('x'), podName: '-'}, {}, own)), 'RKT_FLAG_VALUE_INVALID');
  t.is(await codeOf(api.run({...shell('x'), podNam: 'x'} as never, {}, own)), 'RKT_REQUEST_INVALID');
  t.deepEqual(notes, []);
  t.deepEqual(await api.list(own), []);
});

kernelTest('an image that is fetched is there by its ID', async (t) => {
  const id = await api.fetch(buildImage(), {}, options);
  t.regex(id, /^sha512-[0-9a-f]{128}$/);
  t.is(await api.fetch(id, {pullPolicy: 'never'}, options), id);
});
