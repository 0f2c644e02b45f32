import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {acceptedOf, configuredStage1} from '../../src/config/config.ts';
import {loadConfig} from '../../src/config/load.ts';
import {render} from '../../src/config/render.ts';
import type {HostPath} from '../../src/contract/names.ts';

type Layer = 'system' | 'local' | 'user';
type Files = {readonly [L in Layer]?: Readonly<Record<string, unknown>>};

const BASIC = {user: 'u', password: 'p'};
const auth = (...domains: string[]) => ({
  rktVersion: 'v1',
  rktKind: 'auth',
  domains,
  type: 'basic',
  credentials: BASIC,
});
const docker = (...registries: string[]) => ({rktVersion: 'v1', rktKind: 'dockerAuth', registries, credentials: BASIC});
const paths = (fields: object) => ({rktVersion: 'v1', rktKind: 'paths', ...fields});
const image = (prefixes: readonly string[], accept: readonly string[]) => ({
  rktVersion: 'v1',
  rktKind: 'image',
  prefixes,
  accept,
});
const stage1 = (fields: object) => ({rktVersion: 'v1', rktKind: 'stage1', ...fields});

const layersOf = (t: ExecutionContext, files: Files) => {
  const root = mkdtempSync(path.join(tmpdir(), 'rkt-config-'));
  t.teardown(() => rmSync(root, {recursive: true}));
  for (const [layer, contents] of Object.entries(files)) {
    for (const [file, content] of Object.entries(contents)) {
      const target = path.join(root, layer, file);
      mkdirSync(path.dirname(target), {recursive: true});
      writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
    }
  }
  const at = (layer: Layer) => path.join(root, layer) as HostPath;
  return {systemConfig: at('system'), localConfig: at('local'), userConfig: at('user')};
};
const load = (t: ExecutionContext, files: Files) => loadConfig(layersOf(t, files));

test('no files, no configuration', async (t) => {
  const config = await load(t, {});
  t.deepEqual([...config.auth], []);
  t.deepEqual([...config.dockerAuth], []);
  t.deepEqual(config.paths, {});
  t.deepEqual(config.stage1, {});
});

test('every kind', async (t) => {
  const config = await load(t, {
    local: {
      'auth.d/basic.json': auth('a.example', 'b.example'),
      'auth.d/oauth.json': {...auth('c.example'), type: 'oauth', credentials: {token: 't'}},
      'auth.d/aws.json': {
        ...auth('s3.amazonaws.com'),
        type: 'aws',
        credentials: {accessKeyID: 'i', secretAccessKey: 's', awsRegion: 'eu-west-1'},
      },
      'auth.d/docker.json': docker('quay.io'),
      'paths.d/x.json': paths({data: '/srv/rkt', 'stage1-images': '/srv/stage1', 'receipt-key': '/srv/key.pem'}),
      'stage1.d/x.json': stage1({
        name: 'coreos.com/rkt/stage1-fly',
        version: '1.30.0',
        location: 'https://x.example/a.aci',
      }),
    },
  });
  t.deepEqual([...config.auth.keys()], ['s3.amazonaws.com', 'a.example', 'b.example', 'c.example']);
  t.deepEqual(config.auth.get('c.example'), {type: 'oauth', credentials: {token: 't'}});
  t.deepEqual(config.dockerAuth.get('quay.io'), BASIC);
  t.deepEqual(config.paths as unknown, {
    data: '/srv/rkt',
    stage1Images: '/srv/stage1',
    receiptKey: '/srv/key.pem',
  });
  t.is(configuredStage1(config.stage1), 'coreos.com/rkt/stage1-fly:1.30.0');
});

