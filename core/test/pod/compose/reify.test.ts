import test from 'ava';
import {checkImageManifest} from '../../../src/appc/parse-image-manifest.ts';
import {RESTART_ANNOTATION, RESTART_LIMIT_ANNOTATION, restartLimitOf, restartOf} from '../../../src/appc/restart.ts';
import {WATCHDOG_ANNOTATION, watchdogOf} from '../../../src/appc/watchdog.ts';
import type {ImageId, RootfsPath} from '../../../src/contract/names.ts';
import {reify} from '../../../src/pod/compose/reify.ts';
import {appRequest, podRequest} from '../helpers.ts';

const ID = `sha512-${'ab'.repeat(64)}` as ImageId;
const image = (app: object | null = {}, name = 'example.com/team/web-server') => ({
  id: ID,
  manifest: checkImageManifest({
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name,
    labels: [{name: 'version', value: '1.2'}],
    ...(app === null ? {} : {app: {exec: ['/bin/server', '--fast'], user: '0', group: '0', ...app}}),
  }),
});
const rootfs = (text: string) => text as RootfsPath;

test('PO-05 images are named by ID, and informatively by name and labels', async (t) => {
  const {apps} = await reify(podRequest(), [image()], {});
  t.deepEqual(apps[0]?.image as object, {
    id: ID,
    name: 'example.com/team/web-server',
    labels: [{name: 'version', value: '1.2'}],
  });
});

test('PO-04 an app is called like its image, or as --name says', async (t) => {
  const request = podRequest([appRequest(), appRequest({name: 'two'})]);
  const {apps} = await reify(request, [image(), image()], {});
  t.deepEqual<string[], string[]>(
    apps.map(({name}) => name),
    ['web-server', 'two'],
  );
});

test('PO-04 two apps of one name are refused', async (t) => {
  const request = podRequest([appRequest(), appRequest()]);
  const error = await t.throwsAsync(reify(request, [image(), image()], {}));
  t.like(error, {code: 'RKT_POD_APP_NAME_DUPLICATE', fields: {app: 'web-server'}});
});

test('PO-06 what the operator says of an app takes the place of what the image says', async (t) => {
  const request = podRequest([
    appRequest({
      exec: '/bin/other',
      args: ['-v'],
      user: '1000',
      group: '1001',
      supplementaryGids: [5],
      workingDirectory: rootfs('/srv'),
      readOnlyRootfs: true,
      userLabels: {tier: 'front'},
      annotations: {homepage: 'https://example.com'},
    }),
  ]);
  const section = {supplementaryGIDs: [1, 2], workingDirectory: '/old', userLabels: {tier: 'back', os: 'x'}};
  const {apps} = await reify(request, [image(section)], {});
  t.like(apps[0], {
    readOnlyRootFS: true,
    annotations: [{name: 'homepage', value: 'https://example.com'}],
    app: {
      exec: ['/bin/other', '-v'],
      user: '1000',
      group: '1001',
      supplementaryGIDs: [5],
      workingDirectory: '/srv',
      userLabels: {tier: 'front', os: 'x'},
    },
  });
});

test('a restart policy is an annotation of the app, which only known ones pass', async (t) => {
  const {apps} = await reify(podRequest([appRequest({restart: 'always', annotations: {x: 'y'}})]), [image()], {});
  t.deepEqual<unknown, unknown>(apps[0]?.annotations, [
    {name: 'x', value: 'y'},
    {name: RESTART_ANNOTATION, value: 'always'},
  ]);
  t.is(restartOf(apps[0]?.annotations), 'always');
  t.is(restartOf([]), 'no');
  const error = await t.throwsAsync(
    reify(podRequest([appRequest({annotations: {[RESTART_ANNOTATION]: 'sometimes'}})]), [image()], {}),
  );
  t.like(error, {code: 'RKT_POD_MANIFEST_INVALID', fields: {path: 'apps[0].annotations[0].value'}});
});

