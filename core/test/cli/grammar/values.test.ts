import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {collectEnvironment, parseEnvironment, parseEnvironmentFile} from '../../../src/cli/grammar/environment.ts';
import {parseIsolator, parseRlimits} from '../../../src/cli/grammar/isolators.ts';
import {mergeMounts, parseMount} from '../../../src/cli/grammar/mount.ts';
import {parsePort} from '../../../src/cli/grammar/port.ts';
import {parseRestartLimit} from '../../../src/cli/grammar/restart-limit.ts';
import {parseStage1} from '../../../src/cli/grammar/stage1.ts';
import {parseVolume} from '../../../src/cli/grammar/volume.ts';
import {scratch} from '../../pod/helpers.ts';

for (const [value, volume] of [
  ['data,kind=host,source=/srv', {name: 'data', kind: 'host', source: '/srv'}],
  [
    'data,kind=host,source=/srv,readOnly=true,recursive=0',
    {name: 'data', kind: 'host', source: '/srv', readOnly: true, recursive: false},
  ],
  ['d,source=/a%2Cb%25+c,kind=host', {name: 'd', kind: 'host', source: '/a,b%+c'}],
  ['d,kind=host,source=/a,propagation=slave', {name: 'd', kind: 'host', source: '/a', propagation: 'slave'}],
  ['d,kind=empty', {name: 'd', kind: 'empty'}],
  ['d,kind=empty,mode=0700,uid=1,gid=2', {name: 'd', kind: 'empty', mode: '0700', uid: 1, gid: 2}],
] as const)
  test(`PO-09 --volume=${value}`, (t) => t.deepEqual(parseVolume(value) as unknown, volume));

for (const value of [
  '',
  'data',
  'data,kind=tmpfs',
  'Data,kind=empty',
  ',kind=empty',
  'd,kind=host',
  'd,kind=host,source=relative',
  'd,kind=host,source=/a%00',
  'd,kind=host,source=/a%2',
  'd,kind=host,source=/a,mode=0755',
  'd,kind=empty,source=/a',
  'd,kind=empty,mode=rwx',
  'd,kind=empty,mode=70000',
  'd,kind=empty,uid=root',
  'd,kind=empty,uid=-1',
  'd,kind=empty,uid=4294967296',
  'd,kind=empty,readOnly=maybe',
  'd,kind=empty,kind=host,source=/a',
  'd,kind=host,source=/a,propagation=rslave',
  'd,kind=empty,propagation=slave',
  'd,kind=empty,size=1',
  'd,kind=empty,',
  'd,kind=empty,__proto__=1',
])
  test(`PO-09 --volume=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parseVolume(value)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'volume', value}},
    );
  });

test('PO-07 --mount', (t) => {
  t.deepEqual(parseMount('volume=v,target=/a%2Cb') as unknown, {volume: 'v', path: '/a,b'});
  t.deepEqual(parseMount('volume=v,target=a/../../b/') as unknown, {volume: 'v', path: '/b'});
});

for (const value of ['', 'v:/a', 'volume=v', 'target=/a', 'volume=v,target=', 'volume=V,target=/a'])
  test(`PO-07 --mount=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parseMount(value)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'mount', value}},
    );
  });

test("an app's mount takes the place of one for all apps at the same path", (t) => {
  const [own, all, other] = ['volume=o,target=/a', 'volume=x,target=/a', 'volume=y,target=/b'].map(parseMount);
  t.deepEqual(mergeMounts([own as never], [all as never, other as never]), [own as never, other as never]);
});

for (const [value, port] of [
  ['http:80', {name: 'http', hostPort: 80}],
  ['http:127.0.0.1:65535', {name: 'http', hostIp: '127.0.0.1', hostPort: 65_535}],
] as const)
  test(`PO-13 --port=${value}`, (t) => t.deepEqual(parsePort(value), port));

