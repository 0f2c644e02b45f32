import {mkdirSync, symlinkSync} from 'node:fs';
import test from 'ava';
import {placeOf} from '../../../src/appc/paths.ts';
import type {Declaration} from '../../../src/contract/declaration.ts';
import type {AppName, HostPath, RootfsPath, VolumeName} from '../../../src/contract/names.ts';
import {DEFAULT_HOSTS, hosts, resolvConf} from '../../../src/pod/compose/dns.ts';
import {freezeVolumes} from '../../../src/pod/compose/freeze-volumes.ts';
import {imageTree} from '../../../src/pod/compose/image-tree.ts';
import {checkMountTarget, checkMountTargets} from '../../../src/pod/compose/mount-targets.ts';
import {parseNetwork} from '../../../src/pod/compose/network.ts';
import {volumeSource} from '../../../src/pod/compose/volume-source.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {runRequest, scratch, tree} from '../helpers.ts';

const target = (path: string) => {
  const place = placeOf(path);
  checkMountTarget('web', place);
  return place;
};

for (const [given, normal] of [
  ['/data', '/data'],
  ['//data/./x/', '/data/x'],
  ['/devices', '/devices'],
  ['/srv/proc', '/srv/proc'],
  ['data', '/data'],
  ['../a/../data', '/data'],
  ['/dev/shm', '/dev/shm'],
  ['/dev//net/tun', '/dev/net/tun'],
] as const)
  test(`EX-08 a mount target: ${given}`, (t) => t.is<string, string>(target(given), normal));

for (const path of ['/', '//', '/./', '/proc', '/proc/sys', '/sys', '/dev', '/a/../proc', '/..'])
  test(`S07 no mount target: ${path}`, (t) => {
    t.throws(() => target(path), {code: 'RKT_POD_MOUNT_TARGET_REFUSED'});
  });

for (const targets of [
  ['/data', '/data'],
  ['/data', '/other', '//data/./'],
  ['/data', '/other/../data'],
])
  test(`EX-12 two volumes at one place: ${targets.join(' ')}`, (t) => {
    t.throws(() => checkMountTargets('web', targets.map(placeOf)), {code: 'RKT_POD_MOUNT_TARGET_REFUSED'});
  });

test('S07 what is mounted below /dev is replaced as a whole', (t) => {
  for (const target of ['/dev/shm/x', '/dev/pts/0', '/dev/mqueue/q/r'] as RootfsPath[]) {
    t.throws(() => checkMountTargets('web', [target]), {code: 'RKT_POD_MOUNT_TARGET_REFUSED'});
  }
  t.notThrows(() => checkMountTargets('web', ['/dev/shm/x', '/dev/shm', '/dev/shmem/x'] as RootfsPath[]));
});

test('EX-12 volumes beside and inside of each other are none of that', (t) => {
  const targets = ['/data', '/database', '/data-1/x', '/data/inner', '/srv/data'] as RootfsPath[];
  t.notThrows(() => checkMountTargets('web', targets));
});

const source = (path: string, followSymlinks = false, allowRoot = false) =>
  volumeSource('data', path as HostPath, {followSymlinks, allowRoot});

test('S17 the root directory of the host is no source unless the operator insists', (t) => {
  for (const path of ['/', '//', '/.', '/etc/..']) t.throws(() => source(path), {code: 'RKT_VOLUME_SOURCE_ROOT'});
  const directory = scratch(t);
  symlinkSync('/', `${directory}/link`);
  t.throws(() => source(`${directory}/link`, true), {code: 'RKT_VOLUME_SOURCE_ROOT'});
  t.is<string, string>(source('/', false, true).source, '/');
});

test('EX-16 a volume source that does not exist is refused', (t) => {
  const directory = scratch(t);
  const error = t.throws(() => source(`${directory}/nowhere`), {code: 'RKT_VOLUME_SOURCE_MISSING'});
  t.like(error, {fields: {volume: 'data', source: `${directory}/nowhere`}});
  tree(directory, {file: ''});
  t.throws(() => source(`${directory}/file/below`), {code: 'RKT_VOLUME_SOURCE_MISSING'});
});

test('EX-18 a source may be a directory, a file or a device', (t) => {
  const directory = scratch(t);
  tree(directory, {file: ''});
  t.is(source(directory).type, 'directory');
  t.is(source(`${directory}/file`).type, 'file');
  t.is(source('/dev/null').type, 'device');
});

test('EX-19 a source that is a symlink is refused', (t) => {
  const directory = scratch(t);
  symlinkSync('/etc', `${directory}/link`);
  const error = t.throws(() => source(`${directory}/link`), {code: 'RKT_VOLUME_SOURCE_SYMLINK'});
  t.like(error, {fields: {link: `${directory}/link`, to: '/etc'}});
});