test('so is a watchdog', async (t) => {
  const {apps} = await reify(podRequest([appRequest({watchdogSeconds: 30})]), [image()], {});
  t.deepEqual(apps[0]?.annotations, [{name: WATCHDOG_ANNOTATION, value: '30s'}] as never);
  t.is(watchdogOf(apps[0]?.annotations), 30);
  t.is(watchdogOf([]), undefined);
  for (const value of ['30', '0s', '1m', '-1s', '9999999s']) {
    const wrong = reify(podRequest([appRequest({annotations: {[WATCHDOG_ANNOTATION]: value}})]), [image()], {});
    t.like(await t.throwsAsync(wrong), {code: 'RKT_POD_MANIFEST_INVALID'}, value);
  }
});

test('so is how often, and only beside a policy', async (t) => {
  const restartLimit = {times: 5, seconds: 600};
  const {apps} = await reify(podRequest([appRequest({restart: 'on-failure', restartLimit})]), [image()], {});
  t.deepEqual(apps[0]?.annotations?.at(-1), {name: RESTART_LIMIT_ANNOTATION, value: '5/600s'} as never);
  t.deepEqual(restartLimitOf(apps[0]?.annotations), restartLimit);
  t.is(restartLimitOf([]), undefined);
  for (const value of ['5', '5/10m', '0/9s', '5/0s', '-1/9s', '1e9/9s', '9999999/9s', '5/600s']) {
    const alone = reify(podRequest([appRequest({annotations: {[RESTART_LIMIT_ANNOTATION]: value}})]), [image()], {});
    t.like(await t.throwsAsync(alone), {code: 'RKT_POD_MANIFEST_INVALID'}, value);
  }
});

test('IM-15 arguments follow the program of the image', async (t) => {
  const {apps} = await reify(podRequest([appRequest({args: ['x']})]), [image()], {});
  t.deepEqual(apps[0]?.app?.exec, ['/bin/server', '--fast', 'x']);
});

test('PO-06 an image without an app needs --exec', async (t) => {
  const error = await t.throwsAsync(reify(podRequest([appRequest({args: ['x']})]), [image(null)], {}));
  t.is((error as {code?: string}).code, 'RKT_APP_EXEC_MISSING');
  const {apps} = await reify(podRequest([appRequest({exec: '/bin/x'})]), [image(null)], {});
  t.like(apps[0]?.app, {exec: ['/bin/x'], user: '0', group: '0'});
});

test('EX-29 inherited < image < set-env < environment', async (t) => {
  const environment = [
    {name: 'A', value: 'image'},
    {name: 'B', value: 'image'},
    {name: 'C', value: 'image'},
  ];
  const request = podRequest([appRequest({environment: {C: 'app'}})], {
    inheritEnv: true,
    environment: {B: 'pod', C: 'pod'},
  });
  const {apps} = await reify(request, [image({environment})], {A: 'host', D: 'host', 'E%%': 'host'});
  const variables = Object.fromEntries((apps[0]?.app?.environment ?? []).map(({name, value}) => [name, value]));
  t.deepEqual(variables, {A: 'image', B: 'pod', C: 'app', D: 'host'});
});

