import test from 'ava';
import type {HostPath, Pod} from '../../../src/contract/index.ts';
import {CAPABILITIES} from '../../../src/contract/kernel-names.ts';
import {INTERFACE_VERSIONS} from '../../../src/stage1/aci/entrypoints.ts';
import {runArguments} from '../../../src/stage1/aci/run-arguments.ts';
import {app, pod} from '../../support/fixtures.ts';

const localConfig = '/etc/rkt' as HostPath;
const {process} = app();
const all = [...CAPABILITIES];

/** A pod that uses every flag that there is. */
const everything: Pod = pod({
  debug: true,
  interactive: true,
  network: {
    mode: 'named',
    names: [
      {name: 'default', args: {}},
      {name: 'back', args: {IP: '10.1.2.3', MTU: '1400'}},
    ],
  },
  hostname: 'web',
  resolvConf: 'nameserver 10.0.0.1\n',
  hosts: null,
  ipc: 'host',
  maskedPaths: [],
  readOnlyPaths: [],
  apps: [
    app({
      isolators: {},
      process: {...process, seccomp: null, capabilities: {bounding: all, effective: all, ambient: []}},
    }),
  ],
});

const FIRST = ['--debug', '--net=default,back:IP=10.1.2.3;MTU=1400', '--interactive', '--local-config=/etc/rkt'];
const ADDED = {
  1: [],
  2: ['--hostname=web'],
  3: ['--disable-capabilities-restriction', '--disable-paths', '--disable-seccomp'],
  4: ['--dns-conf-mode=resolv=stage0,hosts=default'],
  5: [],
  6: ['--ipc=parent'],
} as const;

for (const version of INTERFACE_VERSIONS)
  test(`version ${version} of rkt's interface has its flags and those before it, and no other`, (t) => {
    const added = INTERFACE_VERSIONS.filter((each) => each <= version).flatMap((each) => ADDED[each]);
    t.deepEqual(runArguments(everything, {version, localConfig}), [...FIRST, ...added, everything.uuid]);
  });

test('a pod that asks for nothing has what rkt always passed', (t) => {
  const seccomp = {default: {action: 'allow'}, rules: []} as const;
  const plain = pod({
    network: {mode: 'none', names: []},
    hostname: null,
    ipc: 'auto',
    resolvConf: null,
    hosts: null,
    maskedPaths: ['/proc/kcore'] as unknown as Pod['maskedPaths'],
    apps: [app({process: {...process, seccomp: {...seccomp, rules: []}}})],
  });
  t.deepEqual(runArguments(plain, {version: 6, localConfig}), ['--net=none', '--local-config=/etc/rkt', plain.uuid]);
});

test('what isolators take away or give to an app is not switched off for all', (t) => {
  const isolated = pod({
    apps: [
      app({
        isolators: {
          'os/linux/capabilities-retain-set': {set: all},
          'os/linux/seccomp-remove-set': {set: ['@appc.io/empty']},
        },
        process: {...process, seccomp: null, capabilities: {bounding: all, effective: all, ambient: []}},
      }),
    ],
    maskedPaths: ['/proc/kcore'] as unknown as Pod['maskedPaths'],
  });
  const given = runArguments(isolated, {version: 6, localConfig});
  t.deepEqual(
    given.filter((flag) => flag.startsWith('--disable')),
    [],
  );
});