test('EX-20 a symlink on the way to a source is refused', (t) => {
  const directory = scratch(t);
  mkdirSync(`${directory}/real/below`, {recursive: true});
  symlinkSync('real', `${directory}/link`);
  const error = t.throws(() => source(`${directory}/link/below`), {code: 'RKT_VOLUME_SOURCE_SYMLINK'});
  t.like(error, {fields: {link: `${directory}/link`}});
});

test('EX-21 symlinks are followed when the operator says so', (t) => {
  const directory = scratch(t);
  mkdirSync(`${directory}/real/below`, {recursive: true});
  symlinkSync('real', `${directory}/link`);
  t.deepEqual(source(`${directory}/link/below`, true), {
    source: `${directory}/real/below` as HostPath,
    type: 'directory',
  });
});

test('S16 a file of an image is read from its uppermost layer', (t) => {
  const directory = scratch(t);
  tree(directory, {'one/etc/passwd': 'upper', 'two/etc/passwd': 'lower', 'two/etc/group': 'lower'});
  const image = imageTree([`${directory}/one`, `${directory}/two`] as HostPath[]);
  t.is(image.read('/etc/passwd', 100), 'upper');
  t.is(image.read('/etc/passwd', 2), 'up');
  t.is(image.read('/etc/group', 100), 'lower');
  t.is(image.read('/etc/shadow', 100), undefined);
  t.true(image.has('/etc/group'));
  t.is(image.owner('/etc/group')?.uid, process.getuid?.());
});

test('S16 symlinks, directories and devices are no files of names', (t) => {
  const directory = scratch(t);
  tree(directory, {'one/etc/group/x': '', secret: 'root:x:0:0::/:'});
  symlinkSync('../../secret', `${directory}/one/etc/passwd`);
  symlinkSync('/dev/zero', `${directory}/one/etc/zero`);
  const image = imageTree([`${directory}/one` as HostPath]);
  for (const path of ['/etc/passwd', '/etc/group', '/etc/zero']) t.is(image.read(path, 100), undefined, path);
});

test('S16 a directory that is a symlink is resolved inside the layer', (t) => {
  const directory = scratch(t);
  tree(directory, {'one/usr/etc/passwd': 'inside', 'etc/passwd': 'outside'});
  symlinkSync('/usr/etc', `${directory}/one/etc`);
  t.is(imageTree([`${directory}/one` as HostPath]).read('/etc/passwd', 100), 'inside');
  tree(directory, {'two/x': ''});
  symlinkSync('..', `${directory}/two/etc`);
  t.is(imageTree([`${directory}/two` as HostPath]).read('/etc/etc/passwd', 100), undefined);
});

test('S16 a symlink may mean a file of another layer, and what an upper layer has counts', (t) => {
  const directory = scratch(t);
  tree(directory, {'one/x': '', 'two/usr/passwd': 'lower', 'two/usr/group': 'lower', 'one/usr/group': 'upper'});
  tree(directory, {'one/etc': null, 'two/etc': null});
  for (const [layer, name] of [
    ['one', 'passwd'],
    ['two', 'group'],
  ] as const)
    symlinkSync(`../usr/${name}`, `${directory}/${layer}/etc/${name}`);
  const image = imageTree([`${directory}/one`, `${directory}/two`] as HostPath[]);
  t.is(image.read('/etc/passwd', 100), 'lower');
  t.is(image.read('/etc/group', 100), 'upper');
  // A directory over a symlink to one hides it.
  symlinkSync('usr', `${directory}/two/lib`);
  tree(directory, {'one/lib': null});
  t.is(image.read('/lib/passwd', 100), undefined);
});

test('S16 what an upper layer has instead of a directory hides what lies below', (t) => {
  const directory = scratch(t);
  tree(directory, {'one/etc': 'a file', 'two/etc/passwd': 'lower'});
  t.is(imageTree([`${directory}/one`, `${directory}/two`] as HostPath[]).read('/etc/passwd', 100), undefined);
});

const host = {resolvConf: () => 'of the host', hosts: () => 'hosts of the host', hostname: () => 'host'};

test('without DNS flags the app’s own resolv.conf is left alone', (t) => {
  t.is(resolvConf(runRequest(), host), null);
  t.is(resolvConf(runRequest({dns: ['none']}), host), null);
});

test('--dns=host copies the host’s', (t) => t.is(resolvConf(runRequest({dns: ['host']}), host), 'of the host'));

test('DNS flags make a resolv.conf', (t) => {
  const run = runRequest({dns: ['8.8.8.8', '::1'], dnsSearch: ['a.example', 'b'], dnsOpt: ['rotate'], dnsDomain: 'c'});
  t.is(resolvConf(run, host), 'domain c\nsearch a.example b\nnameserver 8.8.8.8\nnameserver ::1\noptions rotate\n');
});

for (const run of [
  {dns: ['host', '8.8.8.8']},
  {dns: ['none'], dnsSearch: ['a']},
  {dns: ['example.com']},
  {dns: ['8.8.8.8\nnameserver 1.1.1.1']},
  {dnsSearch: ['a\nnameserver 1.1.1.1']},
  {dnsOpt: ['a b']},
  {dnsDomain: ''},
])
  test(`S15 refused: ${JSON.stringify(run)}`, (t) => {
    t.throws(() => resolvConf(runRequest(run), host), {code: 'RKT_POD_DNS_INVALID'});
  });

