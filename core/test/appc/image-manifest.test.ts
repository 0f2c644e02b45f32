import test from 'ava';
import {findAnnotation} from '../../src/appc/annotations.ts';
import {supplementaryGids} from '../../src/appc/app.ts';
import {findLabel} from '../../src/appc/labels.ts';
import {checkImageManifest, parseImageManifest} from '../../src/appc/parse-image-manifest.ts';
import {serialize} from '../../src/appc/serialize.ts';
import {json, refused, sample} from './support.ts';

const minimal = {acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.org/base'};
const withApp = (app: object) => ({...minimal, app: {exec: ['/bin/a'], user: '0', group: '0', ...app}});
const many = <T>(length: number, make: (index: number) => T): T[] => Array.from({length}, (_, index) => make(index));
const isolator = (name: string, value: unknown) => withApp({isolators: [{name, value}]});
const without = (key: string) => Object.fromEntries(Object.entries(minimal).filter(([name]) => name !== key));

for (const name of ['image-minimal.json', 'image-full.json', 'image-nulls.json']) {
  test(`IM-10 ${name} survives reading and writing, keys in order`, (t) => {
    const manifest = parseImageManifest(sample(name));
    t.is(serialize(manifest), JSON.stringify(JSON.parse(sample(name).toString())));
    t.deepEqual(parseImageManifest(Buffer.from(serialize(manifest))), manifest);
  });
}

test('IM-25 user data keeps any key and unknown annotations stay', (t) => {
  const manifest = parseImageManifest(sample('image-full.json'));
  t.deepEqual(Object.keys(manifest.app?.userAnnotations ?? {}), ['Any Key', 'constructor']);
  t.is(findAnnotation(manifest.annotations, 'example.org/unknown'), 'snowman ☃');
  t.is(findAnnotation(manifest.annotations, 'none'), undefined);
  t.is(findLabel(manifest.labels, 'arch'), 'amd64');
  t.is(findLabel(null, 'arch'), undefined);
});

test('IM-17 supplementary groups are read under both spellings', (t) => {
  const gids = (app: object) => supplementaryGids(checkImageManifest(withApp(app)).app ?? t.fail());
  t.deepEqual(gids({supplementaryGIDs: [1, 2]}), [1, 2]);
  t.deepEqual(gids({supplementaryGids: [3]}), [3]);
  t.deepEqual(gids({supplementaryGIDs: null}), []);
});

const valid: readonly (readonly [title: string, manifest: object])[] = [
  ['IM-11 an image without app', minimal],
  ['IM-13 os without arch', {...minimal, labels: [{name: 'os', value: 'linux'}]}],
  [
    'IM-13 linux/s390x',
    {
      ...minimal,
      labels: [
        {name: 'arch', value: 's390x'},
        {name: 'os', value: 'linux'},
      ],
    },
  ],
  ['IM-13 a label with any value', {...minimal, labels: [{name: 'x', value: '--flag,\n$(id)'}]}],
  ['IM-15 an app without exec', withApp({exec: null})],
  ['IM-16 a user that is a path', withApp({user: '/usr/bin/ping'})],
  ['IM-20 an environment name with period and hyphen', withApp({environment: [{name: 'a.b-c_9', value: ''}]})],
  ['IM-23 the last port', withApp({ports: [{name: 'p', protocol: 'sctp', port: 65_535, count: 1}]})],
  [
    'IM-23 a range that ends at the last port',
    withApp({ports: [{name: 'p', protocol: 'x', port: 65_000, count: 536}]}),
  ],
  ['EX-32 an isolator that nobody knows', isolator('example.org/x', null)],
  ['IM-27 a dependency with a size', {...minimal, dependencies: [{imageName: 'a', size: 2 ** 53 - 1}]}],
  ['IM-28 an empty white list', {...minimal, pathWhitelist: []}],
];
for (const [title, manifest] of valid) {
  test(`${title} is accepted`, (t) => {
    t.deepEqual(parseImageManifest(json(manifest)), manifest as never);
  });
}

const label = (name: string, value: string) => ({name, value});
const port = (changes: object) => withApp({ports: [{name: 'p', protocol: 'tcp', port: 80, ...changes}]});
const annotation = (name: string, value: unknown) => ({...minimal, annotations: [{name, value}]});
const id = `sha512-${'0'.repeat(128)}`;

const faults: readonly (readonly [title: string, manifest: unknown, path: string])[] = [
  ['IM-10 a list', [], '$'],
  ['IM-10 a string', 'x', '$'],
  ['IM-11 no acKind', without('acKind'), 'acKind'],
  ['IM-11 no acVersion', without('acVersion'), 'acVersion'],
  ['IM-11 no name', without('name'), 'name'],
  ['TY-03 another kind', {...minimal, acKind: 'PodManifest'}, 'acKind'],
  ['TY-03 an unknown kind', {...minimal, acKind: 'Imagemanifest'}, 'acKind'],
  ['TY-04 a newer version', {...minimal, acVersion: '0.9.0'}, 'acVersion'],
  ['TY-01 a name that leaves its directory', {...minimal, name: 'a/../../b'}, 'name'],
  ['IM-11 an unknown field', {...minimal, dependancies: []}, 'dependancies'],
  ['IM-13 a label twice', {...minimal, labels: [label('a', '1'), label('b', ''), label('a', '2')]}, 'labels[2].name'],
  ['IM-13 a label called name', {...minimal, labels: [label('name', 'x')]}, 'labels[0].name'],
  ['IM-13 an unknown os', {...minimal, labels: [label('os', 'plan9')]}, 'labels[0].value'],
  ['IM-13 an os of Object', {...minimal, labels: [label('os', 'constructor')]}, 'labels[0].value'],
  [
    'IM-13 an arch of another os',
    {...minimal, labels: [label('os', 'linux'), label('arch', 'x86_64')]},
    'labels[1].value',
  ],
  ['IM-13 an arch without os', {...minimal, labels: [label('arch', 'amd64')]}, 'labels[0].value'],
  ['IM-13 a label with a third field', {...minimal, labels: [{...label('a', ''), x: 1}]}, 'labels[0].x'],
  ['IM-15 an argument with NUL', withApp({exec: ['/bin/a', 'b\0c']}), 'app.exec[1]'],
  ['IM-15 exec as a string', withApp({exec: '/bin/a'}), 'app.exec'],
  ['IM-16 no user', {...minimal, app: {exec: [], group: '0'}}, 'app.user'],
  ['IM-16 an empty user', withApp({user: ''}), 'app.user'],
  ['IM-16 a user as a number', withApp({user: 0}), 'app.user'],
  ['IM-16 no group', {...minimal, app: {exec: [], user: '0'}}, 'app.group'],
  ['IM-17 a negative group', withApp({supplementaryGIDs: [-1]}), 'app.supplementaryGIDs[0]'],
  ['IM-17 the group that means none', withApp({supplementaryGIDs: [0, 0xffff_ffff]}), 'app.supplementaryGIDs[1]'],
  ['IM-17 half a group', withApp({supplementaryGids: [0.5]}), 'app.supplementaryGids[0]'],
  ['IM-17 both spellings', withApp({supplementaryGIDs: [1], supplementaryGids: [2]}), 'app.supplementaryGids'],
  ['S10 a group too many', withApp({supplementaryGIDs: many(1001, (i) => i)}), 'app.supplementaryGIDs'],
  [
    'S10 a group too many, as the example spells it',
    withApp({supplementaryGids: many(1001, (i) => i)}),
    'app.supplementaryGids',
  ],
  [
    'S10 a mount point too many',
    withApp({mountPoints: many(1001, (i) => ({name: `v${i}`, path: `/v${i}`}))}),
    'app.mountPoints',
  ],
  [
    'S10 a port too many',
    withApp({ports: many(1001, (i) => ({name: `p${i}`, protocol: 'tcp', port: 80}))}),
    'app.ports',
  ],
  [
    'S10 a mount point with a path that is too long in bytes',
    withApp({mountPoints: [{name: 'a', path: '/ä'.repeat(1366)}]}),
    'app.mountPoints[0].path',
  ],
  [
    'S10 a mount point with a name that is too long in bytes',
    withApp({mountPoints: [{name: 'a', path: `/${'ä'.repeat(128)}`}]}),
    'app.mountPoints[0].path',
  ],
  [
    'S10 a mount point that is too deep',
    withApp({mountPoints: [{name: 'a', path: '/a'.repeat(257)}]}),
    'app.mountPoints[0].path',
  ],
  ['IM-18 another event', withApp({eventHandlers: [{name: 'pre-stop', exec: ['a']}]}), 'app.eventHandlers[0].name'],
  [
    'IM-18 an event twice',
    withApp({eventHandlers: ['pre-start', 'post-stop', 'pre-start'].map((name) => ({name, exec: ['a']}))}),
    'app.eventHandlers[2].name',
  ],
  [
    'IM-18 an event without program',
    withApp({eventHandlers: [{name: 'pre-start', exec: []}]}),
    'app.eventHandlers[0].exec',
  ],
  ['IM-19 a relative working directory', withApp({workingDirectory: 'srv'}), 'app.workingDirectory'],
  ['IM-19 an empty working directory', withApp({workingDirectory: ''}), 'app.workingDirectory'],
  ['IM-20 a name with =', withApp({environment: [label('a=b', '')]}), 'app.environment[0].name'],
  ['IM-20 an empty name', withApp({environment: [label('', '')]}), 'app.environment[0].name'],
  ['IM-20 a name twice', withApp({environment: [label('A', '1'), label('A', '2')]}), 'app.environment[1].name'],
  ['IM-20 a value with NUL', withApp({environment: [label('A', '\0')]}), 'app.environment[0].value'],
  [
    'IM-22 a mount point twice',
    withApp({
      mountPoints: [
        {name: 'a', path: '/a'},
        {name: 'a', path: '/b'},
      ],
    }),
    'app.mountPoints[1].name',
  ],
  ['IM-22 a mount point by identifier', withApp({mountPoints: [{name: 'a/b', path: '/a'}]}), 'app.mountPoints[0].name'],
  ['IM-22 a mount point at no path', withApp({mountPoints: [{name: 'a', path: ''}]}), 'app.mountPoints[0].path'],
  [
    'IM-22 readOnly as text',
    withApp({mountPoints: [{name: 'a', path: '/a', readOnly: 'true'}]}),
    'app.mountPoints[0].readOnly',
  ],
  [
    'IM-22 a mistyped field',
    withApp({mountPoints: [{name: 'a', path: '/a', readonly: true}]}),
    'app.mountPoints[0].readonly',
  ],
  ['IM-23 port 0', port({port: 0}), 'app.ports[0].port'],
  ['IM-23 port 65536', port({port: 65_536}), 'app.ports[0].port'],
  ['IM-23 port 80.5', port({port: 80.5}), 'app.ports[0].port'],
  ['IM-23 a count of 0', port({count: 0}), 'app.ports[0].count'],
  ['IM-23 a range beyond the last port', port({port: 65_000, count: 537}), 'app.ports[0].count'],
  ['IM-23 no protocol', withApp({ports: [{name: 'p', port: 80}]}), 'app.ports[0].protocol'],
  ['IM-23 a port without name', withApp({ports: [{protocol: 'tcp', port: 80}]}), 'app.ports[0].name'],
  ['IM-25 user data that is no text', withApp({userLabels: {a: 1}}), 'app.userLabels.a'],
  ['TY-06 an isolator without value', withApp({isolators: [{name: 'a'}]}), 'app.isolators[0].value'],
  ['TY-06 an isolator with a third field', withApp({isolators: [{name: 'a', value: 1, x: 1}]}), 'app.isolators[0].x'],
  ['TY-06 an isolator with a bad name', isolator('A', 1), 'app.isolators[0].name'],
  ['EX-52 a bad quantity', isolator('resource/memory', {limit: '12Q'}), 'app.isolators[0].value.limit'],
  ['EX-55 sysctl for an app', isolator('os/unix/sysctl', {'net.ipv4.ip_forward': '1'}), 'app.isolators[0].name'],
  [
    'EX-42 both seccomp sets',
    withApp({
      isolators: [
        {name: 'os/linux/seccomp-retain-set', value: {set: ['read']}},
        {name: 'os/linux/seccomp-remove-set', value: {set: ['read']}},
      ],
    }),
    'app.isolators[1].name',
  ],
  [
    'EX-42 one seccomp set twice',
    withApp({
      isolators: [
        {name: 'os/linux/seccomp-retain-set', value: {set: ['read']}},
        {name: 'os/linux/seccomp-retain-set', value: {set: ['write']}},
      ],
    }),
    'app.isolators[1].name',
  ],
  [
    'IM-26 a short image ID',
    {...minimal, dependencies: [{imageName: 'a', imageID: id.slice(0, 71)}]},
    'dependencies[0].imageID',
  ],
  ['IM-26 a dependency without name', {...minimal, dependencies: [{imageID: id}]}, 'dependencies[0].imageName'],
  ['IM-27 a negative size', {...minimal, dependencies: [{imageName: 'a', size: -1}]}, 'dependencies[0].size'],
  ['IM-27 a size that is no number', {...minimal, dependencies: [{imageName: 'a', size: '1'}]}, 'dependencies[0].size'],
  ['IM-28 a relative path', {...minimal, pathWhitelist: ['/a', 'b']}, 'pathWhitelist[1]'],
  ['IM-29 an annotation twice', {...minimal, annotations: [label('a', ''), label('a', '')]}, 'annotations[1].name'],
  ['IM-29 created by another clock', annotation('created', 'yesterday'), 'annotations[0].value'],
  ['IM-29 a homepage of javascript', annotation('homepage', 'javascript:alert(1)'), 'annotations[0].value'],
  ['IM-29 documentation without host', annotation('documentation', 'https://'), 'annotations[0].value'],
  ['IM-29 a homepage with a line break', annotation('homepage', 'https://a\n.example'), 'annotations[0].value'],
  ['IM-29 a value that is no text', annotation('x', true), 'annotations[0].value'],
];
for (const [title, manifest, path] of faults) {
  test(`${title} is refused`, (t) => {
    t.is(refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(json(manifest))).path, path);
  });
}