test('a later layer overrides: by host, by path, of stage1 which one and where it is separately', async (t) => {
  const config = await load(t, {
    system: {
      'auth.d/a.json': auth('a.example', 'b.example'),
      'paths.d/a.json': paths({data: '/system', 'stage1-images': '/images'}),
      'stage1.d/a.json': stage1({name: 'n', version: '1', location: '/l'}),
    },
    local: {'auth.d/a.json': {...auth('b.example'), credentials: {user: 'local', password: 'p'}}},
    user: {'paths.d/z.json': paths({data: '/user'}), 'stage1.d/z.json': stage1({flavor: 'fly'})},
  });
  t.deepEqual(config.auth.get('a.example'), {type: 'basic', credentials: BASIC});
  t.deepEqual(config.auth.get('b.example'), {type: 'basic', credentials: {user: 'local', password: 'p'}});
  t.deepEqual(config.paths as unknown, {data: '/user', stage1Images: '/images'});
  t.deepEqual(config.stage1, {flavor: 'fly', location: '/l'});
});

for (const [what, lower, upper, merged] of [
  [
    'a location alone',
    {name: 'n', version: '1', location: '/l'},
    {location: '/m'},
    {name: 'n', version: '1', location: '/m'},
  ],
  [
    'a name with its version',
    {name: 'n', version: '1', location: '/l'},
    {name: 'o', version: '2'},
    {name: 'o', version: '2', location: '/l'},
  ],
  ['a name over a flavor', {flavor: 'fly'}, {name: 'o', version: '2'}, {name: 'o', version: '2'}],
  ['nothing', {flavor: 'fly'}, {}, {flavor: 'fly'}],
  [
    'a flavor alone',
    {name: 'n', version: '1', accelerator: 'tcg'},
    {flavor: 'kvm'},
    {flavor: 'kvm', accelerator: 'tcg'},
  ],
  ['templates alone', {flavor: 'kvm', templates: true}, {templates: false}, {flavor: 'kvm', templates: false}],
  ['another flavor', {flavor: 'kvm', templates: false}, {flavor: 'fly'}, {flavor: 'fly', templates: false}],
  [
    'a kernel alone',
    {flavor: 'kvm', kernel: '/boot/vmlinuz', initramfs: '/boot/modules.cpio'},
    {kernel: 'small'},
    {flavor: 'kvm', kernel: 'small'},
  ],
  [
    'a flavor beside a kernel',
    {name: 'n', version: '1', kernel: '/boot/vmlinuz', initramfs: '/boot/modules.cpio'},
    {flavor: 'kvm'},
    {flavor: 'kvm', kernel: '/boot/vmlinuz', initramfs: '/boot/modules.cpio'},
  ],
  [
    'an accelerator alone',
    {flavor: 'kvm', accelerator: 'tcg'},
    {accelerator: 'auto'},
    {flavor: 'kvm', accelerator: 'auto'},
  ],
] as const)
  test(`a later layer with ${what} leaves the other fields of stage1`, async (t) => {
    const files = {system: {'stage1.d/a.json': stage1(lower)}, user: {'stage1.d/b.json': stage1(upper)}};
    t.deepEqual((await load(t, files)).stage1, merged);
  });

test('S13 what a later layer takes back of a prefix is taken back, whether or not either ends with a slash', async (t) => {
  const accept = ['os/linux/capabilities-retain-set', 'os/linux/oom-score-adj'];
  for (const [lower, upper] of [
    ['example.com/db', 'example.com/db/'],
    ['example.com/db/', 'example.com/db'],
  ] as const) {
    const files = {system: {'image.d/a.json': image([lower], accept)}, local: {'image.d/z.json': image([upper], [])}};
    t.deepEqual([...acceptedOf((await load(t, files)).image, 'example.com/db')], []);
  }
  const twice = {local: {'image.d/a.json': image(['example.com', 'example.com/'], accept)}};
  t.like(await t.throwsAsync(load(t, twice)), {code: 'RKT_CONFIG_DUPLICATE', fields: {key: 'example.com'}});
});

test('what is no JSON is told with its place, and without what stands there', async (t) => {
  const files = {local: {'auth.d/a.json': '{"rktKind": "auth",\n "credentials": {"password": "hunter2" "user": "u"}}'}};
  const error = await t.throwsAsync<Error & {fields: object}>(load(t, files));
  t.like(error, {code: 'RKT_CONFIG_MALFORMED', fields: {place: 'line 2 column 40'}});
  t.notRegex(error.message + JSON.stringify(error.fields), /hunter2/);
});