test('EX-48 isolators of flags take the place of the image’s, and of what they exclude', async (t) => {
  const memory = {name: 'resource/memory', value: {limit: '1G'}};
  const remove = {name: 'os/linux/capabilities-remove-set', value: {set: ['CAP_KILL']}};
  const retain = {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_CHOWN']}};
  const request = podRequest([appRequest({isolators: [retain]})]);
  const {apps} = await reify(request, [image({isolators: [memory, remove]})], {});
  t.deepEqual<unknown, unknown>(apps[0]?.app?.isolators, [memory, retain]);
});

const mountPoints = [{name: 'data', path: '/var/data'}];

test('PO-03 a mount point gets the volume of its name', async (t) => {
  const request = podRequest([appRequest()], {volumes: [{name: 'data', kind: 'empty', mode: '0700'}]});
  const {apps, volumes} = await reify(request, [image({mountPoints})], {});
  t.deepEqual<unknown, unknown>(apps[0]?.mounts, [{volume: 'data', path: '/var/data'}]);
  t.deepEqual<unknown, unknown>(volumes, [{name: 'data', kind: 'empty', mode: '0700'}]);
});

test('S17 a mount point that nobody provides for gets an empty volume, never a path of the host', async (t) => {
  const {apps, volumes} = await reify(podRequest(), [image({mountPoints})], {});
  t.deepEqual<unknown, unknown>(apps[0]?.mounts, [{volume: 'web-server-data', path: '/var/data'}]);
  t.deepEqual<unknown, unknown>(volumes, [{name: 'web-server-data', kind: 'empty'}]);
});

test('PO-07 a mount of the operator at its path satisfies a mount point', async (t) => {
  const volumes = [{name: 'other', kind: 'empty' as const}];
  const mounts = [{volume: 'other', path: rootfs('/var//data/')}];
  const manifest = await reify(podRequest([appRequest({mounts})], {volumes}), [image({mountPoints})], {});
  t.deepEqual<unknown, unknown>(manifest.apps[0]?.mounts, mounts);
  t.deepEqual<unknown, unknown>(manifest.volumes, volumes);
});

test('S17 names of implicit volumes are names of volumes, however long, and taken by nobody', async (t) => {
  const long = `a${'-b'.repeat(31)}`;
  const request = podRequest([appRequest({name: long.slice(0, 61)})], {volumes: []});
  const points = [
    {name: long.slice(0, 61), path: '/one'},
    {name: long.slice(0, 59), path: '/two'},
  ];
  const {volumes} = await reify(request, [image({mountPoints: points})], {});
  const names = (volumes ?? []).map(({name}) => name);
  t.is(new Set(names).size, 2);
  for (const name of names) t.regex(name, /^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/);
});

test('PO-13 ports of flags are exposed', async (t) => {
  const ports = [{name: 'http', hostIp: '127.0.0.1', hostPort: 8080}];
  const {ports: exposed} = await reify(podRequest([appRequest()], {ports}), [image()], {});
  t.deepEqual<unknown, unknown>(exposed, [{name: 'http', hostPort: 8080, hostIP: '127.0.0.1'}]);
});

test('PO-03 a manifest in YAML is completed from its images', async (t) => {
  const manifest = `acVersion: "0.8.11"
acKind: PodManifest
apps:
  - name: web
    image: {id: ${ID}}
`;
  const reified = await reify(podRequest([], {manifest}), [image({mountPoints})], {});
  t.like(reified.apps[0], {
    name: 'web',
    image: {id: ID, name: 'example.com/team/web-server'},
    app: {exec: ['/bin/server', '--fast']},
    mounts: [{volume: 'web-data', path: '/var/data'}],
  });
});

/** A pod whose apps have this many mount points each, at paths of this depth. */
const mounting = (points: readonly number[], depth: number) =>
  reify(
    podRequest(points.map((_, index) => appRequest({name: `app-${index}`}))),
    points.map((count) =>
      image({
        mountPoints: Array.from({length: count}, (_, index) => ({
          name: `v${index}`,
          path: `/v${index}${'/a'.repeat(depth - 1)}`,
        })),
      }),
    ),
    {},
  );

test('S10 mounts of all apps together: at the limit they are accepted, one more is refused', async (t) => {
  const {volumes} = await mounting([1000, 1000, 1000, 1000], 1);
  t.is(volumes?.length, 4000);
  const error = await t.throwsAsync(mounting([1000, 1000, 1000, 1000, 1], 1));
  t.like(error, {code: 'RKT_POD_MOUNTS_EXCESSIVE', fields: {app: 'app-4', what: 'mounts', limit: 4000}});
});

test('S10 directories of all mounts together: at the limit they are accepted, one more is refused', async (t) => {
  t.is((await mounting([50, 50], 100)).volumes?.length, 100);
  const error = await t.throwsAsync(mounting([50, 50, 1], 100));
  t.like(error, {code: 'RKT_POD_MOUNTS_EXCESSIVE', fields: {app: 'app-2', what: 'directories', limit: 10_000}});
});