for (const value of [
  '',
  'http',
  'http:',
  'http:0',
  'http:65536',
  'http:0x50',
  'f$o:123',
  ':80',
  'http:::1:80',
  'http:1.2.3:80',
  'http:1.2.3.4:80:tcp',
  'http:08a',
])
  test(`PO-13 --port=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parsePort(value)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'port', value}},
    );
  });

test('IM-20 --set-env', (t) => {
  t.deepEqual(
    parseEnvironment('set-env', ['A=1', 'B=', 'C=x=y', '__proto__=z']),
    Object.fromEntries([
      ['A', '1'],
      ['B', ''],
      ['C', 'x=y'],
      ['__proto__', 'z'],
    ]),
  );
});

for (const values of [['A'], ['=1'], ['A B=1'], [''], ['A=1', 'A=2'], ['Ä=1']])
  test(`IM-20 --set-env=${values.join(' ')} is refused`, (t) => {
    t.like(
      t.throws(() => parseEnvironment('set-env', values)),
      {code: 'RKT_FLAG_VALUE_INVALID'},
    );
  });

test('an environment file: comments, empty lines, CRLF, nothing is unquoted', (t) => {
  t.deepEqual(parseEnvironmentFile('f', '# c\n;c\n\nA=1\r\nB="x y" $A\nC=\n'), {A: '1', B: '"x y" $A', C: ''});
});

test('S25 of environment files and flags the later wins, and no name is lost', (t) => {
  const directory = scratch(t);
  const file = (name: string, text: string) => {
    writeFileSync(path.join(directory, name), text);
    return path.join(directory, name);
  };
  const files = [file('a', 'A=1\nB=1\n__proto__=1\n'), file('b', 'B=2\nC=2\n')];
  t.deepEqual(Object.entries(collectEnvironment(files, ['C=3', 'constructor=4'])), [
    ['A', '1'],
    ['B', '2'],
    ['__proto__', '1'],
    ['C', '3'],
    ['constructor', '4'],
  ]);
});

for (const text of ['A', '=1', ' A=1', 'A=1\nA=2', 'A=\0', 'export A=1'])
  test(`an environment file with ${JSON.stringify(text)} is refused`, (t) => {
    t.like(
      t.throws(() => parseEnvironmentFile('f', text)),
      {code: 'RKT_FLAG_FILE_UNUSABLE', fields: {path: 'f'}},
    );
  });

for (const [flag, value, isolator] of [
  ['memory', '64Mi', {name: 'resource/memory', value: {request: '64Mi', limit: '64Mi'}}],
  ['cpu', '500m', {name: 'resource/cpu', value: {request: '500m', limit: '500m'}}],
  ['cpu-shares', '1024', {name: 'os/linux/cpu-shares', value: 1024}],
  ['oom-score-adj', '-500', {name: 'os/linux/oom-score-adj', value: -500}],
  ['cpuset-cpus', '0-2,5', {name: 'os/linux/cpuset-cpus', value: '0-2,5'}],
  ['cpuset-mems', '0', {name: 'os/linux/cpuset-mems', value: '0'}],
  ['hugepages', '2Mi=64Mi,1Gi=0', {name: 'resource/hugepages', value: {'2Mi': '64Mi', '1Gi': '0'}}],
  ['pids', '100', {name: 'resource/pids', value: {limit: '100'}}],
  ['block-bandwidth', '10Mi', {name: 'resource/block-bandwidth', value: {default: true, limit: '10Mi'}}],
  ['block-iops', '500', {name: 'resource/block-iops', value: {default: true, limit: '500'}}],
  ['apparmor-profile', 'web server', {name: 'os/linux/apparmor-profile', value: {profile: 'web server'}}],
  [
    'selinux-context',
    'u:r:t:s0:c1,c2',
    {name: 'os/linux/selinux-context', value: {user: 'u', role: 'r', type: 't', level: 's0:c1,c2'}},
  ],
  ['no-new-privileges', 'true', {name: 'os/linux/no-new-privileges', value: true}],
  ['no-new-privileges', 'false', {name: 'os/linux/no-new-privileges', value: false}],
  [
    'caps-retain',
    'CAP_KILL,CAP_CHOWN',
    {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_KILL', 'CAP_CHOWN']}},
  ],
  [
    'caps-retain',
    'NET_ADMIN,cap_kill,chown',
    {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_NET_ADMIN', 'CAP_KILL', 'CAP_CHOWN']}},
  ],
  ['caps-remove', 'CAP_KILL', {name: 'os/linux/capabilities-remove-set', value: {set: ['CAP_KILL']}}],
  ['cap-retain', 'CAP_KILL', {name: 'os/linux/capabilities-retain-set', value: {set: ['CAP_KILL']}}],
  [
    'seccomp',
    'mode=retain,errno=EPERM,chmod,chown',
    {name: 'os/linux/seccomp-retain-set', value: {set: ['chmod', 'chown'], errno: 'EPERM'}},
  ],
  [
    'seccomp',
    '@docker/default-blacklist,mode=remove',
    {name: 'os/linux/seccomp-remove-set', value: {set: ['@docker/default-blacklist']}},
  ],
] as const)
  test(`--${flag}=${value}`, (t) => t.deepEqual(parseIsolator(flag, value) as unknown, isolator));

for (const [flag, value] of [
  ['memory', '16m'],
  ['memory', '4095'],
  ['memory', '1Q'],
  ['memory', '-1G'],
  ['memory', ''],
  ['cpu', 'half'],
  ['cpu-shares', '1'],
  ['cpu-shares', '262145'],
  ['cpu-shares', '1e3'],
  ['oom-score-adj', '1001'],
  ['oom-score-adj', ''],
  ['pids', '0'],
  ['block-bandwidth', 'fast'],
  ['block-iops', '-1'],
  ['apparmor-profile', ''],
  ['selinux-context', 'u:r:t'],
  ['selinux-context', 'u::t:s0'],
  ['cpuset-cpus', ''],
  ['cpuset-cpus', '1-0'],
  ['cpuset-mems', 'all'],
  ['hugepages', '64Mi'],
  ['hugepages', '2Mi=3Mi'],
  ['hugepages', '2Mi=2Mi,2Mi=4Mi'],
  ['caps-retain', 'CAP_NOPE'],
  ['caps-retain', 'NOPE'],
  ['caps-retain', ''],
  ['caps-retain', 'CAP_KILL,'],
  ['seccomp', 'chmod'],
  ['seccomp', 'mode=allow,chmod'],
  ['seccomp', 'mode=retain'],
  ['seccomp', 'mode=retain,mode=remove,chmod'],
  ['seccomp', 'mode=retain,errno=eperm,chmod'],
  ['seccomp', 'mode=retain,level=1,chmod'],
  ['seccomp', 'mode=retain=x,chmod'],
  ['seccomp', 'mode=retain,chmod;rm'],
] as const)
  test(`--${flag}=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parseIsolator(flag, value)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag, value}},
    );
  });

