import {mkdirSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {checkPodManifest} from '../../../src/appc/check-pod-manifest.ts';
import type {Declaration} from '../../../src/contract/declaration.ts';
import type {App} from '../../../src/contract/index.ts';
import {pod as podSchema} from '../../../src/contract/pod.ts';
import {type FreezeInput, freeze} from '../../../src/pod/compose/freeze.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {runRequest, scratch, tree, uuidOf} from '../helpers.ts';

const ID = `sha512-${'ab'.repeat(64)}`;

const HOST_NETWORK = {level: 'enforced', mechanism: ''} as const;

/** A flavor's promises, as far as freezing looks at them. */
const declaration = (able: boolean) => {
  const support = {level: able ? 'enforced' : 'impossible', mechanism: '', consequence: ''};
  return {
    features: {
      'network/host': HOST_NETWORK,
      'network/named': support,
      hostname: support,
      ports: support,
      'stdio/terminal': support,
    },
  } as unknown as Declaration;
};

interface Wanted {
  readonly app?: object;
  readonly podApp?: object;
  readonly manifest?: object;
  readonly files?: Record<string, string | null>;
  readonly input?: Partial<FreezeInput>;
}

const frozen = (t: ExecutionContext, {app = {}, podApp = {}, manifest = {}, files = {}, input = {}}: Wanted = {}) => {
  const directory = scratch(t);
  mkdirSync(`${directory}/rootfs`);
  tree(`${directory}/rootfs`, files);
  return freeze({
    uuid: uuidOf('a'),
    dataDir: directory,
    manifest: checkPodManifest({
      acVersion: '0.8.11',
      acKind: 'PodManifest',
      apps: [
        {
          name: 'web',
          image: {id: ID, name: 'example.com/web'},
          app: {exec: ['/bin/web'], user: '0', group: '0', ...app},
          ...podApp,
        },
      ],
      ...manifest,
    }),
    images: [{layers: [`${directory}/rootfs` as typeof directory]}],
    requests: [{}],
    run: runRequest(),
    allowSymlinks: false,
    overlay: true,
    declaration: declaration(false),
    facts: {cpus: 2, hardLimits: {}, oomScoreAdj: 0},
    insecure: new Set(),
    debug: false,
    host: {resolvConf: () => 'host', hosts: () => 'host', hostname: () => 'host'},
    ...input,
  }).pod;
};

const only = (pod: ReturnType<typeof frozen>) => {
  const [app] = pod.apps;
  if (app === undefined) throw new Error('no app');
  return app;
};

test('a frozen pod is one by the contract, and cannot be changed', (t) => {
  const pod = frozen(t);
  t.true(podSchema.safeParse(pod).success);
  t.throws(() => {
    (pod.apps as unknown[]).push(1);
  });
  t.true(Object.isFrozen(only(pod).process.capabilities.bounding));
});

test('PO-06 an image without app section cannot be run by itself', (t) => {
  const error = t.throws(() => frozen(t, {podApp: {app: undefined}}), {instanceOf: RktError});
  t.is(error.code, 'RKT_APP_SECTION_MISSING');
  t.like(error.fields, {app: 'web', image: ID});
});

test('the directory is the one of a running pod, wherever it is prepared', (t) => {
  t.regex(frozen(t).directory, new RegExp(`/pods/run/${uuidOf('a')}$`));
});

test('IM-16 users are those of the image', (t) => {
  const files = {'etc/passwd': 'web:x:100:101::/:\n', 'etc/group': 'www:x:33:\n'};
  const {process} = only(frozen(t, {app: {user: 'web', group: 'www'}, files}));
  t.deepEqual([process.uid, process.gid], [100, 33]);
  t.throws(() => frozen(t, {app: {user: 'web'}}), {code: 'RKT_USER_UNKNOWN'});
});

for (const user of ['4294967296', '-1', '007', '0x0', ' ', '4294967295'])
  test(`S16 no user becomes root by accident: ${JSON.stringify(user)}`, (t) => {
    t.throws(() => frozen(t, {app: {user}}), {code: 'RKT_USER_UNKNOWN'});
  });

test('S16 an endless passwd is refused', (t) => {
  const files = {'etc/passwd': 'x'.repeat(1024 * 1024 + 1)};
  t.throws(() => frozen(t, {app: {user: 'web'}, files}), {code: 'RKT_NAME_FILE_TOO_LARGE'});
});

test('EX-31 the limits of a pod bound those of its apps', (t) => {
  const memory = (limit: string) => [{name: 'resource/memory', value: {limit}}];
  const pod = frozen(t, {app: {isolators: memory('2Gi')}, manifest: {isolators: memory('1Gi')}});
  t.is(pod.limits.memoryMax, 2 ** 30);
  t.is(only(pod).limits.memoryMax, 2 ** 30);
});

test('EX-32 EX-33 an isolator that nobody knows is asked for all the same, so that its fate is told', (t) => {
  const pod = frozen(t, {app: {isolators: [{name: 'example.com/unknown', value: 1}]}});
  t.true(Object.hasOwn(only(pod).isolators, 'example.com/unknown'));
});

test('--insecure-options takes filters, capabilities and paths away, and asks for none', (t) => {
  const isolators = [
    {name: 'os/linux/seccomp-remove-set', value: {set: ['reboot']}},
    {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_KILL']}},
  ];
  const pod = frozen(t, {app: {isolators}, input: {insecure: new Set(['seccomp', 'capabilities', 'paths'])}});
  t.is(only(pod).process.seccomp, null);
  t.true(only(pod).process.capabilities.bounding.includes('CAP_SYS_ADMIN'));
  t.deepEqual(only(pod).isolators, {});
  t.deepEqual([pod.maskedPaths, pod.readOnlyPaths], [[], []]);
});

test('a host name of its own where the flavor can give one, and the host’s network where it cannot', (t) => {
  t.like(frozen(t), {hostname: null, network: {mode: 'host'}});
  const able = frozen(t, {input: {declaration: declaration(true)}});
  t.like(able, {hostname: `rkt-${uuidOf('a')}`, network: {mode: 'named', names: [{name: 'default'}]}});
});

test('an app is called what hostname tells it, also where the flavor cannot give the name that was asked for', (t) => {
  const named = (able: boolean) =>
    frozen(t, {input: {declaration: declaration(able), run: {...runRequest(), hostname: 'asked'}}});
  t.like(named(true), {hostname: 'asked', ownName: 'asked'});
  t.true(named(true).hosts?.endsWith('\n127.0.0.1\tasked\n'));
  // Negotiation refuses it, or leaves it out.
  t.like(named(false), {hostname: 'asked', ownName: 'host'});
  t.true(named(false).hosts?.endsWith('\n127.0.0.1\tasked host\n'));
});

test('an app may open 1024 files and raise that to what its caller may, whatever launches it, unless it asks for another limit', (t) => {
  const limits = (nofile: number | null | undefined, asked?: object) =>
    only(
      frozen(t, {
        app: asked === undefined ? {} : {isolators: [{name: 'os/unix/rlimits', value: asked}]},
        input: {facts: {cpus: 2, hardLimits: nofile === undefined ? {} : {nofile}, oomScoreAdj: 0}},
      }),
    ).process.rlimits;
  t.deepEqual(limits(20_000), [{name: 'nofile', soft: 1024, hard: 20_000}]);
  t.deepEqual(limits(100), [{name: 'nofile', soft: 100, hard: 100}]);
  for (const most of [undefined, null, 1_073_741_816])
    t.deepEqual(limits(most), [{name: 'nofile', soft: 1024, hard: 1_048_576}]);
  t.deepEqual(limits(20_000, {nofile: {hard: 7}}), [{name: 'nofile', soft: 7, hard: 7}]);
  t.deepEqual(
    limits(20_000, {core: {hard: 0}})
      .map(({name}) => name)
      .sort(),
    ['core', 'nofile'],
  );
});

test('OS-02 the default /etc/hosts is for images without one', (t) => {
  t.regex(frozen(t).hosts ?? '', /^127\.0\.0\.1\tlocalhost/);
  t.is(frozen(t, {files: {'etc/hosts': 'own'}}).hosts, null);
});

test('PO-11 an empty volume has mode 0755 and root, or what was asked for', (t) => {
  const volumes = [
    {name: 'one', kind: 'empty'},
    {name: 'two', kind: 'empty', mode: '1777', uid: 5, gid: 6, readOnly: true},
  ];
  const pod = frozen(t, {manifest: {volumes}});
  t.like(pod.volumes, [
    {name: 'one', mode: 0o755, uid: 0, gid: 0, readOnly: false, directory: 'volumes/one'},
    {name: 'two', mode: 0o1777, uid: 5, gid: 6, readOnly: true},
  ]);
});

test('PO-07 a mount’s own volume does not become another’s of the same name', (t) => {
  const own = {name: 'data', kind: 'empty', mode: '0700'};
  const pod = frozen(t, {
    podApp: {
      mounts: [
        {volume: 'data', path: '/one'},
        {volume: 'data', path: '/two', appVolume: own},
      ],
    },
    manifest: {volumes: [{name: 'data', kind: 'empty'}]},
  });
  t.deepEqual(pod.volumes.map((volume) => [volume.name, volume.kind === 'empty' && volume.mode]) as unknown[], [
    ['data', 0o755],
    ['data-1', 0o700],
  ]);
  t.deepEqual<string[], string[]>(
    only(pod).mounts.map(({volume}) => volume),
    ['data', 'data-1'],
  );
});

test('one app of an interactive pod has the terminal, the others log', (t) => {
  const app = {name: 'two', image: {id: ID}, app: {exec: ['/x'], user: '0', group: '0'}};
  const apps = [{...app, name: 'one'}, app];
  const freeze = (inputs: readonly (App['stdio']['stdin'] | undefined)[], terminal?: {kind: string}) =>
    frozen(t, {
      manifest: {apps},
      input: {
        run: runRequest({interactive: true}),
        images: [{layers: []}, {layers: []}],
        requests: inputs.map((stdin) => (stdin === undefined ? {} : {stdin})) as never,
        ...(terminal && {terminal}),
      },
    });
  t.throws(() => freeze([]), {code: 'RKT_POD_INTERACTIVE_SEVERAL'});
  t.throws(() => freeze([undefined, 'null']), {code: 'RKT_POD_INTERACTIVE_SEVERAL'});
  t.throws(() => freeze(['tty', 'tty']), {code: 'RKT_POD_INPUT_SHARED'});
  t.throws(() => freeze(['tty', 'stream']), {code: 'RKT_POD_INPUT_SHARED'});
  const [one, two] = freeze([undefined, 'tty'], {kind: 'xterm'}).apps;
  t.deepEqual(one?.stdio, {stdin: 'null', stdout: 'log', stderr: 'log'});
  t.deepEqual(two?.stdio, {stdin: 'tty', stdout: 'inherit', stderr: 'inherit'});
  const kind = {name: 'TERM', value: 'xterm'};
  t.deepEqual(
    [one, two].map((each) => each?.process.env.some(({name}) => name === kind.name)),
    [false, true],
  );
  // Without a terminal they are as in any pod.
  t.is(freeze(['stream']).apps[1]?.stdio.stdout, 'inherit');
});

test('--mds-register needs a service', (t) => {
  t.throws(() => frozen(t, {input: {run: runRequest({mdsRegister: true})}}), {code: 'RKT_POD_METADATA_UNAVAILABLE'});
});

test('ports are forwarded into named networks only, where the flavor can forward', (t) => {
  const wanted = {
    app: {ports: [{name: 'http', protocol: 'tcp', port: 80}]},
    manifest: {ports: [{name: 'http', hostPort: 8080}]},
  };
  const input = {declaration: declaration(true), run: runRequest({net: 'host'})};
  t.throws(() => frozen(t, {...wanted, input}), {code: 'RKT_POD_NETWORK_CONFLICT'});
  t.like(only(frozen(t, {...wanted, input: {declaration: declaration(true)}})).ports, [{hostPort: 8080, port: 80}]);
});

test('S31 an image that only limits itself gets no weight and no memory before others; who else says so does', (t) => {
  const isolators = [
    {name: 'resource/cpu', value: {limit: '4'}},
    {name: 'resource/memory', value: {limit: '1Gi'}},
  ];
  const names = new Set(isolators.map(({name}) => name));
  const hard = {cpuMax: 4000, memoryMax: 2 ** 30, memorySwapMax: 0};
  const limits = (list: object[], fromImage: ReadonlySet<string>) =>
    only(frozen(t, {app: {isolators: list}, input: {fromImages: [fromImage]}})).limits;
  t.deepEqual(limits(isolators, names), {...hard, cpuShares: 1024});
  t.deepEqual(limits(isolators, new Set()), {...hard, cpuShares: 4096, memoryLow: 2 ** 30});
  const asking = isolators.map(({name, value}) => ({name, value: {...value, request: value.limit}}));
  t.deepEqual(limits(asking, names), {...hard, cpuShares: 4096, memoryLow: 2 ** 30});
});