test('only regular files that end in .json, directly in the directory', async (t) => {
  const layers = layersOf(t, {
    local: {'paths.d/note.txt': 'x', 'paths.d/.json.swp': 'x', 'paths.d/sub/a.json': 'x', 'paths.d/dir.json/a': 'x'},
  });
  symlinkSync('somebody@host.1:1', path.join(layers.localConfig, 'paths.d/.#a.json'));
  t.deepEqual((await loadConfig(layers)).paths, {});
});

test('S20 a link that ends in .json is refused, and not passed over: what it chooses or takes back would get lost', async (t) => {
  const layers = layersOf(t, {user: {'elsewhere.json': stage1({flavor: 'kvm'})}, local: {'stage1.d/README': 'x'}});
  const link = path.join(layers.localConfig, 'stage1.d/link.json');
  for (const target of [path.join(layers.userConfig, 'elsewhere.json'), 'gone']) {
    symlinkSync(target, link);
    t.like(await t.throwsAsync(loadConfig(layers)), {code: 'RKT_CONFIG_NOT_REGULAR', fields: {file: link}});
    rmSync(link);
  }
});

for (const [what, text, at, line] of [
  ['a field', `{"rktKind": "stage1",\n "flavor": "kvm",\n "flavor": "fly"}`, 'flavor', 3],
  ['a field in another spelling', `{"flavor": "kvm",\n\n "fl\\u0061vor": "a"}`, 'flavor', 3],
  ['the kind', `{"rktKind": "}", "flavor": "{",\n"rktKind": "stage1"\n}`, 'rktKind', 2],
  ['a field of a field', `{"previous": {"a": ["x", {"b" : "c", "c": "b",\n"b": 1}]}\n}`, 'previous.a.1.b', 2],
] as const)
  test(`S23 ${what} that is there twice is refused with its place: JSON.parse takes the last`, async (t) => {
    const error = await t.throwsAsync<Error & {fields: {problem: string}}>(load(t, {local: {'stage1.d/a.json': text}}));
    t.like(error, {code: 'RKT_CONFIG_FIELD_INVALID', fields: {path: at}});
    t.true(error.fields.problem.endsWith(`line ${line}`), error.message);
  });

test('the same name in two objects, and as a value, is there once in each', async (t) => {
  const text = `{"rktVersion":"v1","rktKind":"auth","domains":["type","type"],"type":"basic","credentials":{"user":"type","password":"user"}}`;
  t.like(await t.throwsAsync(load(t, {local: {'auth.d/a.json': text}})), {code: 'RKT_CONFIG_DUPLICATE'});
  const {auth: found} = await load(t, {local: {'auth.d/a.json': text.replace('"type","type"', '"type"')}});
  t.deepEqual(found.get('type'), {type: 'basic', credentials: {user: 'type', password: 'user'}});
});

test('only the kinds asked for are read', async (t) => {
  const layers = layersOf(t, {local: {'auth.d/bad.json': '{', 'paths.d/a.json': paths({data: '/d'})}});
  t.is((await loadConfig(layers, ['paths'])).paths.data as unknown, '/d');
  t.like(await t.throwsAsync(loadConfig(layers)), {code: 'RKT_CONFIG_MALFORMED'});
});

test('empty strings are unset, as in rkt', async (t) => {
  const {paths: found, stage1: chosen} = await load(t, {
    local: {
      'paths.d/a.json': paths({data: '', 'stage1-images': ''}),
      'stage1.d/a.json': stage1({name: '', version: '', location: ''}),
    },
  });
  t.deepEqual(found, {});
  t.deepEqual(chosen, {});
});