test('--rlimit: all of them are one isolator', (t) => {
  t.deepEqual(parseRlimits([]), []);
  t.deepEqual(parseRlimits(['nofile=1024:4096', 'RLIMIT_CORE=unlimited']), [
    {
      name: 'os/unix/rlimits',
      value: {nofile: {soft: '1024', hard: '4096'}, core: {soft: 'unlimited', hard: 'unlimited'}},
    },
  ]);
});

for (const values of [
  ['nofile'],
  ['nofile='],
  ['nofile=x'],
  ['nofile=2:1'],
  ['nope=1'],
  ['nofile=1', 'nofile=2'],
  ['=1'],
  ['__proto__=1'],
])
  test(`--rlimit=${values.join(' ')} is refused`, (t) => {
    t.like(
      t.throws(() => parseRlimits(values)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'rlimit'}},
    );
  });

for (const [flags, selection] of [
  [{}, undefined],
  [{stage1: 'fly'}, 'fly'],
  [{stage1: './mine'}, './mine'],
  [{'stage1-name': 'coreos.com/rkt/stage1-kvm:1.30.0'}, 'coreos.com/rkt/stage1-kvm:1.30.0'],
  [{'stage1-path': '/opt/../opt/x'}, '/opt/x'],
  [{'stage1-from-dir': 'stage1-host.aci'}, 'stage1-from-dir:stage1-host.aci'],
] as const)
  test(`stage1 of ${JSON.stringify(flags)}`, (t) => t.is(parseStage1(flags), selection));

for (const [flags, code] of [
  [{stage1: ''}, 'RKT_FLAG_VALUE_INVALID'],
  [{'stage1-from-dir': '../x.aci'}, 'RKT_FLAG_VALUE_INVALID'],
  [{stage1: 'fly', 'stage1-name': 'x'}, 'RKT_FLAG_CONFLICT'],
  [{'stage1-url': 'https://x', 'stage1-hash': 'sha512-x'}, 'RKT_FLAG_CONFLICT'],
] as const)
  test(`stage1 of ${JSON.stringify(flags)} is refused`, (t) =>
    t.like(
      t.throws(() => parseStage1(flags)),
      {code},
    ));

test('--restart-limit', (t) => {
  t.deepEqual(parseRestartLimit('5/10m'), {times: 5, seconds: 600});
  t.deepEqual(parseRestartLimit('1/1h30m'), {times: 1, seconds: 5400});
});

for (const value of ['', '5', '5/', '/1m', '0/1m', '5/0', '5/1', '5/1ms', '-1/1m', '5/1m/1m', '1.5/1m', '9999999/1m'])
  test(`--restart-limit=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parseRestartLimit(value)),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'restart-limit', value}},
    );
  });