test('IM-10 what is no JSON is refused as a manifest', (t) => {
  t.is(refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(Buffer.from('{"acKind":'))).path, '$');
  t.is(
    refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(Buffer.from('{"name":1,"name":2}'))).path,
    'name',
  );
});

test('S10 the error about a list that is too long has its length and the limit', (t) => {
  const manifest = json(withApp({supplementaryGIDs: many(60_000, (i) => i)}));
  const fields = refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(manifest));
  t.regex(String(fields.expected), /\b1000\b.*\b60000\b/);
});

test('S10 lists of full length are accepted', (t) => {
  const app = {
    supplementaryGIDs: many(1000, (i) => i),
    mountPoints: many(1000, (i) => ({
      name: `v${i}`,
      path: `${i === 0 ? '/a'.repeat(254) : ''}/${'ä'.repeat(127)}/v${i}`,
    })),
    ports: many(1000, (i) => ({name: `p${i}`, protocol: 'tcp', port: 80})),
  };
  t.like(parseImageManifest(json(withApp(app))).app, app);
});

test('S10 an error repeats little of a long value', (t) => {
  const name = 'A'.repeat(2 ** 19);
  const fields = refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(json({...minimal, name})));
  t.is(String(fields.value).length, 80);
});

test('S25 __proto__ in a manifest is refused', (t) => {
  const text = JSON.stringify(withApp({userLabels: {x: 'y'}})).replace('"x"', '"__proto__"');
  const fields = refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(Buffer.from(text)));
  t.is(fields.path, 'app.userLabels.__proto__');
});

test('S25 values of half a megabyte are decided', (t) => {
  const long = (text: string) => text.repeat(2 ** 19 / text.length);
  const pathOf = (manifest: object) =>
    refused(t, 'RKT_IMAGE_MANIFEST_INVALID', () => parseImageManifest(json(manifest))).path;
  t.is(pathOf({...minimal, name: `${long('a/')}!`}), 'name');
  t.is(pathOf({...minimal, acVersion: long('0.')}), 'acVersion');
  t.is(pathOf(annotation('created', `2015-05-18T13:49:28.${long('1')}`)), 'annotations[0].value');
  t.is(pathOf(annotation('homepage', `http://${long('a')} `)), 'annotations[0].value');
  t.is(pathOf(withApp({environment: [label(`${long('A')}=`, '')]})), 'app.environment[0].name');
  t.is(pathOf(withApp({workingDirectory: long('/a')})), 'app.workingDirectory');
  t.is(pathOf(isolator('resource/memory', {limit: long('9')})), 'app.isolators[0].value.limit');
  t.is(pathOf(isolator('os/linux/seccomp-retain-set', {set: [`${long('a')}!`]})), 'app.isolators[0].value.set[0]');
});