for (const [what, files, kind, key] of [
  ['a host', {'auth.d/a.json': auth('x'), 'auth.d/b.json': auth('y', 'x')}, 'auth', 'x'],
  ['a host within one file', {'auth.d/b.json': auth('x', 'x')}, 'auth', 'x'],
  ['a registry', {'auth.d/a.json': docker('x'), 'auth.d/b.json': docker('x')}, 'dockerAuth', 'x'],
  ['a path', {'paths.d/a.json': paths({data: '/a'}), 'paths.d/b.json': paths({data: '/a'})}, 'paths', 'data'],
  [
    'a flavor',
    {'stage1.d/a.json': stage1({flavor: 'a'}), 'stage1.d/b.json': stage1({flavor: 'a'})},
    'stage1',
    'flavor',
  ],
] as const)
  test(`${what} set twice in one directory is refused`, async (t) => {
    t.like(await t.throwsAsync(load(t, {local: files})), {code: 'RKT_CONFIG_DUPLICATE', fields: {kind, key}});
  });

test('a host may be in both kinds of one directory', async (t) => {
  const config = await load(t, {local: {'auth.d/a.json': auth('x'), 'auth.d/b.json': docker('x')}});
  t.true(config.auth.has('x') && config.dockerAuth.has('x'));
});

for (const [what, file, content, code, fields] of [
  ['no JSON', 'paths.d/a.json', '{', 'RKT_CONFIG_MALFORMED', {}],
  ['an array', 'paths.d/a.json', '[]', 'RKT_CONFIG_MALFORMED', {}],
  ['null', 'paths.d/a.json', 'null', 'RKT_CONFIG_MALFORMED', {}],
  ['no kind', 'paths.d/a.json', '{}', 'RKT_CONFIG_FIELD_INVALID', {path: 'rktKind'}],
  ['a wrong kind', 'paths.d/a.json', auth('x'), 'RKT_CONFIG_KIND_UNKNOWN', {kind: 'auth', allowed: ['paths']}],
  ['an unknown kind', 'auth.d/a.json', {rktKind: 'toString', rktVersion: 'v1'}, 'RKT_CONFIG_KIND_UNKNOWN', {}],
  ['no version', 'paths.d/a.json', {rktKind: 'paths'}, 'RKT_CONFIG_FIELD_INVALID', {path: 'rktVersion'}],
  [
    'a new version',
    'paths.d/a.json',
    {rktKind: 'paths', rktVersion: 'v2'},
    'RKT_CONFIG_VERSION_UNKNOWN',
    {version: 'v2'},
  ],
  [
    'an unknown field',
    'paths.d/a.json',
    paths({date: '/x'}),
    'RKT_CONFIG_FIELD_UNKNOWN',
    {path: 'date', suggestions: ['data']},
  ],
  [
    'a misspelt field that must be there',
    'auth.d/a.json',
    {...auth('x'), domains: undefined, domain: ['x']},
    'RKT_CONFIG_FIELD_UNKNOWN',
    {path: 'domain', suggestions: ['domains']},
  ],
  [
    'a misspelt field of the credentials',
    'auth.d/a.json',
    {...auth('x'), credentials: {user: 'u', pasword: 'p'}},
    'RKT_CONFIG_FIELD_UNKNOWN',
    {path: 'credentials.pasword', suggestions: ['password']},
  ],
  [
    'a misspelt kind',
    'paths.d/a.json',
    {rktKnd: 'paths', rktVersion: 'v1'},
    'RKT_CONFIG_FIELD_UNKNOWN',
    {path: 'rktKnd', suggestions: ['rktKind']},
  ],
  ['a relative path', 'paths.d/a.json', paths({data: 'x'}), 'RKT_CONFIG_FIELD_INVALID', {path: 'data'}],
  ['a number as path', 'paths.d/a.json', paths({data: 1}), 'RKT_CONFIG_FIELD_INVALID', {path: 'data'}],
  ['no domains', 'auth.d/a.json', auth(), 'RKT_CONFIG_FIELD_INVALID', {path: 'domains'}],
  ['an empty domain', 'auth.d/a.json', auth(''), 'RKT_CONFIG_FIELD_INVALID', {path: 'domains.0'}],
  ['an unknown type', 'auth.d/a.json', {...auth('x'), type: 'ntlm'}, 'RKT_CONFIG_FIELD_INVALID', {path: 'type'}],
  [
    'no password',
    'auth.d/a.json',
    {...auth('x'), credentials: {user: 'u'}},
    'RKT_CONFIG_FIELD_INVALID',
    {path: 'credentials.password'},
  ],
  ['a name without a version', 'stage1.d/a.json', stage1({name: 'x'}), 'RKT_CONFIG_FIELD_INVALID', {path: 'version'}],
  [
    'a relative location',
    'stage1.d/a.json',
    stage1({location: 'x.aci'}),
    'RKT_CONFIG_FIELD_INVALID',
    {path: 'location'},
  ],
  [
    'a scheme that is not allowed',
    'stage1.d/a.json',
    stage1({location: 'ftp://x'}),
    'RKT_CONFIG_FIELD_INVALID',
    {path: 'location'},
  ],
  ['a pattern as prefix', 'image.d/a.json', image(['a', 'b/*'], []), 'RKT_CONFIG_FIELD_INVALID', {path: 'prefixes.1'}],
  ['no prefixes', 'image.d/a.json', image([], []), 'RKT_CONFIG_FIELD_INVALID', {path: 'prefixes'}],
  [
    '__proto__',
    'paths.d/a.json',
    '{"rktKind":"paths","rktVersion":"v1","__proto__":{"data":"/x"}}',
    'RKT_CONFIG_FIELD_UNKNOWN',
    {path: '__proto__'},
  ],
  ['more than a megabyte', 'paths.d/a.json', ' '.repeat((1 << 20) + 1), 'RKT_CONFIG_TOO_LARGE', {limit: 1 << 20}],
] as const)
  test(`a file with ${what} is refused`, async (t) => {
    const layers = layersOf(t, {local: {[file]: content}});
    const where = path.join(layers.localConfig, file);
    t.like(await t.throwsAsync(loadConfig(layers)), {code, fields: {file: where, ...fields}});
  });

