import test from 'ava';
import type {Declaration, Flavor, HostFacts, Support} from '../../../src/contract/index.ts';
import {tryOrdinary} from '../../../src/pod/verbs/try-ordinary.ts';
import {app, declaration, hostFacts} from '../../support/fixtures.ts';
import {scratch} from '../helpers.ts';

/* What `rkt flavor doctor` adds to what a flavor finds missing. */

const flavor: Flavor = {
  declaration: declaration({
    features: {
      ...declaration().features,
      'processes/apart': {level: 'enforced', mechanism: 'm', requires: ['landlock']},
      'rootfs/overlay': {level: 'enforced', mechanism: 'm', requires: ['filesystem/overlay']},
    } satisfies Declaration['features'],
  }),
  probe: () => [],
  filesystem: () => [{id: 'namespace', do: 'namespace', unshare: ['mount']}],
  environment: ({cgroup}) => [{id: 'cgroup', do: 'cgroup', path: cgroup, limits: {}, join: true}],
  launch: ({apps}) => ({
    into: 'rootfs',
    root: {in: 'rootfs', app: apps[0]?.name ?? app().name, path: '/' as never},
    process: apps[0]?.process ?? app().process,
    passSockets: false,
  }),
};
const landlock = hostFacts({lsm: {selinux: false, apparmor: false, landlock: 3}});

test('a flavor that would run a pod that asks for nothing refuses none, and a host that lacks what every pod has is told with its remedy', async (t) => {
  const settings = {dataDir: scratch(t), insecure: new Set<never>()};
  const attempt = (host: HostFacts, features: Readonly<Record<string, Support>> = {}) => {
    const changed = {...flavor.declaration, features: {...flavor.declaration.features, ...features}};
    return tryOrdinary(settings, {flavor: {...flavor, declaration: changed}, digest: 'sha256-0', source: '/x'}, host);
  };
  t.is(await attempt(landlock), undefined);
  const error = await attempt(hostFacts());
  t.is(error?.code, 'RKT_FLAVOR_CANNOT');
  t.regex(error?.hint ?? '', /--allow-degraded=processes\/apart/);
  // Without overlayfs a pod has a copy.
  t.is(await attempt({...landlock, filesystems: []}), undefined);
  t.is((await attempt(landlock, {dns: {level: 'impossible', consequence: 'x'}}))?.code, 'RKT_FLAVOR_CANNOT');
});