test('OS-02 an image without /etc/hosts gets one with localhost, an existing one stays', (t) => {
  t.is(hosts(runRequest(), host, false), DEFAULT_HOSTS);
  t.is(hosts(runRequest(), host, true), null);
});

test('OS-02 entries and the host’s file take the place of the image’s when asked for', (t) => {
  t.is(hosts(runRequest({hostsEntries: ['host']}), host, true), 'hosts of the host');
  t.is(
    hosts(runRequest({hostsEntries: ['10.0.0.1=db', '10.0.0.1=cache', '::2=six']}), host, true),
    `${DEFAULT_HOSTS}10.0.0.1\tdb cache\n::2\tsix\n`,
  );
});

for (const entry of ['db', '10.0.0.1', '10.0.0.1=', 'x=db', '10.0.0.1=a=b', '10.0.0.1=a b', '10.0.0.1=a\n'])
  test(`S15 no hosts entry: ${JSON.stringify(entry)}`, (t) => {
    t.throws(() => hosts(runRequest({hostsEntries: [entry]}), host, true), {code: 'RKT_POD_DNS_INVALID'});
  });

const features = (level: 'enforced' | 'impossible') =>
  ({
    'network/host': {level: 'enforced', mechanism: ''},
    'network/named': {level, mechanism: '', consequence: ''},
  }) as unknown as Declaration['features'];

test('without --net it is rkt’s default network, or the host’s where the flavor has no other', (t) => {
  t.deepEqual(parseNetwork(undefined, features('enforced')), {mode: 'named', names: [{name: 'default', args: {}}]});
  t.deepEqual(parseNetwork(undefined, features('impossible')), {mode: 'host', names: []});
});

test('--net takes names with arguments', (t) => {
  t.deepEqual(parseNetwork('none', features('enforced')), {mode: 'none', names: []});
  t.deepEqual(parseNetwork('default,back:IP=10.1.2.3;X=a=b', features('enforced')), {
    mode: 'named',
    names: [
      {name: 'default', args: {}},
      {name: 'back', args: {IP: '10.1.2.3', X: 'a=b'}},
    ],
  });
});

for (const net of ['', 'a,', 'a,a', 'host,a', 'a,none', '../x', 'a/b', 'a:', 'a:x', 'a:=x', '.hidden'])
  test(`S18 no network: ${JSON.stringify(net)}`, (t) => {
    t.throws(() => parseNetwork(net, features('enforced')), {code: 'RKT_POD_NETWORK_INVALID'});
  });

test('an empty volume looks like the directory that it is filled from, unless the manifest says how it looks', (t) => {
  const look = {mode: 0o1770, uid: 7, gid: 8};
  const frozen = (more: object) => {
    const volume = {name: 'data' as VolumeName, kind: 'empty' as const, ...more};
    const mounts = [{volume: volume.name, path: '/data' as RootfsPath, readOnly: false, source: volume}];
    const apps = (['first', 'second'] as AppName[]).map((app) => ({app, mounts}));
    const policy = {followSymlinks: false, allowRoot: false};
    return freezeVolumes([volume], apps, policy, {content: (app) => (app === 'second' ? look : undefined)}).volumes[0];
  };
  t.like(frozen({}), {...look, copyUp: {app: 'second', path: '/data'}});
  t.like(frozen({mode: '0700', uid: 0}), {mode: 0o700, uid: 0, gid: 8});
});

test('S17 a volume that is read-only is so for what is mounted later, too: with propagation it is refused', (t) => {
  const source = scratch(t) as HostPath;
  const name = 'data' as VolumeName;
  const frozen = (more: {propagation: 'private' | 'shared' | 'slave'; readOnly?: boolean}, readOnly?: boolean) => {
    const volume = {name, kind: 'host' as const, source, ...more};
    const mounts = [{volume: name, path: '/data' as RootfsPath, readOnly: readOnly ?? false, source: volume}];
    const apps = readOnly === undefined ? [] : [{app: 'web' as AppName, mounts}];
    return freezeVolumes([volume], apps, {followSymlinks: false, allowRoot: false});
  };
  for (const propagation of ['slave', 'shared'] as const) {
    const refused = {code: 'RKT_VOLUME_NOT_READ_ONLY', fields: {volume: 'data', propagation}};
    const error = (call: () => unknown) => t.throws(call, {instanceOf: RktError});
    t.like(
      error(() => frozen({propagation, readOnly: true})),
      refused,
    );
    t.like(
      error(() => frozen({propagation}, true)),
      refused,
    );
    t.notThrows(() => frozen({propagation, readOnly: false}, false));
  }
  t.notThrows(() => frozen({propagation: 'private', readOnly: true}, true));
});