test('S10 a file of exactly a megabyte is read', async (t) => {
  const text = JSON.stringify(paths({data: '/d'}));
  const config = await load(t, {local: {'paths.d/a.json': text.padEnd(1 << 20)}});
  t.is(config.paths.data as unknown, '/d');
});

test('a layer that is a file is an error', async (t) => {
  const layers = layersOf(t, {local: {'paths.d': 'x'}});
  t.like(await t.throwsAsync(loadConfig(layers)), {
    code: 'RKT_CONFIG_DIRECTORY_UNREADABLE',
    fields: {directory: path.join(layers.localConfig, 'paths.d')},
  });
});

test('no error tells a secret', async (t) => {
  const files = {'auth.d/a.json': {...auth('x'), credentials: {user: 'u', password: ['hunter2']}}};
  const error = await t.throwsAsync<Error & {fields: object}>(load(t, {local: files}));
  t.notRegex(error.message + JSON.stringify(error.fields), /hunter2/);
});

test('what is printed can be read back, and secrets are hidden unless asked for', async (t) => {
  const config = await load(t, {
    local: {
      'auth.d/a.json': auth('b.example', 'a.example'),
      'auth.d/b.json': {...auth('c.example'), type: 'aws', credentials: {accessKeyID: 'i', secretAccessKey: 'hunter2'}},
      'auth.d/d.json': docker('quay.io'),
      'paths.d/a.json': paths({data: '/d', 'stage1-images': '/i', 'receipt-key': '/k'}),
      'stage1.d/a.json': stage1({flavor: 'fly'}),
    },
  });
  t.notRegex(JSON.stringify(render(config, {showSecrets: false})), /hunter2|"p"/);
  const printed = render(config, {showSecrets: true}).stage0 as {rktKind: string}[];
  t.deepEqual(
    printed.map(({rktKind}) => rktKind),
    ['auth', 'auth', 'auth', 'dockerAuth', 'paths', 'stage1'],
  );
  const directories: Record<string, string> = {
    auth: 'auth.d',
    dockerAuth: 'auth.d',
    paths: 'paths.d',
    stage1: 'stage1.d',
  };
  const again = await load(t, {
    local: Object.fromEntries(printed.map((entry, index) => [`${directories[entry.rktKind]}/${index}.json`, entry])),
  });
  t.deepEqual(render(again, {showSecrets: true}), render(config, {showSecrets: true}));
});
