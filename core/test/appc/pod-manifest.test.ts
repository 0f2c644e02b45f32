import test from 'ava';
import {readPodManifest} from '../../src/appc/read-manifest.ts';
import {serialize} from '../../src/appc/serialize.ts';
import {json, refusedLater, sample} from './support.ts';

const id = `sha512-${'0'.repeat(128)}`;
const minimal = {acVersion: '0.8.11', acKind: 'PodManifest', apps: [{name: 'a', image: {id}}]};
const withApp = (app: object) => ({...minimal, apps: [{name: 'a', image: {id}, ...app}]});
const withVolume = (volume: object) => ({...minimal, volumes: [{name: 'v', ...volume}]});
const withPort = (port: object) => ({...minimal, ports: [{name: 'p', hostPort: 80, ...port}]});
const without = (key: string) => Object.fromEntries(Object.entries(minimal).filter(([name]) => name !== key));
const text = (name: string, value: unknown) => ({name, value});

for (const name of ['pod-full.json', 'pod-nulls.json']) {
  test(`PO-04 ${name} survives reading and writing, keys in order`, async (t) => {
    const manifest = await readPodManifest(sample(name));
    t.is(serialize(manifest), JSON.stringify(JSON.parse(sample(name).toString())));
    t.deepEqual(await readPodManifest(Buffer.from(serialize(manifest))), manifest);
  });
}

const valid: readonly (readonly [title: string, manifest: object])[] = [
  ['PO-05 an image by its ID alone', minimal],
  ['PO-05 an image by the half of its ID that rkt kept', withApp({image: {id: id.slice(0, 71)}})],
  ['PO-05 labels of an image', withApp({image: {id, name: 'x/y', labels: [text('os', 'linux')]}})],
  ['PO-07 a volume that is bound later', withApp({mounts: [{volume: 'v', path: '/v'}]})],
  ['PO-09 an empty volume', withVolume({kind: 'empty'})],
  ['PO-11 an empty volume of its own kind', withVolume({kind: 'empty', mode: '01777', uid: 0xffff_fffe, gid: 0})],
  ['PO-10 recursive without meaning', withVolume({kind: 'empty', recursive: true})],
  [
    'PO-13 one port on two of the host',
    {...minimal, ports: [text('p', 0), text('p', 0)].map(({name}, i) => ({name, hostPort: 80 + i}))},
  ],
  ['PO-13 an address of the host', withPort({hostIP: '255.0.19.1'})],
  ['PO-12 an isolator of the pod', {...minimal, isolators: [text('os/unix/sysctl', {'net.core.somaxconn': '1024'})]}],
];
for (const [title, manifest] of valid) {
  test(`${title} is accepted`, async (t) => {
    t.deepEqual(await readPodManifest(json(manifest)), manifest as never);
  });
}

const faults: readonly (readonly [title: string, manifest: unknown, path: string])[] = [
  ['PO-04 no acKind', without('acKind'), 'acKind'],
  ['PO-04 no acVersion', without('acVersion'), 'acVersion'],
  ['PO-04 no apps', without('apps'), 'apps'],
  ['PO-04 an empty list of apps', {...minimal, apps: []}, 'apps'],
  ['PO-04 an image manifest', {...minimal, acKind: 'ImageManifest'}, 'acKind'],
  ['PO-04 an app without name', {...minimal, apps: [{image: {id}}]}, 'apps[0].name'],
  ['PO-04 an app with an identifier as name', withApp({name: 'a.b'}), 'apps[0].name'],
  ['PO-04 an app with a name of 65 characters', withApp({name: 'a'.repeat(65)}), 'apps[0].name'],
  ['PO-04 two apps of one name', {...minimal, apps: [...minimal.apps, ...minimal.apps]}, 'apps[1].name'],
  ['PO-04 an unknown field', {...minimal, volume: []}, 'volume'],
  ['PO-04 a mistyped field of an app', withApp({readOnlyRootFs: true}), 'apps[0].readOnlyRootFs'],
  ['PO-05 no image', {...minimal, apps: [{name: 'a'}]}, 'apps[0].image'],
  ['PO-05 an image without ID', withApp({image: {name: 'x'}}), 'apps[0].image.id'],
  ['PO-05 an image by less than half of its ID', withApp({image: {id: id.slice(0, 70)}}), 'apps[0].image.id'],
  ['PO-05 an image by more than half of its ID', withApp({image: {id: id.slice(0, 72)}}), 'apps[0].image.id'],
  ['PO-06 an app section without user', withApp({app: {exec: ['/a'], group: '0'}}), 'apps[0].app.user'],
  [
    'S10 a mount too many',
    withApp({mounts: Array.from({length: 1001}, (_, i) => ({volume: 'v', path: `/v${i}`}))}),
    'apps[0].mounts',
  ],
  ['PO-07 a mount without path', withApp({mounts: [{volume: 'v'}]}), 'apps[0].mounts[0].path'],
  ['PO-07 a mount without volume', withApp({mounts: [{path: '/v'}]}), 'apps[0].mounts[0].volume'],
  ['PO-07 a mount at no path', withApp({mounts: [{volume: 'v', path: ''}]}), 'apps[0].mounts[0].path'],
  [
    'PO-07 an appVolume without kind',
    withApp({mounts: [{volume: 'v', path: '/v', appVolume: {name: 'v'}}]}),
    'apps[0].mounts[0].appVolume.kind',
  ],
  ['PO-08 an annotation twice', withApp({annotations: [text('a', ''), text('a', '')]}), 'apps[0].annotations[1].name'],
  [
    'PO-08 an annotation of the pod twice',
    {...minimal, annotations: [text('a', ''), text('a', '')]},
    'annotations[1].name',
  ],
  ['PO-09 a volume twice', {...minimal, volumes: [1, 2].map(() => ({name: 'v', kind: 'empty'}))}, 'volumes[1].name'],
  ['PO-09 another kind of volume', withVolume({kind: 'nfs'}), 'volumes[0].kind'],
  ['PO-09 a host volume without source', withVolume({kind: 'host'}), 'volumes[0].source'],
  ['PO-09 a relative source', withVolume({kind: 'host', source: 'srv'}), 'volumes[0].source'],
  ['PO-09 an empty volume with a source', withVolume({kind: 'empty', source: '/srv'}), 'volumes[0].source'],
  ['PO-11 a mode of a host volume', withVolume({kind: 'host', source: '/srv', mode: '0755'}), 'volumes[0].mode'],
  ['PO-11 a mode as a number', withVolume({kind: 'empty', mode: 755}), 'volumes[0].mode'],
  ['PO-11 a mode that is not octal', withVolume({kind: 'empty', mode: '0788'}), 'volumes[0].mode'],
  ['PO-11 a mode above 7777', withVolume({kind: 'empty', mode: '17777'}), 'volumes[0].mode'],
  ['PO-11 a uid as text', withVolume({kind: 'empty', uid: '0'}), 'volumes[0].uid'],
  ['PO-11 the gid that means none', withVolume({kind: 'empty', gid: 0xffff_ffff}), 'volumes[0].gid'],
  [
    'PO-12 an isolator that is for apps',
    {...minimal, isolators: [text('os/linux/seccomp-remove-set', {set: ['read']})]},
    'isolators[0].name',
  ],
  [
    'EX-46 an isolator twice',
    {...minimal, isolators: ['a', 'b'].map((profile) => text('os/linux/apparmor-profile', {profile}))},
    'isolators[1].name',
  ],
  ['PO-13 no port of the host', {...minimal, ports: [{name: 'p'}]}, 'ports[0].hostPort'],
  ['PO-13 port 0 of the host', withPort({hostPort: 0}), 'ports[0].hostPort'],
  ['PO-13 an address of IPv6', withPort({hostIP: '::1'}), 'ports[0].hostIP'],
  ['PO-13 an address above 255', withPort({hostIP: '256.0.0.1'}), 'ports[0].hostIP'],
  ['PO-13 an octal address', withPort({hostIP: '010.0.0.1'}), 'ports[0].hostIP'],
  ['PO-13 an address with four dots', withPort({hostIP: '1.2.3.4.'}), 'ports[0].hostIP'],
  ['PO-13 a name instead of an address', withPort({hostIP: 'localhost'}), 'ports[0].hostIP'],
  ['PO-13 a podPort without protocol', withPort({podPort: {name: 'p', port: 80}}), 'ports[0].podPort.protocol'],
  ['PO-14 user data that is no text', {...minimal, userAnnotations: {a: null}}, 'userAnnotations.a'],
];
for (const [title, manifest, path] of faults) {
  test(`${title} is refused`, async (t) => {
    t.is((await refusedLater(t, 'RKT_POD_MANIFEST_INVALID', () => readPodManifest(json(manifest)))).path, path);
  });
}
